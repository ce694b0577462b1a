//! The process: exit(2), getpid(2), wait(2), and what is refused: fork(2), execve(2).

use linux_raw_sys::general as linux;
use unikernel_abi::report::Report;
use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::{Ending, Kernel};
use crate::process::place;
use crate::process::thread::PROCESS_ID;

/// The lint rule that finds the creation of processes before the boot.
const NO_PROCESSES: &[u8] = b"UK001";

/// The one for starting other programs.
const NO_PROGRAMS: &[u8] = b"UK002";

/// The process id as a result.
const ID: usize = PROCESS_ID as usize;

pub(super) fn exit(kernel: &mut Kernel, status: u32) -> SysResult {
    // The last thread's end is the process's.
    exit_group(kernel, status)
}

pub(super) fn exit_group(kernel: &mut Kernel, status: u32) -> SysResult {
    let [status, ..] = status.to_le_bytes();
    kernel.end(Ending::Exited(status));
    Ok(0)
}

pub(super) fn getpid(_kernel: &mut Kernel) -> SysResult {
    Ok(ID)
}

pub(super) fn gettid(_kernel: &mut Kernel) -> SysResult {
    Ok(ID)
}

/// The first process has no parent.
pub(super) fn getppid(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

pub(super) fn getpgrp(_kernel: &mut Kernel) -> SysResult {
    Ok(ID)
}

pub(super) fn getpgid(_kernel: &mut Kernel, pid: u32) -> SysResult {
    own(pid)
}

pub(super) fn getsid(_kernel: &mut Kernel, pid: u32) -> SysResult {
    own(pid)
}

fn own(pid: u32) -> SysResult {
    if pid == 0 || pid == PROCESS_ID {
        Ok(ID)
    } else {
        Err(Errno::ESRCH)
    }
}

/// The process leads its group and session already (setsid(2)).
pub(super) fn setsid(_kernel: &mut Kernel) -> SysResult {
    Err(Errno::EPERM)
}

pub(super) fn wait4(_kernel: &mut Kernel) -> SysResult {
    Err(Errno::ECHILD)
}

pub(super) fn waitid(_kernel: &mut Kernel) -> SysResult {
    Err(Errno::ECHILD)
}

pub(super) fn fork(kernel: &mut Kernel) -> SysResult {
    refuse(kernel, NO_PROCESSES)
}

pub(super) fn vfork(kernel: &mut Kernel) -> SysResult {
    refuse(kernel, NO_PROCESSES)
}

pub(super) fn clone(kernel: &mut Kernel, flags: u64) -> SysResult {
    refuse_unless_thread(kernel, flags)
}

pub(super) fn clone3(kernel: &mut Kernel, arguments: UserAddr) -> SysResult {
    let flags = kernel.memory.read_u64(arguments)?;
    refuse_unless_thread(kernel, flags)
}

/// Threads are not refused by design but missing so far, and told as such.
fn refuse_unless_thread(kernel: &mut Kernel, flags: u64) -> SysResult {
    if flags & u64::from(linux::CLONE_THREAD) != 0 {
        return super::missing(kernel);
    }
    refuse(kernel, NO_PROCESSES)
}

pub(super) fn execve(kernel: &mut Kernel) -> SysResult {
    refuse(kernel, NO_PROGRAMS)
}

pub(super) fn execveat(kernel: &mut Kernel) -> SysResult {
    refuse(kernel, NO_PROGRAMS)
}

/// Tells the host who asked for what this kernel will never have. A program that asks again and again shall not fill the host's
/// memory.
fn refuse(kernel: &mut Kernel, rule: &'static [u8]) -> SysResult {
    const MAX_TOLD: usize = 64;
    if kernel.refusals < MAX_TOLD {
        kernel.refusals = kernel.refusals.saturating_add(1);
        kernel.report_stack();
        let place = place::place_of_syscall(kernel);
        kernel.report(&Report::Refused {
            number: kernel.thread.context.syscall().number,
            rule,
            at: place.as_place(),
        });
    }
    Err(Errno::ENOSYS)
}
