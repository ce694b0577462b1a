//! Users and groups: the program is root, and nobody else is there.

use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;

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

pub(super) fn getgroups(_kernel: &mut Kernel, len: i32) -> SysResult {
    if len < 0 { Err(Errno::EINVAL) } else { Ok(0) }
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
