//! Making a mapping longer, shorter, or another place's: mremap(2).

use alloc::vec::Vec;

use unikernel_machine::address::UserPage;

use super::area::Area;
use super::map::Place;
use super::{AddressSpace, PAGE, Pages, budget};
use crate::errno::Errno;

/// Whether a mapping that can't grow where it is may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MayMove {
    /// It may (`MREMAP_MAYMOVE`).
    Yes,
    /// It may not.
    No,
}

impl AddressSpace {
    /// Gives the mapping of `old_len` bytes at `address` the length `new_len`; its address then.
    pub(crate) fn remap(
        &mut self,
        address: u64,
        old_len: u64,
        new_len: u64,
        may_move: MayMove,
    ) -> Result<u64, Errno> {
        if !address.is_multiple_of(PAGE) || new_len == 0 || old_len == 0 {
            return Err(Errno::EINVAL);
        }
        let old = Pages::of_bytes(address, old_len).ok_or(Errno::EFAULT)?;
        let wanted = Pages::of_bytes(address, new_len);
        let (pages, area) = self.areas.at(old.start).ok_or(Errno::EFAULT)?;
        if pages.intersection(&old) != Some(old) {
            return Err(Errno::EFAULT);
        }
        let area = area.tail(old.start.saturating_sub(pages.start));
        if let Some(cut) = wanted.and_then(|wanted| Pages::new(wanted.end, old.end)) {
            self.unmap(cut);
            return Ok(address);
        }
        budget::allow_kernel_memory()?;
        if area.takes_memory() {
            budget::allow_pages(new_len.div_ceil(PAGE))?;
        }
        let Some(grown) = wanted.and_then(|wanted| Pages::new(old.end, wanted.end)) else {
            return if wanted == Some(old) {
                Ok(address)
            } else {
                self.relocate(old, new_len, &area, may_move)
            };
        };
        if self.areas.is_free(grown) {
            self.insert(grown, area.tail(old.count()))?;
            return Ok(address);
        }
        self.relocate(old, new_len, &area, may_move)
    }

    /// Moves `old` to a place with room for `new_len` bytes.
    fn relocate(
        &mut self,
        old: Pages,
        new_len: u64,
        area: &Area,
        may_move: MayMove,
    ) -> Result<u64, Errno> {
        if may_move == MayMove::No {
            return Err(Errno::ENOMEM);
        }
        let pages = self.movable(old)?;
        let target = self.find_free(new_len)?;
        self.insert(target, area.clone())?;
        self.move_pages(&pages, old, target);
        self.unmap(old);
        Ok(target.address())
    }

    /// mremap(2) with `MREMAP_FIXED`: to `target`, where what is mapped goes.
    pub(crate) fn remap_to(
        &mut self,
        address: u64,
        old_len: u64,
        new_len: u64,
        target: u64,
    ) -> Result<u64, Errno> {
        let overlap = Pages::of_bytes(target, new_len)
            .zip(Pages::of_bytes(address, old_len))
            .is_some_and(|(target, old)| target.intersection(&old).is_some());
        if !target.is_multiple_of(PAGE)
            || !address.is_multiple_of(PAGE)
            || new_len == 0
            || old_len == 0
            || overlap
        {
            return Err(Errno::EINVAL);
        }
        let old = Pages::of_bytes(address, old_len).ok_or(Errno::EFAULT)?;
        let (pages, area) = self.areas.at(old.start).ok_or(Errno::EFAULT)?;
        if pages.intersection(&old) != Some(old) {
            return Err(Errno::EFAULT);
        }
        let area = area.tail(old.start.saturating_sub(pages.start));
        let pages = self.movable(old)?;
        let placed = self.map(
            Place::Fixed(target),
            new_len,
            area,
            super::map::Promise::Checked,
        )?;
        let target = Pages::of_bytes(placed, new_len).ok_or(Errno::ENOMEM)?;
        self.move_pages(&pages, old, target);
        self.unmap(old);
        Ok(placed)
    }

    /// The pages that are there, with the memory to move them made sure of.
    fn movable(&self, old: Pages) -> Result<Vec<UserPage>, Errno> {
        let mut count = 0_usize;
        self.space
            .for_each_mapped(old.range(), &mut |_, _| count = count.saturating_add(1));
        budget::allow_tables(count)?;
        let mut pages = Vec::new();
        pages.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
        self.space
            .for_each_mapped(old.range(), &mut |page, _| pages.push(page));
        Ok(pages)
    }

    /// Moves pages by as much as `old` and `target` are apart, as far as the new place goes.
    fn move_pages(&mut self, pages: &[UserPage], old: Pages, target: Pages) {
        for from in pages {
            let number = target
                .start
                .saturating_add(from.number().saturating_sub(old.start));
            let Some(to) = UserPage::new(number).filter(|to| to.number() < target.end) else {
                return;
            };
            if let Some((frame, protection)) = self.space.lookup(*from) {
                self.space.unmap(*from);
                // There is memory for its table: `movable` made sure.
                let _ = self.space.map(to, frame, protection);
            }
        }
    }
}
