//! What the program says and asks about memory that it has: madvise(2), msync(2), mincore(2), mlock(2) and its kin.

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;
use unikernel_machine::user::Access;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::memory::advise::LockedPages;
use crate::memory::area::{Area, Backing, Large, Locked};
use crate::memory::{PAGE, Pages};

/// The pages of a range, maybe none. `EINVAL` when it does not begin with a page, `beyond` when its end is no number.
fn pages_of(address: u64, len: u64, beyond: Errno) -> Result<Pages, Errno> {
    if !address.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    Pages::alleged(address, len).ok_or(beyond)
}

pub(super) fn madvise(kernel: &mut Kernel, address: u64, len: u64, advice: u32) -> SysResult {
    if !is_advice(advice) {
        return Err(Errno::EINVAL);
    }
    let pages = pages_of(address, len, Errno::EINVAL)?;
    if pages.count() == 0 {
        return if len == 0 { Ok(0) } else { Err(Errno::EINVAL) };
    }
    let memory = &mut kernel.memory;
    match advice {
        linux::MADV_DONTNEED => memory.forget(pages, LockedPages::Refused),
        linux::MADV_DONTNEED_LOCKED => memory.forget(pages, LockedPages::Forgotten),
        linux::MADV_FREE => memory.free(pages),
        linux::MADV_HUGEPAGE => memory.use_large(pages, Large::Asked),
        linux::MADV_NOHUGEPAGE => memory.use_large(pages, Large::Never),
        linux::MADV_POPULATE_READ => memory.populate_for(pages, Access::Read),
        linux::MADV_POPULATE_WRITE => memory.populate_for(pages, Access::Write),
        linux::MADV_COLD | linux::MADV_PAGEOUT => memory.note_advice(pages, is_locked),
        linux::MADV_WIPEONFORK => {
            memory.note_advice(pages, |area| !matches!(area.backing, Backing::Anonymous))
        }
        _ => memory.note_advice(pages, |_| false),
    }?;
    Ok(0)
}

fn is_locked(area: &Area) -> bool {
    area.locked != Locked::No
}

/// Advice with an effect, and advice whose effect can't be missed: on reading ahead and on memory that is short (all memory is
/// as near as it can be), on `fork` and on core dumps (there are none). What else there is has an effect that is missing
/// (`MADV_REMOVE`, `MADV_MERGEABLE`, `MADV_COLLAPSE`, `MADV_HWPOISON` and the like): `EINVAL`.
fn is_advice(advice: u32) -> bool {
    matches!(
        advice,
        linux::MADV_NORMAL
            | linux::MADV_RANDOM
            | linux::MADV_SEQUENTIAL
            | linux::MADV_WILLNEED
            | linux::MADV_DONTNEED
            | linux::MADV_FREE
            | linux::MADV_DONTFORK
            | linux::MADV_DOFORK
            | linux::MADV_HUGEPAGE
            | linux::MADV_NOHUGEPAGE
            | linux::MADV_DONTDUMP
            | linux::MADV_DODUMP
            | linux::MADV_WIPEONFORK
            | linux::MADV_KEEPONFORK
            | linux::MADV_COLD
            | linux::MADV_PAGEOUT
            | linux::MADV_POPULATE_READ
            | linux::MADV_POPULATE_WRITE
            | linux::MADV_DONTNEED_LOCKED
    )
}

pub(super) fn msync(kernel: &mut Kernel, address: u64, len: u64, flags: u32) -> SysResult {
    let both = linux::MS_SYNC | linux::MS_ASYNC;
    if flags & !(both | linux::MS_INVALIDATE) != 0 || flags & both == both {
        return Err(Errno::EINVAL);
    }
    let pages = pages_of(address, len, Errno::ENOMEM)?;
    if pages.count() == 0 {
        return Ok(0);
    }
    let invalidates = flags & linux::MS_INVALIDATE != 0;
    kernel
        .memory
        .sync(pages, |area| invalidates && is_locked(area))?;
    Ok(0)
}

pub(super) fn mincore(kernel: &mut Kernel, address: u64, len: u64, to: UserAddr) -> SysResult {
    /// Answers that are written at a time.
    const CHUNK: u64 = 512;
    if !address.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    if len == 0 {
        return Ok(0);
    }
    let pages = Pages::of_bytes(address, len).ok_or(Errno::ENOMEM)?;
    let mut start = pages.start;
    while let Some(part) = Pages::new(start, pages.end.min(start.saturating_add(CHUNK))) {
        let answers = (part.start..part.end)
            .map(|page| kernel.memory.is_resident(page).map(u8::from))
            .collect::<Option<Vec<u8>>>()
            .ok_or(Errno::ENOMEM)?;
        let at = to.checked_add(part.start.saturating_sub(pages.start));
        kernel.memory.write(at.ok_or(Errno::EFAULT)?, &answers)?;
        start = part.end;
    }
    Ok(0)
}

pub(super) fn mlock(kernel: &mut Kernel, address: u64, len: u64) -> SysResult {
    lock(kernel, address, len, Locked::AtOnce)
}

pub(super) fn mlock2(kernel: &mut Kernel, address: u64, len: u64, flags: u32) -> SysResult {
    match flags {
        0 => lock(kernel, address, len, Locked::AtOnce),
        linux::MLOCK_ONFAULT => lock(kernel, address, len, Locked::OnFault),
        _ => Err(Errno::EINVAL),
    }
}

pub(super) fn munlock(kernel: &mut Kernel, address: u64, len: u64) -> SysResult {
    lock(kernel, address, len, Locked::No)
}

/// The pages that the range touches, unlike elsewhere: it need not begin with a page.
fn lock(kernel: &mut Kernel, address: u64, len: u64, locked: Locked) -> SysResult {
    let skew = address % PAGE;
    let start = address.saturating_sub(skew);
    let pages = pages_of(start, len.wrapping_add(skew), Errno::EINVAL)?;
    if pages.count() > 0 {
        kernel.memory.lock(pages, locked)?;
    }
    Ok(0)
}

pub(super) fn mlockall(kernel: &mut Kernel, flags: u32) -> SysResult {
    let (current, future) = (linux::MCL_CURRENT, linux::MCL_FUTURE);
    if flags & !(current | future | linux::MCL_ONFAULT) != 0 || flags & (current | future) == 0 {
        return Err(Errno::EINVAL);
    }
    let locked = if flags & linux::MCL_ONFAULT != 0 {
        Locked::OnFault
    } else {
        Locked::AtOnce
    };
    kernel.memory.lock_future(if flags & future != 0 {
        locked
    } else {
        Locked::No
    });
    if flags & current != 0 {
        kernel.memory.lock_all(locked);
    }
    Ok(0)
}

pub(super) fn munlockall(kernel: &mut Kernel) -> SysResult {
    kernel.memory.lock_future(Locked::No);
    kernel.memory.lock_all(Locked::No);
    Ok(0)
}
