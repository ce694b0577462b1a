//! What host and kernel agree on: the only crate that both sides link.
//!
//! - [`boot`]: the boot block inside the kernel file, by which an image tells the kernel where its pieces lie;
//! - [`launch`]: the launch record: which program to start, with which arguments and environment, and what the host knows;
//! - [`report`]: the frames by which the guest tells the host how it went;
//! - [`stream`]: which console port carries which stream, and their framing where there is only a serial line;
//! - [`support`]: the text in which a kernel states the system calls that it supports;
//! - [`trace`]: what a traced kernel copies out of the program's memory.
//!
//! Everything is little-endian. A change that an older peer would misread raises [`VERSION`]; both sides refuse another
//! version by name.
#![no_std]
#![forbid(unsafe_code)]

pub mod boot;
pub mod bytes;
pub mod launch;
pub mod report;
pub mod stream;
pub mod support;
pub mod trace;

/// The version of everything in this crate. Kernel and host must be built with the same one.
pub const VERSION: u32 = 2;
