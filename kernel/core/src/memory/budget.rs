//! How much memory a program may take: all but a reserve that the kernel needs to tell that it ran out.

use unikernel_machine::frame::{Frame, usage};

use crate::errno::Errno;

/// Frames that stay free for the kernel's own tables and buffers, so that a program's request fails before the kernel's do.
const RESERVE: usize = 48;

/// A frame of zeros for the program, or `None` when only the reserve is left.
pub(crate) fn frame() -> Option<Frame> {
    if usage().free <= RESERVE {
        return None;
    }
    Frame::zeroed()
}

/// A copy of a frame for the program, or `None` when only the reserve is left.
pub(crate) fn copy(frame: &Frame) -> Option<Frame> {
    if usage().free <= RESERVE {
        return None;
    }
    frame.copied()
}

/// Whether the kernel may take a little memory of its own for a request of the program (a file, an area, a descriptor).
pub(crate) fn allow_kernel_memory() -> Result<(), Errno> {
    if usage().free <= RESERVE {
        Err(Errno::ENOMEM)
    } else {
        Ok(())
    }
}

/// Whether so many pages could be there at once. Linux's heuristic overcommit (`vm.overcommit_memory` 0) refuses what could not.
pub(crate) fn allow_pages(count: u64) -> Result<(), Errno> {
    if count > usage().total as u64 {
        Err(Errno::ENOMEM)
    } else {
        Ok(())
    }
}

/// Whether there is memory for the tables of so many pages, were they scattered as widely as one run can be.
pub(crate) fn allow_tables(pages: usize) -> Result<(), Errno> {
    let tables = (pages / 512).saturating_add(6);
    if usage().free > tables {
        Ok(())
    } else {
        Err(Errno::ENOMEM)
    }
}
