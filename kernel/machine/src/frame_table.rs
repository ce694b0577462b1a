//! The frame table: a counter for each page of memory, and which of them are free.
//!
//! A free frame is one that was never taken (so nothing is done at boot for a page that is not needed) or one that was given
//! back. Those that were given back are kept by [`Block`], the 2 MiB that they lie in, so that a block whose frames all came
//! back is one piece again. The entry of a freed frame is the number of the next freed one of its block; of a taken one, its
//! references; of one that was never taken, nothing. A constant frame's references are not counted: its entry says
//! [`CONSTANT`] for ever.

use core::cell::Cell;

use crate::address::PAGE_SIZE;
use crate::frame::Usage;
use crate::memory_map::{self, MemoryMap};

/// Frames in a block: what one large page maps.
pub(crate) const BLOCK: u32 = 512;
/// Pieces of never taken memory: as many as there may be, and what is cut off when a block is taken from the end of one.
const MAX_FRESH: usize = memory_map::MAX + 16;
/// As references: of a frame that is never freed or written. A frame that really has so many becomes one.
const CONSTANT: u32 = u32::MAX;

/// Which frames of 512 in a row, aligned so, are free again.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Block {
    /// The frame of it that was freed last, or 0.
    freed: u32,
    /// How many were.
    count: u32,
    /// Neighbours in its list: block numbers plus 1, or 0.
    before: u32,
    behind: u32,
}

/// Two lists of blocks: those with some freed frames, those with nothing but.
#[derive(Debug, Clone, Copy)]
enum List {
    Partial,
    Whole,
}

/// All frames of a machine.
pub(crate) struct FrameTable {
    entries: Cell<&'static [Cell<u32>]>,
    blocks: Cell<&'static [Cell<Block>]>,
    /// The first block of each [`List`], plus 1, or 0.
    lists: [Cell<u32>; 2],
    /// Ranges of frames that were never taken.
    fresh: [Cell<(u32, u32)>; MAX_FRESH],
    /// The archive's frames. One that was handed out is constant.
    archive: Cell<(u32, u32)>,
    /// The frame of zeros that all share who only read, or 0: a constant one.
    zeros: Cell<u32>,
    total: Cell<usize>,
    free: Cell<usize>,
}

impl FrameTable {
    /// A machine without memory.
    pub(crate) const fn empty() -> Self {
        Self {
            entries: Cell::new(&[]),
            blocks: Cell::new(&[]),
            lists: [const { Cell::new(0) }; 2],
            fresh: [const { Cell::new((0, 0)) }; MAX_FRESH],
            archive: Cell::new((0, 0)),
            zeros: Cell::new(0),
            total: Cell::new(0),
            free: Cell::new(0),
        }
    }

    /// Fills an empty table, over `entries`, whatever they hold, and `blocks`, an empty one for each [`BLOCK`] of them. Frames
    /// in `free` are free, those in `archive` are constant.
    pub(crate) fn init(
        &self,
        entries: &'static [Cell<u32>],
        blocks: &'static [Cell<Block>],
        free: &MemoryMap,
        archive: (u32, u32),
    ) {
        self.entries.set(entries);
        self.blocks.set(blocks);
        self.archive.set(archive);
        let number = |address| (address / PAGE_SIZE as u64) as u32;
        let mut total = 0;
        for (place, (start, end)) in self.fresh.iter().zip(free.ranges()) {
            place.set((number(*start), number(*end)));
            total += (end - start) as usize / PAGE_SIZE;
        }
        self.total.set(total);
        self.free.set(total);
    }

    /// How many frames there are and how many are free.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            total: self.total.get(),
            free: self.free.get(),
        }
    }

    /// The references of a taken frame.
    #[inline]
    fn entry(&self, number: u32) -> &'static Cell<u32> {
        &self.entries.get()[number as usize]
    }

    /// Whether a frame is never freed or written.
    pub(crate) fn is_constant(&self, number: u32) -> bool {
        self.entry(number).get() == CONSTANT
    }

    /// The frame of zeros that is shared; 0 when there is none yet.
    pub(crate) fn zeros(&self) -> u32 {
        self.zeros.get()
    }

    /// Makes a taken frame the one that is shared.
    pub(crate) fn set_zeros(&self, number: u32) {
        self.zeros.set(number);
        self.entry(number).set(CONSTANT);
    }

    /// The archive's frame with this number.
    pub(crate) fn archive_frame(&self, page: u32) -> Option<u32> {
        let (first, end) = self.archive.get();
        let number = first.checked_add(page).filter(|number| *number < end)?;
        self.entry(number).set(CONSTANT);
        Some(number)
    }

    /// A frame with one reference.
    pub(crate) fn take(&self) -> Option<u32> {
        if let Some(block) = self.first(List::Partial) {
            return Some(self.take_from(block));
        }
        if let Some(number) = self.take_run(1) {
            return Some(number);
        }
        let block = self.first(List::Whole)?;
        self.unlink(block, List::Whole);
        self.link(block, List::Partial);
        Some(self.take_from(block))
    }

    /// `count` frames in a row, never taken before, each with one reference.
    pub(crate) fn take_run(&self, count: u32) -> Option<u32> {
        for piece in &self.fresh {
            let (start, end) = piece.get();
            if end - start >= count {
                piece.set((start + count, end));
                self.own(start, count);
                return Some(start);
            }
        }
        None
    }

    /// A block of frames, each with one reference; the first.
    pub(crate) fn take_block(&self) -> Option<u32> {
        let Some(block) = self.first(List::Whole) else {
            return self.take_fresh_block();
        };
        self.unlink(block, List::Whole);
        self.blocks.get()[block as usize].take();
        self.own(block * BLOCK, BLOCK);
        Some(block * BLOCK)
    }

    /// The last block of some piece that was never taken.
    fn take_fresh_block(&self) -> Option<u32> {
        let is_used_up = |piece: &Cell<(u32, u32)>| piece.get().0 == piece.get().1;
        let place = self.fresh.iter().position(is_used_up);
        for index in 0..MAX_FRESH {
            let (start, end) = self.fresh[index].get();
            let cut = end / BLOCK * BLOCK;
            let Some(first) = cut.checked_sub(BLOCK).filter(|first| *first >= start) else {
                continue;
            };
            if cut < end {
                let Some(place) = place else {
                    continue;
                };
                // What is cut off is used up first: the rest may still give blocks.
                self.fresh[index.min(place)].set((cut, end));
                self.fresh[index.max(place)].set((start, first));
            } else {
                self.fresh[index].set((start, first));
            }
            self.own(first, BLOCK);
            return Some(first);
        }
        None
    }

    /// Gives `count` free frames their first reference.
    fn own(&self, first: u32, count: u32) {
        for entry in &self.entries.get()[first as usize..][..count as usize] {
            entry.set(1);
        }
        self.free.set(self.free.get() - count as usize);
    }

    /// Whether a write to the frame would be seen by somebody else, or must not be.
    pub(crate) fn is_shared(&self, number: u32) -> bool {
        self.entry(number).get() > 1
    }

    /// Counts a reference more.
    pub(crate) fn retain(&self, number: u32) {
        self.entry(number).update(|entry| entry.saturating_add(1));
    }

    /// Counts a reference less; the last one frees the frame.
    pub(crate) fn release(&self, number: u32) {
        let entry = self.entry(number);
        match entry.get() {
            CONSTANT => {}
            1 => self.give_back(number),
            references => entry.set(references - 1),
        }
    }

    fn give_back(&self, number: u32) {
        self.free.update(|free| free + 1);
        let index = number / BLOCK;
        let place = &self.blocks.get()[index as usize];
        let mut block = place.get();
        self.entry(number).set(block.freed);
        block.freed = number;
        block.count += 1;
        place.set(block);
        if block.count == 1 {
            self.link(index, List::Partial);
        } else if block.count == BLOCK {
            self.unlink(index, List::Partial);
            self.link(index, List::Whole);
        }
    }

    /// A freed frame of a block that has one.
    fn take_from(&self, index: u32) -> u32 {
        let place = &self.blocks.get()[index as usize];
        let mut block = place.get();
        let number = block.freed;
        block.freed = self.entry(number).get();
        block.count -= 1;
        place.set(block);
        if block.count == 0 {
            self.unlink(index, List::Partial);
        }
        self.own(number, 1);
        number
    }

    fn first(&self, list: List) -> Option<u32> {
        self.lists[list as usize].get().checked_sub(1)
    }

    /// Changes the block whose number plus 1 is `place`; whether that is one.
    fn change(&self, place: u32, change: impl FnOnce(&mut Block)) -> bool {
        let Some(index) = place.checked_sub(1) else {
            return false;
        };
        let cell = &self.blocks.get()[index as usize];
        let mut block = cell.get();
        change(&mut block);
        cell.set(block);
        true
    }

    fn link(&self, index: u32, list: List) {
        let behind = self.lists[list as usize].replace(index + 1);
        self.change(behind, |next| next.before = index + 1);
        self.change(index + 1, |block| {
            (block.before, block.behind) = (0, behind);
        });
    }

    fn unlink(&self, index: u32, list: List) {
        let Block { before, behind, .. } = self.blocks.get()[index as usize].get();
        if !self.change(before, |block| block.behind = behind) {
            self.lists[list as usize].set(behind);
        }
        self.change(behind, |next| next.before = before);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::boxed::Box;
    use std::collections::BTreeSet;
    use std::vec;
    use std::vec::Vec;

    use super::*;

    /// A machine of so many frames, of which `free` are.
    fn table(frames: u32, free: &[(u32, u32)]) -> FrameTable {
        table_with(frames, free, (0, 0))
    }

    fn table_with(frames: u32, free: &[(u32, u32)], archive: (u32, u32)) -> FrameTable {
        let mut map = MemoryMap::new();
        let address = |number| u64::from(number) * PAGE_SIZE as u64;
        for (start, end) in free {
            map.add(address(*start), address(*end));
        }
        let table = FrameTable::empty();
        table.init(
            vec![Cell::new(0xdead_beef); frames as usize].leak(),
            vec![Cell::default(); frames.div_ceil(BLOCK) as usize].leak(),
            &map,
            archive,
        );
        table
    }

    #[test]
    fn all_frames_are_handed_out_once() {
        let table = table(2000, &[(1, 700), (900, 2000)]);
        let taken: BTreeSet<u32> = core::iter::from_fn(|| table.take()).collect();
        assert_eq!(taken.len(), 699 + 1100);
        assert_eq!(table.usage().free, 0);
        assert!(table.take_block().is_none());
        for number in taken {
            table.release(number);
        }
        assert_eq!(table.usage().free, 699 + 1100);
        assert_eq!(table.take_block(), Some(1024));
        assert_eq!(table.take_block(), None);
    }

    #[test]
    fn block_that_came_back_in_pieces_is_one_again() {
        let table = table(1024, &[(0, 1024)]);
        let first = table.take_block().unwrap();
        assert_eq!(first, 512);
        for number in (first..first + BLOCK).rev() {
            table.release(number);
        }
        assert_eq!(table.take_block(), Some(512));
    }

    #[test]
    fn block_is_cut_out_of_the_end_of_never_taken_memory() {
        let table = table(3000, &[(3, 2900)]);
        assert_eq!(table.take_block(), Some(2048));
        assert_eq!(table.take_block(), Some(1536));
        assert_eq!(table.take(), Some(2560));
        assert_eq!(table.usage().free, 2897 - 1025);
        let rest = core::iter::from_fn(|| table.take()).count();
        assert_eq!(rest, 2897 - 1025);
    }

    #[test]
    fn constant_frames_are_neither_counted_nor_freed() {
        let table = table_with(100, &[(1, 50)], (60, 70));
        let zeros = table.take().unwrap();
        table.set_zeros(zeros);
        assert_eq!(table.zeros(), zeros);
        for number in [zeros, table.archive_frame(0).unwrap()] {
            assert!(table.is_constant(number) && table.is_shared(number));
            table.retain(number);
            table.release(number);
            table.release(number);
        }
        assert_eq!(table.usage().free, 48);
        assert_eq!(table.archive_frame(9), Some(69));
        assert_eq!(table.archive_frame(10), None);
    }

    /// Random taking and releasing, against a set of what is taken.
    #[test]
    fn nothing_is_lost_or_handed_out_twice() {
        let mut seed = 11_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (seed >> 33) as usize
        };
        let table = table(4096, &[(7, 1900), (2100, 4000)]);
        let total = table.usage().total;
        let mut single = Vec::new();
        let mut blocks = Vec::new();
        for _ in 0..20_000 {
            match random() % 8 {
                0 => blocks.extend(table.take_block()),
                1..=3 => single.extend(table.take()),
                4 if !blocks.is_empty() => {
                    let first: u32 = blocks.swap_remove(random() % blocks.len());
                    single.extend(first..first + BLOCK);
                }
                _ if !single.is_empty() => {
                    table.release(single.swap_remove(random() % single.len()));
                }
                _ => {}
            }
            let taken = single.len() + blocks.len() * BLOCK as usize;
            assert_eq!(table.usage().free, total - taken);
        }
        let all: BTreeSet<u32> = single
            .iter()
            .copied()
            .chain(blocks.iter().flat_map(|first| *first..*first + BLOCK))
            .collect();
        assert_eq!(all.len(), total - table.usage().free);
        let all: Box<[u32]> = all.into_iter().collect();
        for number in all {
            table.release(number);
        }
        assert_eq!(table.usage().free, total);
    }
}
