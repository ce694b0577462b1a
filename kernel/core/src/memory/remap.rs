//! Making a mapping longer, shorter, or another place's: mremap(2).

use alloc::vec::Vec;

use unikernel_machine::address::UserPage;

use super::area::{Area, Locked, Role};
use super::place::Place;
use super::protect::Change;
use super::{AddressSpace, PAGE, Pages, budget};
use crate::errno::Errno;

/// Where a mapping may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nowhere: it stays.
    Stays,
    /// Anywhere, when it can't stay (`MREMAP_MAYMOVE`).
    Anywhere,
    /// To this address, where what is mapped goes (`MREMAP_FIXED`).
    Fixed(u64),
}

/// What becomes of the place that a mapping leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// It is unmapped.
    Unmapped,
    /// It stays mapped, without its pages (`MREMAP_DONTUNMAP`); the mapping moves in any case.
    Mapped,
}

impl AddressSpace {
    /// Gives the mapping of `old_len` bytes at `address` the length `new_len`, moved if it must and may; its address then. An
    /// `old_len` of 0 makes a further mapping of the same shared pages.
    pub(crate) fn remap(
        &mut self,
        address: u64,
        old_len: u64,
        new_len: u64,
        target: Target,
        left: Left,
    ) -> Result<u64, Errno> {
        let pages_of = |len| Pages::alleged(0, len).map_or(0, |pages| pages.count());
        let (old_count, new_count) = (pages_of(old_len), pages_of(new_len));
        if !address.is_multiple_of(PAGE) || new_count == 0 || new_count > UserPage::END {
            return Err(Errno::EINVAL);
        }
        let start = address / PAGE;
        if let Target::Fixed(target) = target {
            check_target(target, start, old_count, new_count)?;
        }
        if left == Left::Mapped && (target == Target::Stays || old_count != new_count) {
            return Err(Errno::EINVAL);
        }
        let (pages, area) = self.areas.at(start).ok_or(Errno::EFAULT)?;
        if old_count == 0 && !area.is_shared() {
            return Err(Errno::EINVAL);
        }
        let old_end = start.saturating_add(old_count);
        let stays = old_count > 0 && left == Left::Unmapped && !matches!(target, Target::Fixed(_));
        if stays && new_count <= old_count {
            // Even across areas, and what is beyond the program's half as munmap(2) says.
            if new_count < old_count {
                let cut = Pages::new(start.saturating_add(new_count), old_end);
                self.unmap(cut.ok_or(Errno::EINVAL)?)?;
            }
            return Ok(address);
        }
        if old_end > pages.end {
            return Err(Errno::EFAULT);
        }
        let area = area.tail(start.saturating_sub(pages.start));
        let old = Pages {
            start,
            end: old_end,
        };
        if let Some(cut) = Pages::new(start.saturating_add(new_count), old_end) {
            self.unmap(cut)?;
        } else if area.is_promised() {
            budget::allow_pages(new_count.saturating_sub(old_count))?;
        }
        if stays && self.grow(old, new_count, &area).is_some() {
            return Ok(address);
        }
        self.relocate(old, new_count, area, target, left)
    }

    /// Makes a mapping longer where it is, if there is room.
    fn grow(&mut self, old: Pages, new_count: u64, area: &Area) -> Option<()> {
        let grown = Pages::new(old.end, old.start.checked_add(new_count)?)?;
        if !self.areas.is_free_with_guard(grown) {
            return None;
        }
        self.allow_kernel_memory().ok()?;
        self.insert(grown, area.tail(old.count())).ok()?;
        Some(())
    }

    /// Moves `old`, or maps its pages a second time when it is empty, to a place of `count` pages.
    fn relocate(
        &mut self,
        old: Pages,
        count: u64,
        mut area: Area,
        target: Target,
        left: Left,
    ) -> Result<u64, Errno> {
        let len = count.checked_mul(PAGE).ok_or(Errno::ENOMEM)?;
        let place = match target {
            Target::Stays => return Err(Errno::ENOMEM),
            Target::Anywhere => Place::Fixed(self.find_free(len)?.address()),
            Target::Fixed(target) => Place::Fixed(target),
        };
        if area.role == Role::Heap {
            area.role = Role::Mapped;
        }
        let kept = Pages {
            start: old.start,
            end: old.end.min(old.start.saturating_add(count)),
        };
        let pages = self.movable(kept)?;
        let is_locked = area.locked != Locked::No;
        let placed = self.map(place, len, unpopulated(&area))?;
        let target = Pages::of_bytes(placed, len).ok_or(Errno::ENOMEM)?;
        self.move_pages(&pages, kept, target);
        if area.locked == Locked::AtOnce {
            self.change(target, Change::Locked(Locked::AtOnce))?;
            let _ = self.populate(target);
        }
        if left == Left::Unmapped {
            if let Some(kept) = Pages::new(kept.start, kept.end) {
                self.unmap(kept)?;
            }
        } else if is_locked {
            self.change(kept, Change::Locked(Locked::No))?;
        }
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

/// The area with nothing that would touch its pages before those that move are there.
fn unpopulated(area: &Area) -> Area {
    let mut area = area.clone();
    if area.locked == Locked::AtOnce {
        area.locked = Locked::OnFault;
    }
    area
}

fn check_target(target: u64, start: u64, old_count: u64, new_count: u64) -> Result<(), Errno> {
    let to = target / PAGE;
    let overlaps = to < start.saturating_add(old_count) && start < to.saturating_add(new_count);
    let is_reachable = to
        .checked_add(new_count)
        .is_some_and(|end| end <= UserPage::END);
    if target.is_multiple_of(PAGE) && !overlaps && is_reachable {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}
