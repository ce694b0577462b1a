//! The areas from the highest down, as they are placed, in blocks: neither an area nor room for one is found by a walk over all.
//!
//! A block knows how long the free runs behind its areas are at most: a search for room passes over blocks and looks into one,
//! where Linux descends a tree (`mm/vma.c`). With as many areas as there may be, two thousand blocks are passed over; one is
//! looked into in vain only after an area of it came or went.

use alloc::vec::Vec;
use core::cell::Cell;

use unikernel_machine::address::UserPage;
use unikernel_machine::space::Protection;

use super::Pages;
use super::area::Area;
use super::areas::STACK_GUARD;

/// Most areas of one block.
const MOST: usize = 64;

/// Fewest areas of a block on average. With as many areas as there may be, the list of blocks then takes no more memory at once
/// than the kernel keeps for itself.
const FEWEST: usize = MOST / 4;

/// An area and its pages.
pub(super) struct Mapped {
    pub(super) pages: Pages,
    pub(super) area: Area,
}

impl Mapped {
    /// As what is told to others.
    pub(super) fn parts(&self) -> (Pages, &Area) {
        (self.pages, &self.area)
    }

    /// Whether `next` is directly behind it and can be one area with it.
    pub(super) fn continues_as(&self, next: &Self) -> bool {
        self.pages.end == next.pages.start && self.area.continues_as(self.pages.count(), &next.area)
    }

    /// The page up to which may be mapped below it.
    pub(super) fn guarded_start(&self) -> u64 {
        let guard = STACK_GUARD.saturating_mul(self.area.grows().into());
        self.pages.start.saturating_sub(guard)
    }
}

/// Where an area stands.
#[derive(Clone, Copy)]
pub(super) struct At {
    block: usize,
    index: usize,
}

/// All areas, and an empty one at page 0: each has one below it.
#[derive(Default)]
pub(super) struct Blocks {
    blocks: Vec<Block>,
    count: usize,
}

/// Some areas that follow each other, at least one.
struct Block {
    areas: Vec<Mapped>,
    /// No free run behind one of them is longer. Found out by the first search that looks into the block.
    room: Cell<u64>,
}

impl Block {
    /// Of areas behind which there may be any room.
    fn new(areas: Vec<Mapped>) -> Self {
        let room = Cell::new(u64::MAX);
        Self { areas, room }
    }
}

impl Blocks {
    /// No areas.
    pub(super) fn new() -> Self {
        let pages = Pages { start: 0, end: 0 };
        let area = Area::anonymous(Protection::empty());
        let mut only = Block::new(Vec::new());
        only.areas.push(Mapped { pages, area });
        let mut all = Self::default();
        all.blocks.push(only);
        all
    }

    /// How many areas there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// All areas, by address.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Mapped> {
        let blocks = self.blocks.iter().rev();
        blocks.flat_map(|block| block.areas.iter().rev()).skip(1)
    }

    /// Where the last area is that starts at or below a page.
    pub(super) fn find(&self, page: u64) -> At {
        let starts_above = |mapped: &Mapped| mapped.pages.start > page;
        let block = self
            .blocks
            .partition_point(|block| block.areas.last().is_some_and(starts_above));
        let areas = self.blocks.get(block).map(|block| &block.areas);
        let index = areas.map_or(0, |areas| areas.partition_point(starts_above));
        At { block, index }
    }

    /// Where the first area is that ends behind a page.
    pub(super) fn find_behind(&self, page: u64) -> At {
        let at = self.find(page);
        match self.get(at) {
            Some(mapped) if page < mapped.pages.end => at,
            _ => self.next(at),
        }
    }

    /// Where the next higher area is, if there is one.
    pub(super) fn next(&self, at: At) -> At {
        if let Some(index) = at.index.checked_sub(1) {
            return At { index, ..at };
        }
        let block = at.block.wrapping_sub(1);
        let above = self.blocks.get(block);
        let index = above.map_or(0, |above| above.areas.len().saturating_sub(1));
        At { block, index }
    }

    /// The area there.
    pub(super) fn get(&self, at: At) -> Option<&Mapped> {
        self.blocks.get(at.block)?.areas.get(at.index)
    }

    /// The area there.
    pub(super) fn get_mut(&mut self, at: At) -> Option<&mut Mapped> {
        self.blocks.get_mut(at.block)?.areas.get_mut(at.index)
    }

    /// Puts an area whose pages are free.
    pub(super) fn put(&mut self, mapped: Mapped) {
        // With the one below it, whose room it parts; where that ended at the guard of the next one, it may end later now.
        let at = self.find(mapped.pages.start);
        let Some(block) = self.blocks.get_mut(at.block) else {
            return;
        };
        let below = block.areas.get(at.index);
        let start = below.map_or(0, |below| below.pages.end);
        let room = mapped.guarded_start().saturating_sub(start);
        block.room.set(room.max(block.room.get()));
        block.areas.insert(at.index, mapped);
        self.count = self.count.saturating_add(1);
        if block.areas.len() >= MOST {
            let lower = Block {
                areas: block.areas.split_off(MOST / 2),
                room: block.room.clone(),
            };
            self.blocks.insert(at.block.saturating_add(1), lower);
            self.keep_few();
        }
    }

    /// Takes the area there out.
    pub(super) fn remove(&mut self, at: At) -> Option<Mapped> {
        let areas = &mut self.blocks.get_mut(at.block)?.areas;
        let removed = (at.index < areas.len()).then(|| areas.remove(at.index))?;
        if areas.is_empty() {
            self.blocks.remove(at.block);
        }
        self.count = self.count.saturating_sub(1);
        // The room behind it and that before it, which its block or the next knows of, become one.
        self.note_room(self.find(removed.pages.start));
        Some(removed)
    }

    /// Takes note that there may be more room behind the area there.
    pub(super) fn note_room(&self, at: At) {
        let end = self.end_of_room(at);
        if let Some(block) = self.blocks.get(at.block)
            && let Some(area) = block.areas.get(at.index)
        {
            let room = end.saturating_sub(area.pages.end);
            block.room.set(room.max(block.room.get()));
        }
    }

    /// Up to where there is room behind the area there.
    fn end_of_room(&self, at: At) -> u64 {
        let behind = self.get(self.next(at));
        behind.map_or(UserPage::END, Mapped::guarded_start)
    }

    /// The highest free run of `count` pages that ends at or below `top` and starts at or above `bottom`.
    pub(super) fn highest_room(&self, top: u64, bottom: u64, count: u64) -> Option<Pages> {
        for (index, block) in self.blocks.iter().enumerate() {
            if block.room.get() < count {
                continue;
            }
            let first = At {
                block: index,
                index: 0,
            };
            let mut end = self.end_of_room(first);
            // Not by the end alone: below a guard that reaches there may be room between areas.
            let highest = block.areas.first();
            if end <= bottom && highest.is_none_or(|highest| highest.pages.start <= bottom) {
                break;
            }
            let lowest = block.areas.last();
            if lowest.is_none_or(|lowest| lowest.pages.start >= top) {
                continue;
            }
            let mut longest = 0;
            for mapped in &block.areas {
                let start = mapped.pages.end;
                let room = end.saturating_sub(start);
                if room >= count
                    && let Some(highest) = end.min(top).checked_sub(count)
                    && highest >= start.max(bottom)
                {
                    return Pages::new(highest, highest.saturating_add(count));
                }
                longest = room.max(longest);
                end = mapped.guarded_start();
            }
            block.room.set(longest);
        }
        None
    }

    /// Joins neighbours when blocks have become nearly empty: that many areas must have come or gone since the last time.
    fn keep_few(&mut self) {
        if self.blocks.len() <= self.count / FEWEST {
            return;
        }
        self.blocks.dedup_by(|block, last| {
            let fits = last.areas.len().saturating_add(block.areas.len()) <= MOST / 4 * 3;
            if fits {
                last.areas.append(&mut block.areas);
                last.room.set(u64::MAX);
            }
            fits
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An area of one page.
    fn put(blocks: &mut Blocks, start: u64) {
        let pages = Pages {
            start,
            end: start + 1,
        };
        let area = Area::anonymous(Protection::READ);
        blocks.put(Mapped { pages, area });
    }

    fn remove(blocks: &mut Blocks, start: u64) {
        let at = blocks.find(start);
        let removed = blocks.remove(at).expect("it is there");
        assert_eq!(removed.pages.start, start);
    }

    #[test]
    fn blocks_stay_few() {
        let mut blocks = Blocks::new();
        let starts = |from: u64| (from..from + 60_000).map(|index| index * 2);
        starts(1).for_each(|start| put(&mut blocks, start));
        assert!(blocks.blocks.len() <= 60_000 / (MOST / 2) + 1);
        // One of each block stays; then as many come elsewhere, and again.
        for round in 1..4 {
            let to_go = starts(1 + (round - 1) * 60_000).filter(|start| start % 100 > 0);
            to_go.for_each(|start| remove(&mut blocks, start));
            starts(1 + round * 60_000).for_each(|start| put(&mut blocks, start));
            assert!(blocks.blocks.len() <= blocks.len() / FEWEST + 1);
        }
    }
}
