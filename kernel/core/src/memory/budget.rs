//! How much memory a program may take: all but a reserve that the kernel needs to tell that it ran out.
//!
//! The policy is that of Linux's `vm.overcommit_memory` 0: one request for more writable private memory than the machine has
//! fails (`ENOMEM`) unless it is made with `MAP_NORESERVE`; more in sum is granted, and found out when it is touched. A system
//! call that touches it fails; a program that does is killed, after large pages gave back what they hold of zeros.

use unikernel_machine::address::PAGE_SIZE;
use unikernel_machine::frame::{Frame, LARGE, LargeFrame, usage};

use super::area::Large;
use crate::errno::Errno;

/// Frames that stay free for the kernel's own tables and buffers, so that a program's request fails before the kernel's do.
const RESERVE: usize = 48;

/// What files leave to the program beside that: one frame in so many. A program that fills its files up then gets `ENOSPC`, and
/// does not end at the next page that it touches.
const LEFT_BY_FILES: usize = 16;

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

/// 512 frames of zeros in a row for the program, unless memory is too short for an area that thinks so of large pages.
pub(crate) fn large_frame(large: Large) -> Option<LargeFrame> {
    let memory = usage();
    let rest = match large {
        // The half that may be taken so may turn out to hold zeros that nobody needs.
        Large::Plenty => memory.total as u64 / 2,
        Large::Asked => LARGE,
        Large::Never => return None,
    };
    let needed = rest.saturating_add(LARGE).saturating_add(RESERVE as u64);
    (memory.free as u64 > needed).then(LargeFrame::zeroed)?
}

/// Whether the kernel may take a little memory of its own for a request of the program (a file, an area, a descriptor).
pub(crate) fn allow_kernel_memory() -> Result<(), Errno> {
    if usage().free <= RESERVE {
        Err(Errno::ENOMEM)
    } else {
        Ok(())
    }
}

/// Whether the kernel may take so many bytes at once, and its reserve stays.
pub(crate) fn has_room_for(bytes: usize) -> bool {
    usage().free > RESERVE.saturating_add(bytes.div_ceil(PAGE_SIZE))
}

/// Whether the reserve is whole: what is taken from it for page tables is taken once.
pub(crate) fn has_reserve() -> bool {
    usage().free >= RESERVE
}

/// A frame of zeros for a file, or `None` when files have what they may take.
pub(crate) fn file_frame() -> Option<Frame> {
    allow_file().ok()?;
    Frame::zeroed()
}

/// Whether a file or a name may take a little more memory.
pub(crate) fn allow_file() -> Result<(), Errno> {
    if left_for_files() == 0 {
        Err(Errno::ENOSPC)
    } else {
        Ok(())
    }
}

/// How many names a program may make: one for two frames, as many as tmpfs has inodes. It bounds the memory of names, which
/// stays the kernel's when they are removed.
pub(crate) fn names() -> usize {
    usage().total / 2
}

/// How many frames files may still take.
pub(crate) fn left_for_files() -> usize {
    let memory = usage();
    let left = memory.total.checked_div(LEFT_BY_FILES).unwrap_or(0);
    memory.free.saturating_sub(left.saturating_add(RESERVE))
}

/// Whether the kernel may make a text of so many bytes for the program: it may take twice as many while it grows.
pub(crate) fn allow_bytes(len: usize) -> Result<(), Errno> {
    let frames = len.saturating_mul(3) / PAGE_SIZE;
    if usage().free <= frames.saturating_add(RESERVE) {
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
