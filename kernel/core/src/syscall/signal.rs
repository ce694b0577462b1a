//! What signals do: rt_sigaction(2), rt_sigprocmask(2), sigaltstack(2), rt_sigreturn(2).

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::signal::stack::SignalStack;
use crate::process::signal::{Action, Signal, SignalSet};

/// The length of a `sigset_t` of the kernel's, which every call states.
pub(super) const SET: usize = 8;

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
    let set = kernel
        .signals
        .pending()
        .within(kernel.signals.blocked)
        .0
        .to_le_bytes();
    kernel
        .memory
        .write(to, set.get(..set_len).unwrap_or(&set))?;
    Ok(0)
}

/// Comes back from a handler; what it returns is the program's own `rax`.
pub(super) fn rt_sigreturn(kernel: &mut Kernel) -> SysResult {
    kernel.leave_handler();
    usize::try_from(kernel.thread.context.rax).map_err(|_| Errno::EINVAL)
}

pub(super) fn sigaltstack(kernel: &mut Kernel, new: UserAddr, old: UserAddr) -> SysResult {
    let before = kernel.thread.signal_stack;
    let pointer = kernel.thread.context.rsp;
    if new.0 != 0 {
        let mut bytes = [0; SignalStack::LEN];
        kernel.memory.read(new, &mut bytes)?;
        let wanted = SignalStack::decode(&bytes);
        kernel.thread.signal_stack = before.replaced_by(wanted, pointer)?;
    }
    if old.0 != 0 {
        kernel
            .memory
            .write(old, &before.as_told(pointer).encode())?;
    }
    Ok(0)
}
