//! Signals: rt_sigaction(2), rt_sigprocmask(2), kill(2), tgkill(2).

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::signal::{Action, Signal, SignalSet};
use crate::process::thread::PROCESS_ID;

/// The length of a `sigset_t` of the kernel's, which every call states.
const SET: usize = 8;

pub(super) fn rt_sigaction(
    kernel: &mut Kernel,
    signal: Signal,
    new: UserAddr,
    old: UserAddr,
    set_len: usize,
) -> SysResult {
    if set_len != SET || (new.0 != 0 && signal.is_unstoppable()) {
        return Err(Errno::EINVAL);
    }
    let before = kernel.signals.action(signal);
    let wanted = if new.0 == 0 {
        None
    } else {
        Some(read_action(kernel, new)?)
    };
    if old.0 != 0 {
        let fields = [before.handler, before.flags, before.restorer, before.mask];
        let bytes: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
        kernel.memory.write(old, &bytes)?;
    }
    if let Some(action) = wanted {
        kernel.signals.set_action(signal, action);
    }
    Ok(0)
}

fn read_action(kernel: &mut Kernel, at: UserAddr) -> Result<Action, Errno> {
    let mut field = |offset| {
        kernel
            .memory
            .read_u64(at.checked_add(offset).ok_or(Errno::EFAULT)?)
    };
    Ok(Action {
        handler: field(0)?,
        flags: field(8)?,
        restorer: field(16)?,
        mask: SignalSet(field(24)?).blockable().0,
    })
}

pub(super) fn rt_sigprocmask(
    kernel: &mut Kernel,
    how: u32,
    new: UserAddr,
    old: UserAddr,
    set_len: usize,
) -> SysResult {
    if set_len != SET {
        return Err(Errno::EINVAL);
    }
    let before = kernel.signals.blocked;
    if new.0 != 0 {
        let set = kernel.memory.read_u64(new)?;
        let blocked = match how {
            linux::SIG_BLOCK => before.0 | set,
            linux::SIG_UNBLOCK => before.0 & !set,
            linux::SIG_SETMASK => set,
            _ => return Err(Errno::EINVAL),
        };
        kernel.signals.blocked = SignalSet(blocked).blockable();
    }
    if old.0 != 0 {
        kernel.memory.write(old, &before.0.to_le_bytes())?;
    }
    Ok(0)
}

pub(super) fn rt_sigpending(kernel: &mut Kernel, to: UserAddr, set_len: usize) -> SysResult {
    if set_len > SET {
        return Err(Errno::EINVAL);
    }
    let set = (kernel.signals.pending.0 & kernel.signals.blocked.0).to_le_bytes();
    kernel
        .memory
        .write(to, set.get(..set_len).unwrap_or(&set))?;
    Ok(0)
}

/// The process and its group are the same; -1 means everybody but the caller, which is nobody.
pub(super) fn kill(kernel: &mut Kernel, pid: i32, signal: u32) -> SysResult {
    let own = i32::try_from(PROCESS_ID).unwrap_or(1);
    match pid {
        0 => send(kernel, signal),
        pid if pid == own => send(kernel, signal),
        _ => Err(Errno::ESRCH),
    }
}

pub(super) fn tkill(kernel: &mut Kernel, tid: i32, signal: u32) -> SysResult {
    send_to_thread(kernel, tid, signal)
}

pub(super) fn tgkill(kernel: &mut Kernel, process: i32, tid: i32, signal: u32) -> SysResult {
    if process <= 0 {
        return Err(Errno::EINVAL);
    }
    if u32::try_from(process) != Ok(PROCESS_ID) {
        return Err(Errno::ESRCH);
    }
    send_to_thread(kernel, tid, signal)
}

fn send_to_thread(kernel: &mut Kernel, tid: i32, signal: u32) -> SysResult {
    if tid <= 0 {
        return Err(Errno::EINVAL);
    }
    if u32::try_from(tid) == Ok(PROCESS_ID) {
        send(kernel, signal)
    } else {
        Err(Errno::ESRCH)
    }
}

fn send(kernel: &mut Kernel, number: u32) -> SysResult {
    if number == 0 {
        return Ok(0);
    }
    let signal = Signal::new(number).ok_or(Errno::EINVAL)?;
    if signal.stops() && kernel.signals.action(signal).handler == 0 {
        return Err(Errno::EPERM);
    }
    kernel.signals.send(signal);
    Ok(0)
}
