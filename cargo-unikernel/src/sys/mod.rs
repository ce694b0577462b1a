//! The one place with `unsafe` on the host: what the processor and `fork(2)` offer and no safe crate does.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// The processor's time stamp counter now.
#[must_use]
pub fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; a system that forbids it (prctl(2), PR_SET_TSC) ends the process,
    // which is safe.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Lets the process that `command` starts keep `descriptors` at their numbers, and kills it when the thread that starts it ends.
pub fn tie_to_us(command: &mut Command, descriptors: Vec<OwnedFd>) {
    let us = getpid();
    let prepare = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid() != Some(us) {
            // We died before the line above, so nobody would kill the child.
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        for descriptor in &descriptors {
            fcntl_setfd(descriptor, FdFlags::empty())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure only makes system calls: rustix calls the kernel directly, without locks, memory
    // allocation or errno, and an error of a kind without a message allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamp_counter_grows() {
        assert!(ticks() < ticks());
    }
}
