//! Changing what may be done with pages: mprotect(2).

use unikernel_machine::space::Protection;

use super::area::{Area, Backing, MayWrite, Sharing};
use super::{AddressSpace, MAX_AREAS, PAGE, Pages, budget};
use crate::errno::Errno;

/// For stacks and heaps.
pub(crate) const READ_WRITE: Protection = Protection::READ.union(Protection::WRITE);

impl AddressSpace {
    /// Gives `len` bytes at `address` this protection. Nothing is changed when a page of them is not mapped (`ENOMEM`) or may not
    /// have it (`EACCES`); Linux changes those before it.
    pub(crate) fn protect(
        &mut self,
        address: u64,
        len: u64,
        protection: Protection,
    ) -> Result<(), Errno> {
        if !address.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let pages = Pages::of_bytes(address, len).ok_or(Errno::ENOMEM)?;
        if !self.areas.covers(pages) || self.areas.len().saturating_add(2) > MAX_AREAS {
            return Err(Errno::ENOMEM);
        }
        self.check_protection(pages, protection)?;
        for (pages, mut area) in self.areas.remove(pages) {
            area.protection = protection;
            self.space
                .protect_range(pages.range(), area.page_protection());
            self.areas.insert(pages, area);
        }
        Ok(())
    }

    fn check_protection(&self, pages: Pages, protection: Protection) -> Result<(), Errno> {
        if !protection.contains(Protection::WRITE) {
            return Ok(());
        }
        let mut count = 0_u64;
        for (area_pages, area) in self.areas.within(pages) {
            if is_never_writable(area) {
                return Err(Errno::EACCES);
            }
            if !area.takes_memory() {
                count = count
                    .saturating_add(area_pages.intersection(&pages).map_or(0, |run| run.count()));
            }
        }
        budget::allow_pages(count)
    }
}

fn is_never_writable(area: &Area) -> bool {
    matches!(&area.backing, Backing::File(file) if file.sharing == Sharing::Shared(MayWrite::No))
}
