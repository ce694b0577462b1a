//! Scheduling (sched(7)): with one processor and one thread there is one way, and it can be asked for.

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::thread::PROCESS_ID;

/// Bytes of a set of processors.
const SET: usize = 8;

/// Priorities of the policies that have some (sched(7)).
const HIGHEST: usize = 99;
const LOWEST: usize = 1;

/// Whether the one thread is meant.
fn find(pid: i32) -> Result<(), Errno> {
    match u32::try_from(pid) {
        Ok(0 | PROCESS_ID) => Ok(()),
        Ok(_) => Err(Errno::ESRCH),
        Err(_) => Err(Errno::EINVAL),
    }
}

pub(super) fn sched_yield(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

/// The set of processors: one.
pub(super) fn sched_getaffinity(
    kernel: &mut Kernel,
    pid: u32,
    len: usize,
    to: UserAddr,
) -> SysResult {
    if pid != 0 && pid != PROCESS_ID {
        return Err(Errno::ESRCH);
    }
    if len < SET || !len.is_multiple_of(SET) {
        return Err(Errno::EINVAL);
    }
    kernel.memory.write(to, &1_u64.to_le_bytes())?;
    Ok(SET)
}

/// Keeps the thread where it is, if the set has that processor.
pub(super) fn sched_setaffinity(
    kernel: &mut Kernel,
    pid: u32,
    len: usize,
    from: UserAddr,
) -> SysResult {
    let mut set = [0; SET];
    let part = set.get_mut(..len.min(SET)).unwrap_or(&mut []);
    kernel.memory.read(from, part)?;
    if pid != 0 && pid != PROCESS_ID {
        return Err(Errno::ESRCH);
    }
    if u64::from_le_bytes(set) & 1 == 0 {
        return Err(Errno::EINVAL);
    }
    Ok(0)
}

pub(super) fn sched_getscheduler(_kernel: &mut Kernel, pid: i32) -> SysResult {
    find(pid)?;
    Ok(linux::SCHED_NORMAL as usize)
}

pub(super) fn sched_getparam(kernel: &mut Kernel, pid: i32, to: UserAddr) -> SysResult {
    if to.0 == 0 {
        return Err(Errno::EINVAL);
    }
    find(pid)?;
    kernel.memory.write(to, &0_u32.to_le_bytes())?;
    Ok(0)
}

pub(super) fn sched_setparam(kernel: &mut Kernel, pid: i32, from: UserAddr) -> SysResult {
    sched_setscheduler(kernel, pid, linux::SCHED_NORMAL, from)
}

/// Other policies are refused, as to a process without the right to them.
pub(super) fn sched_setscheduler(
    kernel: &mut Kernel,
    pid: i32,
    policy: u32,
    from: UserAddr,
) -> SysResult {
    if policy.cast_signed() < 0 || pid < 0 || from.0 == 0 {
        return Err(Errno::EINVAL);
    }
    let priority = kernel.memory.read_u32(from)?;
    find(pid)?;
    let (lowest, highest) = priorities(policy & !linux::SCHED_RESET_ON_FORK)?;
    let is_possible =
        usize::try_from(priority).is_ok_and(|priority| (lowest..=highest).contains(&priority));
    // The deadline's policy needs more than a priority.
    if !is_possible || policy == linux::SCHED_DEADLINE {
        return Err(Errno::EINVAL);
    }
    match policy {
        linux::SCHED_NORMAL => Ok(0),
        _ => Err(Errno::EPERM),
    }
}

pub(super) fn sched_get_priority_max(_kernel: &mut Kernel, policy: u32) -> SysResult {
    priorities(policy).map(|(_, highest)| highest)
}

pub(super) fn sched_get_priority_min(_kernel: &mut Kernel, policy: u32) -> SysResult {
    priorities(policy).map(|(lowest, _)| lowest)
}

/// Lowest and highest priority of a policy.
fn priorities(policy: u32) -> Result<(usize, usize), Errno> {
    match policy {
        linux::SCHED_FIFO | linux::SCHED_RR => Ok((LOWEST, HIGHEST)),
        linux::SCHED_NORMAL | linux::SCHED_BATCH | linux::SCHED_IDLE | linux::SCHED_DEADLINE => {
            Ok((0, 0))
        }
        _ => Err(Errno::EINVAL),
    }
}
