//! Asking for access: access(2). The program is root: only execution depends on a file's mode.

use linux_raw_sys::general as linux;

use super::arg::{Base, PathArg};
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;

pub(super) fn access(kernel: &mut Kernel, path: PathArg, mode: u32) -> SysResult {
    faccessat2(kernel, Base::Working, path, mode, 0)
}

pub(super) fn faccessat(kernel: &mut Kernel, base: Base, path: PathArg, mode: u32) -> SysResult {
    faccessat2(kernel, base, path, mode, 0)
}

pub(super) fn faccessat2(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    mode: u32,
    flags: u32,
) -> SysResult {
    let known = linux::AT_EACCESS | linux::AT_SYMLINK_NOFOLLOW | linux::AT_EMPTY_PATH;
    if flags & !known != 0 || mode & !(linux::R_OK | linux::W_OK | linux::X_OK) != 0 {
        return Err(Errno::EINVAL);
    }
    let node = kernel.node_at(base, path, flags)?;
    let executable = node.is_directory() || node.mode() & 0o111 != 0;
    if mode & linux::X_OK != 0 && !executable {
        return Err(Errno::EACCES);
    }
    Ok(0)
}
