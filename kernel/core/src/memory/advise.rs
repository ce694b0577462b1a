//! What the program says about its memory: madvise(2), msync(2).

use super::area::{Area, Backing, Large, Locked};
use super::protect::Change;
use super::{AddressSpace, Pages};
use crate::errno::Errno;

/// Whether locked pages may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockedPages {
    /// They are refused.
    Refused,
    /// They are forgotten like others (`MADV_DONTNEED_LOCKED`).
    Forgotten,
}

impl AddressSpace {
    /// Forgets private changes and what of files is mapped (`MADV_DONTNEED`). `EINVAL` at the first locked page; `ENOMEM` when
    /// some are not mapped, after the others were treated.
    pub(crate) fn forget(&mut self, pages: Pages, locked: LockedPages) -> Result<(), Errno> {
        self.advise(pages, |memory, run, area| {
            if locked == LockedPages::Refused && area.locked != Locked::No {
                return Err(Errno::EINVAL);
            }
            memory.space.unmap_range(run.range());
            Ok(())
        })
    }

    /// Frees pages whose contents are not needed (`MADV_FREE`): at once, which the program can't tell from later. `EINVAL` for
    /// what is not private and anonymous.
    pub(crate) fn free(&mut self, pages: Pages) -> Result<(), Errno> {
        self.advise(pages, |memory, run, area| {
            if !matches!(area.backing, Backing::Anonymous) {
                return Err(Errno::EINVAL);
            }
            memory.space.unmap_range(run.range());
            Ok(())
        })
    }

    /// Allows or forbids pages of 2 MiB from now on.
    pub(crate) fn use_large(&mut self, pages: Pages, large: Large) -> Result<(), Errno> {
        self.advise(pages, |memory, run, _| {
            memory.change(run, Change::Large(large))
        })
    }

    /// Advice without an effect here, refused where `refuses` says so.
    pub(crate) fn note_advice(
        &mut self,
        pages: Pages,
        refuses: impl Fn(&Area) -> bool,
    ) -> Result<(), Errno> {
        self.advise(pages, |_, _, area| {
            if refuses(area) {
                Err(Errno::EINVAL)
            } else {
                Ok(())
            }
        })
    }

    /// msync(2): the file's pages are the mapped ones, so that there is nothing to write; a later write to them changes the file's
    /// time again.
    pub(crate) fn sync(
        &mut self,
        pages: Pages,
        refuses: impl Fn(&Area) -> bool,
    ) -> Result<(), Errno> {
        self.advise(pages, |memory, run, area| {
            if refuses(area) {
                return Err(Errno::EBUSY);
            }
            if area.is_shared() {
                memory
                    .space
                    .protect_range(run.range(), area.page_protection());
            }
            Ok(())
        })
    }

    /// Does something with each mapped part of a run; `ENOMEM` afterwards when there was a hole.
    fn advise(
        &mut self,
        pages: Pages,
        mut act: impl FnMut(&mut Self, Pages, &Area) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let mut next = pages.start;
        let mut whole = true;
        while let Some((found, area)) = self.areas.at_or_behind(next) {
            let Some(part) = Pages::new(found.start.max(next), found.end.min(pages.end)) else {
                break;
            };
            whole &= part.start == next;
            let area = area.clone();
            act(self, part, &area)?;
            next = part.end;
        }
        if whole && next >= pages.end {
            Ok(())
        } else {
            Err(Errno::ENOMEM)
        }
    }
}
