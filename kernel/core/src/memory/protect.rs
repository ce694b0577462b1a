//! Changing what may be done with pages: mprotect(2).

use unikernel_machine::space::Protection;

use super::area::{Large, Locked};
use super::{AddressSpace, MAX_AREAS, PAGE, Pages, budget};
use crate::errno::Errno;

/// For stacks and heaps.
pub(crate) const READ_WRITE: Protection = Protection::READ.union(Protection::WRITE);

/// Where a change of protection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// Where the caller says.
    Address,
    /// At the start of the area, which must be one that grows downwards (`PROT_GROWSDOWN`).
    AreaStart,
}

/// What changes of areas.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// What the program may do with their pages.
    Protection(Protection),
    /// Whether their pages must be there.
    Locked(Locked),
    /// Whether pages of 2 MiB may be used.
    Large(Large),
}

impl AddressSpace {
    /// Gives `len` bytes at `address` this protection. At a page that is not mapped (`ENOMEM`) or may not have it (`EACCES`) it
    /// ends; those before it are changed.
    pub(crate) fn protect(
        &mut self,
        address: u64,
        len: u64,
        protection: Protection,
        from: From,
    ) -> Result<(), Errno> {
        if !address.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let mut pages = Pages::alleged(address, len)
            .filter(|pages| pages.count() > 0)
            .ok_or(Errno::ENOMEM)?;
        if from == From::AreaStart {
            let (area_pages, area) = self.areas.at(pages.start).ok_or(Errno::ENOMEM)?;
            if !area.grows() {
                return Err(Errno::EINVAL);
            }
            pages.start = area_pages.start;
        }
        self.change(pages, Change::Protection(protection))
    }

    /// Changes the areas of a run one after another, split where the run begins and ends, until one may not be changed so
    /// (`EACCES`) or a page is not mapped (`ENOMEM`). Pages that are there get the area's protection.
    pub(super) fn change(&mut self, pages: Pages, change: Change) -> Result<(), Errno> {
        let mut next = pages.start;
        while next < pages.end {
            let (found, area) = self.areas.at(next).ok_or(Errno::ENOMEM)?;
            let part = Pages {
                start: next,
                end: pages.end.min(found.end),
            };
            next = part.end;
            if let Change::Protection(protection) = change
                && protection
                    .difference(area.protection)
                    .contains(Protection::WRITE)
            {
                if area.is_never_writable() {
                    return Err(Errno::EACCES);
                }
                if area.is_promised_if_writable() {
                    budget::allow_pages(part.count())?;
                }
            }
            if found != part {
                // Up to two areas more.
                if self.areas.len().saturating_add(2) > MAX_AREAS {
                    return Err(Errno::ENOMEM);
                }
                self.allow_kernel_memory()?;
            }
            self.areas.split(part);
            if let Some(area) = self.areas.starting_with(part) {
                match change {
                    Change::Locked(locked) => area.locked = locked,
                    Change::Large(large) => area.large = large,
                    Change::Protection(protection) if area.protection != protection => {
                        area.protection = protection;
                        let protection = area.page_protection();
                        self.space.protect_range(part.range(), protection);
                    }
                    Change::Protection(_) => {}
                }
            }
            self.areas.join(part);
        }
        Ok(())
    }
}
