//! The frame table: a counter for each page of memory, and which of them are free.
//!
//! A free frame is one that was never taken (so nothing is done at boot for a page that is not needed) or one that was given
//! back. Those that were given back are kept by [`Block`], the 2 MiB that they lie in, so that a block whose frames all came
//! back is one piece again. The entry of a freed frame is the number of the next freed one of its block; of a taken one, its
//! references; of one that was never taken, nothing.

use crate::frame::Usage;

/// Frames in a block: what one large page maps.
pub(crate) const BLOCK: u32 = 512;
/// Pieces of never taken memory that are kept; smaller ones are left out when a machine has more.
const MAX_FRESH: usize = 32;

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
    entries: &'static mut [u32],
    blocks: &'static mut [Block],
    /// The first block of each [`List`], plus 1, or 0.
    lists: [u32; 2],
    /// Ranges of frames that were never taken.
    fresh: [(u32, u32); MAX_FRESH],
    /// Frames that are never counted, freed or written: the archive's.
    archive: (u32, u32),
    /// The frame of zeros that all share who only read, or 0: as the archive's.
    zeros: u32,
    usage: Usage,
}

impl FrameTable {
    /// A machine without memory.
    pub(crate) const fn empty() -> Self {
        Self {
            entries: &mut [],
            blocks: &mut [],
            lists: [0; 2],
            fresh: [(0, 0); MAX_FRESH],
            archive: (0, 0),
            zeros: 0,
            usage: Usage { total: 0, free: 0 },
        }
    }

    /// How many blocks a machine with so many frames has.
    pub(crate) const fn blocks_of(frames: u64) -> u64 {
        frames.div_ceil(BLOCK as u64)
    }

    /// The table over `entries`, whatever they hold, and as many empty `blocks` as [`blocks_of`](Self::blocks_of) says. Frames
    /// in `free` are free, those in `archive` are constant.
    pub(crate) fn new(
        entries: &'static mut [u32],
        blocks: &'static mut [Block],
        free: impl Iterator<Item = (u32, u32)>,
        archive: (u32, u32),
    ) -> Self {
        let mut table = Self {
            entries,
            blocks,
            archive,
            ..Self::empty()
        };
        // A place is left for what is cut off when the first block is taken from the end of one. Ranges come sorted; those that
        // find no place are the smallest.
        let places = &mut table.fresh[..MAX_FRESH / 2];
        let mut used = 0;
        for range in free {
            if used == places.len() {
                let sizes = places.iter().enumerate();
                let Some((smallest, _)) = sizes.min_by_key(|(_, (start, end))| end - start) else {
                    break;
                };
                if places[smallest].1 - places[smallest].0 >= range.1 - range.0 {
                    continue;
                }
                places.copy_within(smallest + 1.., smallest);
                used -= 1;
            }
            places[used] = range;
            used += 1;
        }
        let total = table.fresh.iter().map(|(s, e)| (e - s) as usize).sum();
        table.usage = Usage { total, free: total };
        table
    }

    /// How many frames there are and how many are free.
    pub(crate) fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether a frame is never freed or written.
    pub(crate) fn is_constant(&self, number: u32) -> bool {
        (self.archive.0 <= number && number < self.archive.1) || number == self.zeros
    }

    /// The frame of zeros that is shared; 0 when there is none yet.
    pub(crate) fn zeros(&self) -> u32 {
        self.zeros
    }

    /// Makes a taken frame the one that is shared.
    pub(crate) fn set_zeros(&mut self, number: u32) {
        self.zeros = number;
    }

    /// The archive's frame with this number.
    pub(crate) fn archive_frame(&self, page: u32) -> Option<u32> {
        let number = self.archive.0.checked_add(page)?;
        (number < self.archive.1).then_some(number)
    }

    /// A frame with one reference.
    pub(crate) fn take(&mut self) -> Option<u32> {
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
    pub(crate) fn take_run(&mut self, count: u32) -> Option<u32> {
        let range = self
            .fresh
            .iter_mut()
            .find(|(start, end)| end - start >= count)?;
        let first = range.0;
        range.0 += count;
        self.own(first, count);
        Some(first)
    }

    /// A block of frames, each with one reference; the first.
    pub(crate) fn take_block(&mut self) -> Option<u32> {
        let Some(block) = self.first(List::Whole) else {
            return self.take_fresh_block();
        };
        self.unlink(block, List::Whole);
        self.blocks[block as usize] = Block::default();
        self.own(block * BLOCK, BLOCK);
        Some(block * BLOCK)
    }

    /// The last block of some piece that was never taken.
    fn take_fresh_block(&mut self) -> Option<u32> {
        let place = self.fresh.iter().position(|(start, end)| start == end);
        for index in 0..MAX_FRESH {
            let (start, end) = self.fresh[index];
            let cut = end / BLOCK * BLOCK;
            let Some(first) = cut.checked_sub(BLOCK).filter(|first| *first >= start) else {
                continue;
            };
            if cut < end {
                let Some(place) = place else {
                    continue;
                };
                // What is cut off is used up first: the rest may still give blocks.
                self.fresh[index.min(place)] = (cut, end);
                self.fresh[index.max(place)] = (start, first);
            } else {
                self.fresh[index] = (start, first);
            }
            self.own(first, BLOCK);
            return Some(first);
        }
        None
    }

    /// Gives frames their first reference.
    fn own(&mut self, first: u32, count: u32) {
        self.entries[first as usize..(first + count) as usize].fill(1);
        self.usage.free -= count as usize;
    }

    /// Whether a write to the frame would be seen by somebody else, or must not be.
    pub(crate) fn is_shared(&self, number: u32) -> bool {
        self.is_constant(number) || self.entries[number as usize] > 1
    }

    /// Counts a reference more.
    pub(crate) fn retain(&mut self, number: u32) {
        if !self.is_constant(number) {
            self.entries[number as usize] += 1;
        }
    }

    /// Counts a reference less; the last one frees the frame.
    pub(crate) fn release(&mut self, number: u32) {
        if self.is_constant(number) {
            return;
        }
        let entry = &mut self.entries[number as usize];
        *entry -= 1;
        if *entry == 0 {
            self.free(number);
        }
    }

    fn free(&mut self, number: u32) {
        self.usage.free += 1;
        let index = number / BLOCK;
        let block = &mut self.blocks[index as usize];
        self.entries[number as usize] = block.freed;
        block.freed = number;
        block.count += 1;
        if block.count == 1 {
            self.link(index, List::Partial);
        } else if block.count == BLOCK {
            self.unlink(index, List::Partial);
            self.link(index, List::Whole);
        }
    }

    /// A freed frame of a block that has one.
    fn take_from(&mut self, index: u32) -> u32 {
        let block = &mut self.blocks[index as usize];
        let number = block.freed;
        block.freed = self.entries[number as usize];
        block.count -= 1;
        if block.count == 0 {
            self.unlink(index, List::Partial);
        }
        self.entries[number as usize] = 1;
        self.usage.free -= 1;
        number
    }

    fn first(&self, list: List) -> Option<u32> {
        self.lists[list as usize].checked_sub(1)
    }

    fn link(&mut self, index: u32, list: List) {
        let behind = self.lists[list as usize];
        if let Some(next) = behind.checked_sub(1) {
            self.blocks[next as usize].before = index + 1;
        }
        let block = &mut self.blocks[index as usize];
        (block.before, block.behind) = (0, behind);
        self.lists[list as usize] = index + 1;
    }

    fn unlink(&mut self, index: u32, list: List) {
        let Block { before, behind, .. } = self.blocks[index as usize];
        match before.checked_sub(1) {
            Some(before) => self.blocks[before as usize].behind = behind,
            None => self.lists[list as usize] = behind,
        }
        if let Some(next) = behind.checked_sub(1) {
            self.blocks[next as usize].before = before;
        }
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
        let blocks = FrameTable::blocks_of(u64::from(frames));
        FrameTable::new(
            vec![0xdead_beef; frames as usize].leak(),
            vec![Block::default(); usize::try_from(blocks).unwrap()].leak(),
            free.iter().copied(),
            (0, 0),
        )
    }

    #[test]
    fn all_frames_are_handed_out_once() {
        let mut table = table(2000, &[(1, 700), (900, 2000)]);
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
    fn smallest_pieces_are_left_out() {
        let pieces = |lens: &[u32]| {
            let starts = (0_u32..).map(|nth| nth * 100 + 1);
            starts.zip(lens).map(|(at, len)| (at, at + len)).collect()
        };
        let places = MAX_FRESH as u32 / 2;
        let lens: Vec<u32> = (1..places + 3).collect();
        let free: Vec<(u32, u32)> = pieces(&lens);
        assert_eq!(
            table(3000, &free).usage().total as u32,
            lens[2..].iter().sum::<u32>()
        );
        let lens: Vec<u32> = lens.into_iter().rev().collect();
        let free: Vec<(u32, u32)> = pieces(&lens);
        let kept: u32 = lens[..places as usize].iter().sum();
        assert_eq!(table(3000, &free).usage().total as u32, kept);
    }

    #[test]
    fn block_that_came_back_in_pieces_is_one_again() {
        let mut table = table(1024, &[(0, 1024)]);
        let first = table.take_block().unwrap();
        assert_eq!(first, 512);
        for number in (first..first + BLOCK).rev() {
            table.release(number);
        }
        assert_eq!(table.take_block(), Some(512));
    }

    #[test]
    fn block_is_cut_out_of_the_end_of_never_taken_memory() {
        let mut table = table(3000, &[(3, 2900)]);
        assert_eq!(table.take_block(), Some(2048));
        assert_eq!(table.take_block(), Some(1536));
        assert_eq!(table.take(), Some(2560));
        assert_eq!(table.usage().free, 2897 - 1025);
        let rest = core::iter::from_fn(|| table.take()).count();
        assert_eq!(rest, 2897 - 1025);
    }

    #[test]
    fn constant_frames_are_neither_counted_nor_freed() {
        let mut table = table(100, &[(1, 50)]);
        table.archive = (60, 70);
        let zeros = table.take().unwrap();
        table.set_zeros(zeros);
        assert_eq!(table.zeros(), zeros);
        for number in [zeros, 60, 69] {
            assert!(table.is_shared(number));
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
        let mut table = table(4096, &[(7, 1900), (2100, 4000)]);
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
