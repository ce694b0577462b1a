//! Watching files (inotify(7)): nobody but the program itself changes them. As in a Linux that was built without it, the calls
//! that make an instance are missing, and no descriptor is one.

use super::arg::Fd;
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;

pub(super) fn inotify_init(_kernel: &mut Kernel) -> SysResult {
    Err(Errno::ENOSYS)
}

pub(super) fn inotify_add_watch(kernel: &mut Kernel, fd: Fd) -> SysResult {
    kernel.open_file(fd)?;
    Err(Errno::EINVAL)
}

pub(super) fn inotify_rm_watch(kernel: &mut Kernel, fd: Fd) -> SysResult {
    inotify_add_watch(kernel, fd)
}
