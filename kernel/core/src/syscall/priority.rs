//! How nice the process is: getpriority(2), setpriority(2). There is nobody to be nice to, so the number is all there is.

use linux_raw_sys::general as linux;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::thread::PROCESS_ID;

/// Whether the one process is meant; `ESRCH` when another is, `EINVAL` when `which` is no kind of process.
fn find(which: u32, who: u32) -> Result<(), Errno> {
    let is_there = match which {
        linux::PRIO_PROCESS | linux::PRIO_PGRP => who == 0 || who == PROCESS_ID,
        linux::PRIO_USER => who == 0,
        _ => return Err(Errno::EINVAL),
    };
    if is_there { Ok(()) } else { Err(Errno::ESRCH) }
}

/// 20 less the nice value, so that it is no error number.
pub(super) fn getpriority(kernel: &mut Kernel, which: u32, who: u32) -> SysResult {
    find(which, who)?;
    usize::try_from(20_i32.saturating_sub(kernel.nice)).map_err(|_| Errno::EINVAL)
}

pub(super) fn setpriority(kernel: &mut Kernel, which: u32, who: u32, nice: i32) -> SysResult {
    find(which, who)?;
    kernel.nice = nice.clamp(-20, 19);
    Ok(0)
}
