//! The hardware layer of the builtin kernel: a safe interface over a machine.
//!
//! Safe code above this crate gets owned [frames](frame), [spaces](space) made of them, [copies](user) from and to the program's
//! memory, the program's [registers](context) with a `run` that returns the reason why the program stopped, time, entropy and
//! [queues](virtio) of devices. It never gets an address that it could follow.
//!
//! What is promised to safe code:
//! - program memory is never a Rust reference; it is copied, and a copy can fail;
//! - a frame that somebody owns is not handed out again; a mapped frame is owned by its space;
//! - kernel text is never writable, and nothing that is writable is ever executable by the kernel;
//! - a page of the archive is never written, whatever a mapping asks for;
//! - kernel code runs with interrupts off, except inside [`cpu::wait`]: nothing changes behind its back but device memory.
//!
//! There are two architectures, chosen by feature: `freestanding` (x86-64) and `host` (simulated memory over std, so that what
//! stands above is tested by `cargo test`). With neither the crate is empty: a carrier of sources for the build of the kernel.
#![cfg(any(feature = "host", feature = "freestanding"))]
#![no_std]

extern crate alloc;

mod arch;

pub mod address;
pub mod archive;
pub mod boot;
pub mod context;
pub mod cpu;
pub mod extended;
pub mod frame;
pub mod panic;
pub mod power;
pub mod random;
pub mod serial;
pub mod space;
pub mod time;
pub mod user;
pub mod virtio;

// What the x86-64 architecture has of pure logic: here, so that it is tested on the host.
#[cfg(any(feature = "freestanding", test))]
mod frame_table;
#[cfg(any(feature = "freestanding", test))]
mod memory_map;

#[cfg(not(feature = "freestanding"))]
pub mod testing;
