//! Changing what may be done with pages: mprotect(2).

use unikernel_machine::space::Protection;

use super::area::Area;
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
        self.change(pages, |pages, area| {
            if protection.contains(Protection::WRITE) && area.is_never_writable() {
                return Err(Errno::EACCES);
            }
            let was_promised = area.is_promised();
            area.protection = protection;
            if area.is_promised() && !was_promised {
                budget::allow_pages(pages.count())?;
            }
            Ok(())
        })
    }

    /// Changes the areas of a run one after another, split where the run begins and ends, until `change` refuses or a page is not
    /// mapped (`ENOMEM`). Pages that are there get the area's protection.
    pub(super) fn change(
        &mut self,
        pages: Pages,
        mut change: impl FnMut(Pages, &mut Area) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let mut next = pages.start;
        while next < pages.end {
            let rest = Pages {
                start: next,
                end: pages.end,
            };
            let (found, area) = self.areas.at(next).ok_or(Errno::ENOMEM)?;
            let part = found.intersection(&rest).ok_or(Errno::ENOMEM)?;
            let before = area.protection;
            let mut changed = area.clone();
            change(part, &mut changed)?;
            next = part.end;
            if found != part {
                // Up to two areas more.
                if self.areas.len().saturating_add(2) > MAX_AREAS {
                    return Err(Errno::ENOMEM);
                }
                self.allow_kernel_memory()?;
            }
            if let Some((part, taken)) = self.areas.take(part) {
                let area = Area {
                    backing: taken.backing,
                    ..changed
                };
                if area.protection != before {
                    self.space
                        .protect_range(part.range(), area.page_protection());
                }
                self.areas.insert(part, area);
            }
        }
        Ok(())
    }
}
