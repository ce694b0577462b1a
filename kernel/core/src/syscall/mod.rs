//! System calls: one typed function each, in the file of its subject, and one line each in the [`table`].
//!
//! # How to add one
//! Write the function `fn name(kernel: &mut Kernel, arguments of types that implement FromArg) -> SysResult` in its subject's
//! file, with the man page's errors, and add its line to the table: number, name, function, level, and what is missing.
//! The table becomes the dispatch and the statement in the kernel file.

pub mod table;

mod advice;
mod arg;
mod attributes;
mod control;
mod copy;
mod descriptor;
mod directory;
mod file;
mod io;
mod lock;
mod memfd;
mod memory;
mod metadata;
mod names;
mod open;
mod path;
mod poll;
mod process;
mod rename;
mod signal;
mod signal_send;
mod signal_wait;
mod stat;
mod sync;
mod system;
#[cfg(test)]
mod tests;
mod thread;
mod time;
mod timer;
mod trace;
mod transfer;
mod user;
mod watch;
mod xattr;

pub(crate) use system::{HOST_NAME, RELEASE, SYSTEM, VERSION, limit};

use unikernel_abi::report::Report;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::place;

/// Does what the program asked for, and puts the result where it looks for it.
#[inline]
pub(crate) fn handle(kernel: &mut Kernel) {
    let number = kernel.thread.context.rax;
    let result = match kernel.traced {
        None => table::dispatch(kernel, number),
        Some(captures) => trace::traced(kernel, captures, table::dispatch),
    };
    kernel.settle_memory();
    match result {
        Ok(value) => kernel.thread.context.set_result(value.cast_signed() as i64),
        Err(Errno::RESTART) => kernel.thread.interrupted = Some(number),
        Err(errno) => kernel.thread.context.set_result(errno.to_result()),
    }
}

/// Tells the host, once a number, that the system call which the thread is in is missing.
pub(crate) fn missing(kernel: &mut Kernel) -> SysResult {
    let number = kernel.thread.context.rax;
    // A program that tries numbers at random shall not fill the memory.
    const MAX_TOLD: usize = 512;
    if kernel.told.len() < MAX_TOLD && kernel.told.insert(number) {
        kernel.report_stack();
        let place = place::place_of_syscall(kernel);
        kernel.report(&Report::Unknown {
            number,
            at: place.as_place(),
        });
    }
    Err(Errno::ENOSYS)
}
