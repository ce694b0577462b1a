//! Mapping and unmapping: mmap(2), munmap(2), madvise(2).

use unikernel_machine::address::{USER_END, USER_START};

use super::area::{Area, Role};
use super::{AddressSpace, PAGE, Pages, budget};
use crate::errno::Errno;

/// Where a mapping shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this address if it is free, else wherever there is room (0: wherever there is room).
    Hint(u64),
    /// At this address; what is mapped there goes (`MAP_FIXED`).
    Fixed(u64),
    /// At this address, or not at all (`MAP_FIXED_NOREPLACE`).
    FixedIfFree(u64),
}

/// Whether a mapping promises that its memory will be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// More than the machine has is refused.
    Checked,
    /// It is not (`MAP_NORESERVE`).
    None,
}

impl AddressSpace {
    /// Maps `len` bytes; the address.
    pub(crate) fn map(
        &mut self,
        place: Place,
        len: u64,
        area: Area,
        promise: Promise,
    ) -> Result<u64, Errno> {
        if len == 0 {
            return Err(Errno::EINVAL);
        }
        if len > USER_END {
            return Err(Errno::ENOMEM);
        }
        budget::allow_kernel_memory()?;
        if promise == Promise::Checked && area.takes_memory() {
            budget::allow_pages(len.div_ceil(PAGE))?;
        }
        let pages = self.place(place, len)?;
        if matches!(place, Place::Fixed(_)) {
            self.unmap(pages);
        }
        self.insert(pages, area)?;
        Ok(pages.address())
    }

    fn place(&self, place: Place, len: u64) -> Result<Pages, Errno> {
        match place {
            Place::Fixed(address) => fixed(address, len),
            Place::FixedIfFree(address) => {
                let pages = fixed(address, len)?;
                if self.areas.is_free(pages) {
                    Ok(pages)
                } else {
                    Err(Errno::EEXIST)
                }
            }
            Place::Hint(address) => {
                let hint = address & !PAGE.wrapping_sub(1);
                let hinted = Pages::of_bytes(hint, len).filter(|_| hint >= USER_START);
                match hinted.filter(|pages| self.areas.is_free(*pages)) {
                    Some(pages) => Ok(pages),
                    None => self.find_free(len),
                }
            }
        }
    }

    /// Free pages for `len` bytes: as high as possible below the stack, else anywhere.
    pub(super) fn find_free(&self, len: u64) -> Result<Pages, Errno> {
        let count = len.div_ceil(PAGE);
        let lowest = USER_START / PAGE;
        let below_stack = self.areas.free_below(self.layout.mapped_top, lowest, count);
        below_stack
            .or_else(|| self.areas.free_below(USER_END / PAGE, lowest, count))
            .ok_or(Errno::ENOMEM)
    }

    /// An address with free room for `len` bytes.
    pub(crate) fn find_room(&self, len: u64) -> Result<u64, Errno> {
        Ok(self.find_free(len)?.address())
    }

    /// Takes pages out; those that are not mapped are passed over, as munmap(2) does.
    pub(crate) fn unmap(&mut self, pages: Pages) {
        if !self.areas.remove(pages).is_empty() {
            self.space.unmap_range(pages.range());
        }
    }

    /// munmap(2).
    pub(crate) fn unmap_bytes(&mut self, address: u64, len: u64) -> Result<(), Errno> {
        if !address.is_multiple_of(PAGE) || len == 0 {
            return Err(Errno::EINVAL);
        }
        let pages = Pages::of_bytes(address, len).ok_or(Errno::EINVAL)?;
        // Cutting a hole makes one area more.
        if self.areas.len() >= super::MAX_AREAS {
            return Err(Errno::ENOMEM);
        }
        self.unmap(pages);
        Ok(())
    }

    /// Forgets the pages' contents (`MADV_DONTNEED`); `ENOMEM` when some are not mapped, after the others were treated.
    pub(crate) fn forget(&mut self, pages: Pages) -> Result<(), Errno> {
        self.space.unmap_range(pages.range());
        if self.areas.covers(pages) {
            Ok(())
        } else {
            Err(Errno::ENOMEM)
        }
    }

    /// Whether every page is mapped.
    pub(crate) fn is_mapped(&self, pages: Pages) -> bool {
        self.areas.covers(pages)
    }

    /// Maps the first thread's stack of at most `limit` bytes, which grows when it is touched; the address behind it.
    pub(crate) fn map_stack(&mut self, limit: u64, initial: u64) -> Result<u64, Errno> {
        let top = self.layout.stack_top;
        let start = top
            .checked_sub(initial.div_ceil(PAGE))
            .ok_or(Errno::ENOMEM)?;
        let lowest = top.checked_sub(limit / PAGE).ok_or(Errno::ENOMEM)?;
        let mut area = Area::anonymous(super::protect::READ_WRITE);
        area.role = Role::Stack { lowest };
        self.insert(Pages::new(start, top).ok_or(Errno::ENOMEM)?, area)?;
        Ok(top.saturating_mul(PAGE))
    }
}

/// The pages at a fixed address: `EINVAL` when it is no page's, `EPERM` below what a program may map, `ENOMEM` above.
fn fixed(address: u64, len: u64) -> Result<Pages, Errno> {
    if !address.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    if address < USER_START {
        return Err(Errno::EPERM);
    }
    Pages::of_bytes(address, len).ok_or(Errno::ENOMEM)
}
