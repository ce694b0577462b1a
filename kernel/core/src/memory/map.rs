//! Mapping and unmapping: mmap(2), munmap(2).

use super::area::{Area, Locked, Role};
use super::place::Place;
use super::{AddressSpace, PAGE, Pages, budget};
use crate::errno::Errno;

impl AddressSpace {
    /// Maps `len` bytes; the address.
    pub(crate) fn map(&mut self, place: Place, len: u64, mut area: Area) -> Result<u64, Errno> {
        let pages = self.place(place, len)?;
        self.allow_kernel_memory()?;
        if area.is_promised() {
            budget::allow_pages(len.div_ceil(PAGE))?;
        }
        if matches!(place, Place::Fixed(_)) {
            self.unmap(pages)?;
        }
        if area.locked == Locked::No {
            area.locked = self.future;
        }
        self.insert(pages, area)?;
        Ok(pages.address())
    }

    /// Takes pages out; those that are not mapped are passed over, as munmap(2) does. `ENOMEM` when that would make more areas
    /// than there may be.
    pub(crate) fn unmap(&mut self, pages: Pages) -> Result<(), Errno> {
        if self.areas.is_cut_by(pages) {
            if self.areas.len() >= super::MAX_AREAS {
                return Err(Errno::ENOMEM);
            }
            self.allow_kernel_memory()?;
        }
        while let Some((part, _)) = self.areas.take(pages) {
            self.space.unmap_range(part.range());
            if part.end == pages.end {
                break;
            }
        }
        Ok(())
    }

    /// munmap(2).
    pub(crate) fn unmap_bytes(&mut self, address: u64, len: u64) -> Result<(), Errno> {
        if !address.is_multiple_of(PAGE) || len == 0 {
            return Err(Errno::EINVAL);
        }
        self.unmap(Pages::of_bytes(address, len).ok_or(Errno::EINVAL)?)
    }

    /// Maps the first thread's stack, which grows when it is touched; the address behind it.
    pub(crate) fn map_stack(&mut self, initial: u64) -> Result<u64, Errno> {
        let top = self.layout.stack_top;
        let start = top
            .checked_sub(initial.div_ceil(PAGE))
            .ok_or(Errno::ENOMEM)?;
        let mut area = Area::anonymous(super::protect::READ_WRITE);
        area.role = Role::Stack;
        self.insert(Pages::new(start, top).ok_or(Errno::ENOMEM)?, area)?;
        Ok(top.saturating_mul(PAGE))
    }
}
