//! Users and groups: the program is root, and nobody else is there (credentials(7)).

use alloc::vec;
use alloc::vec::Vec;

use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::memory::budget;

pub(super) fn getuid(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

pub(super) fn getgid(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

pub(super) fn geteuid(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

pub(super) fn getegid(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

/// Most supplementary groups (`NGROUPS_MAX`).
const MAX_GROUPS: usize = 65_536;

pub(super) fn getgroups(kernel: &mut Kernel, len: i32, list: UserAddr) -> SysResult {
    let count = kernel.groups.len();
    match usize::try_from(len) {
        Err(_) => Err(Errno::EINVAL),
        Ok(0) => Ok(count),
        Ok(len) if len < count => Err(Errno::EINVAL),
        Ok(_) => {
            let groups = kernel.groups.iter().map(|group| group.to_le_bytes());
            let bytes = groups.collect::<Vec<_>>();
            kernel.memory.write(list, bytes.as_flattened())?;
            Ok(count)
        }
    }
}

/// They are remembered; nothing that root may do depends on them.
pub(super) fn setgroups(kernel: &mut Kernel, len: i32, list: UserAddr) -> SysResult {
    let count = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
    if count > MAX_GROUPS {
        return Err(Errno::EINVAL);
    }
    budget::allow_bytes(count.saturating_mul(8))?;
    let mut bytes = vec![0; count.saturating_mul(4)];
    kernel.memory.read(list, &mut bytes)?;
    let (words, _) = bytes.as_chunks();
    let mut groups: Vec<u32> = words.iter().copied().map(u32::from_le_bytes).collect();
    if groups.contains(&KEEP) {
        return Err(Errno::EINVAL);
    }
    groups.sort_unstable();
    kernel.groups = groups;
    Ok(0)
}

/// The id that stands for none, or for no change.
const KEEP: u32 = u32::MAX;

/// What becomes of a change to these ids: they can only stay what they are.
fn unchanged<const N: usize>(ids: [u32; N]) -> SysResult {
    if ids.into_iter().all(|id| matches!(id, 0 | KEEP)) {
        Ok(0)
    } else {
        Err(Errno::EPERM)
    }
}

pub(super) fn setuid(_kernel: &mut Kernel, id: u32) -> SysResult {
    if id == KEEP {
        return Err(Errno::EINVAL);
    }
    unchanged([id])
}

pub(super) fn setgid(kernel: &mut Kernel, id: u32) -> SysResult {
    setuid(kernel, id)
}

pub(super) fn setreuid(_kernel: &mut Kernel, real: u32, effective: u32) -> SysResult {
    unchanged([real, effective])
}

pub(super) fn setregid(_kernel: &mut Kernel, real: u32, effective: u32) -> SysResult {
    unchanged([real, effective])
}

pub(super) fn setresuid(_kernel: &mut Kernel, real: u32, effective: u32, saved: u32) -> SysResult {
    unchanged([real, effective, saved])
}

pub(super) fn setresgid(_kernel: &mut Kernel, real: u32, effective: u32, saved: u32) -> SysResult {
    unchanged([real, effective, saved])
}

/// What it was and stays: that it can't be changed is not told by an error (setfsuid(2)).
pub(super) fn setfsuid(_kernel: &mut Kernel, _id: u32) -> SysResult {
    Ok(0)
}

pub(super) fn setfsgid(_kernel: &mut Kernel, _id: u32) -> SysResult {
    Ok(0)
}

pub(super) fn getresuid(
    kernel: &mut Kernel,
    real: UserAddr,
    effective: UserAddr,
    saved: UserAddr,
) -> SysResult {
    for to in [real, effective, saved] {
        kernel.memory.write(to, &0_u32.to_le_bytes())?;
    }
    Ok(0)
}

pub(super) fn getresgid(
    kernel: &mut Kernel,
    real: UserAddr,
    effective: UserAddr,
    saved: UserAddr,
) -> SysResult {
    getresuid(kernel, real, effective, saved)
}
