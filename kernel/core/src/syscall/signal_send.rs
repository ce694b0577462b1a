//! Sending signals: kill(2), tgkill(2), rt_sigqueueinfo(2). There is nobody else to send to.

use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::signal::Signal;
use crate::process::signal::info::{BY_KILL, BY_TKILL, Info};
use crate::process::signal::state::To;
use crate::process::thread::PROCESS_ID;

/// The process and its group are the same; -1 means everybody but the caller, which is nobody.
pub(super) fn kill(kernel: &mut Kernel, pid: i32, signal: u32) -> SysResult {
    let own = PROCESS_ID.cast_signed();
    if pid != 0 && pid != own && pid.checked_neg() != Some(own) {
        return Err(Errno::ESRCH);
    }
    send(kernel, To::Process, signal, |signal| {
        Info::of_sender(signal, BY_KILL)
    })
}

pub(super) fn tkill(kernel: &mut Kernel, tid: i32, signal: u32) -> SysResult {
    check_thread(tid)?;
    send(kernel, To::Thread, signal, |signal| {
        Info::of_sender(signal, BY_TKILL)
    })
}

pub(super) fn tgkill(kernel: &mut Kernel, process: i32, tid: i32, signal: u32) -> SysResult {
    check_thread(process)?;
    tkill(kernel, tid, signal)
}

pub(super) fn rt_sigqueueinfo(
    kernel: &mut Kernel,
    pid: i32,
    signal: u32,
    info: UserAddr,
) -> SysResult {
    let info = read_info(kernel, info)?;
    check_process(pid)?;
    send(kernel, To::Process, signal, |signal| {
        Info::of_bytes(signal, info)
    })
}

pub(super) fn rt_tgsigqueueinfo(
    kernel: &mut Kernel,
    process: i32,
    tid: i32,
    signal: u32,
    info: UserAddr,
) -> SysResult {
    let info = read_info(kernel, info)?;
    check_thread(process)?;
    check_thread(tid)?;
    send(kernel, To::Thread, signal, |signal| {
        Info::of_bytes(signal, info)
    })
}

/// The process sends to itself, so it may claim any origin. `E2BIG` when it tells more than a signal can carry.
fn read_info(kernel: &mut Kernel, from: UserAddr) -> Result<[u8; Info::LEN], Errno> {
    let mut bytes = [0; Info::WHOLE_LEN];
    kernel.memory.read(from, &mut bytes)?;
    let (head, tail) = bytes.split_at(Info::LEN);
    if tail.iter().any(|byte| *byte != 0) {
        return Err(Errno::E2BIG);
    }
    head.try_into().map_err(|_| Errno::EINVAL)
}

fn check_process(pid: i32) -> Result<(), Errno> {
    if pid == PROCESS_ID.cast_signed() {
        Ok(())
    } else {
        Err(Errno::ESRCH)
    }
}

fn check_thread(tid: i32) -> Result<(), Errno> {
    if tid <= 0 {
        return Err(Errno::EINVAL);
    }
    check_process(tid)
}

/// Sends what can be sent: a process that stops would never go on, because nobody is there to continue it.
fn send(kernel: &mut Kernel, to: To, number: u32, info: impl FnOnce(Signal) -> Info) -> SysResult {
    if number == 0 {
        return Ok(0);
    }
    let signal = Signal::new(number).ok_or(Errno::EINVAL)?;
    if signal.stops() && kernel.signals.action(signal).handler == 0 {
        return Err(Errno::EPERM);
    }
    kernel.signals.send(to, signal, info(signal))?;
    Ok(0)
}
