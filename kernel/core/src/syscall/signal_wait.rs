//! Waiting for signals: pause(2), sigsuspend(2), sigtimedwait(2).

use unikernel_machine::address::UserAddr;

use super::signal::SET;
use super::time::{read_timespec, to_nanos};
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::signal::SignalSet;
use crate::process::wait::Unmet;

pub(super) fn pause(kernel: &mut Kernel) -> SysResult {
    // Only a handler or the end is behind it.
    let _ = kernel.wait_until::<()>(None, |_| None);
    Err(Errno::EINTR)
}

pub(super) fn rt_sigsuspend(kernel: &mut Kernel, mask: UserAddr, set_len: usize) -> SysResult {
    if set_len != SET {
        return Err(Errno::EINVAL);
    }
    let mask = SignalSet(kernel.memory.read_u64(mask)?);
    kernel.signals.block_while_waiting(mask);
    pause(kernel)
}

pub(super) fn rt_sigtimedwait(
    kernel: &mut Kernel,
    set: UserAddr,
    info: UserAddr,
    timeout: UserAddr,
    set_len: usize,
) -> SysResult {
    if set_len != SET {
        return Err(Errno::EINVAL);
    }
    let set = SignalSet(kernel.memory.read_u64(set)?).blockable();
    let deadline = match timeout.0 {
        0 => None,
        _ => {
            let nanos = to_nanos(read_timespec(kernel, timeout)?).ok_or(Errno::EINVAL)?;
            Some(kernel.clock.monotonic().saturating_add(nanos))
        }
    };
    let taken = kernel.wait_until(deadline, |kernel| kernel.signals.take(set));
    let (signal, found) = taken.map_err(|unmet| match unmet {
        Unmet::TimedOut => Errno::EAGAIN,
        Unmet::Interrupted => Errno::EINTR,
    })?;
    let found = kernel.taken(found);
    if info.0 != 0 {
        kernel.memory.write(info, &found.whole())?;
    }
    usize::try_from(signal.number()).map_err(|_| Errno::EINVAL)
}
