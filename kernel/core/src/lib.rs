//! Linux as a program sees it, in safe Rust: the part of the builtin kernel that stands on the machine.
//!
//! # Map
//! - [`start()`] brings everything up and runs the program; [`kernel`] is the state that system calls work on;
//! - [`syscall`]: the table of system calls, and one function for each;
//! - [`memory`]: the program's address space; [`fs`]: its files; [`view`]: what `/dev`, `/proc` and `/sys` show;
//! - [`process`]: signals, threads, faults, waiting;
//! - [`program`]: reading an ELF, loading it, its first stack;
//! - [`driver`]: the streams, entropy; [`random`]: random numbers; [`report`]: what the host is told; [`time`]: clocks.
//!
//! # Invariants
//! - There is no `unsafe`; the machine is reached through `unikernel_machine` alone.
//! - No request of the program panics the kernel: no indexing, no unchecked arithmetic on its numbers, no unwrapping.
//! - A system call has the effect that Linux gives it, or fails with an error of its man page; what has a lesser effect says so
//!   in its line of [`syscall::table`].
//! - Only [`process::wait`] waits. A condition is looked at again after every wait.
#![cfg(any(feature = "host", feature = "freestanding"))]
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]
#![cfg_attr(
    test,
    allow(
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "a test that panics has failed, which is what it is for"
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod errno;
pub mod start;
pub mod syscall;

mod driver;
mod fs;
mod kernel;
mod memory;
mod process;
mod program;
mod random;
mod report;
#[cfg(test)]
mod testing;
mod time;
mod view;

pub use start::start;
pub use syscall::table::SUPPORT;
