//! The free runs between areas, so that one that is long enough is found without a walk over the areas.
//!
//! They stand by address in blocks that know their longest: a search passes over blocks and looks into one, where Linux
//! descends a tree (`mm/vma.c`). With as many areas as there may be, that is some hundreds of steps, whatever the program does.

use alloc::vec::Vec;

use super::Pages;

/// Most gaps of one block; a page of them.
const MOST: usize = 256;

/// Gaps by their first page; never overlapping.
#[derive(Default)]
pub(super) struct Gaps(Vec<Block>);

/// Some gaps that follow each other, at least one.
struct Block {
    gaps: Vec<Pages>,
    longest: u64,
}

impl Gaps {
    /// The gap that starts at `start` ends at `end` from now on: it is made, changed, or is no more when nothing is left.
    pub(super) fn set(&mut self, start: u64, end: u64) {
        let index = self.block_of(start);
        let Some(block) = self.0.get_mut(index) else {
            if start < end {
                self.0.push(Block::new(alloc::vec![Pages { start, end }]));
            }
            return;
        };
        block.set(start, end);
        match block.gaps.len() {
            0 => drop(self.0.remove(index)),
            MOST.. => {
                let upper = Block::new(block.gaps.split_off(MOST / 2));
                block.measure();
                self.0.insert(index.saturating_add(1), upper);
            }
            _ if start < end => {}
            _ => {
                self.join(index);
                if let Some(before) = index.checked_sub(1) {
                    self.join(before);
                }
            }
        }
    }

    /// The highest run of `count` pages below `top` and not below `bottom`.
    pub(super) fn highest(&self, top: u64, bottom: u64, count: u64) -> Option<Pages> {
        let blocks = self.0.get(..=self.block_of(top)).unwrap_or(&self.0);
        let mut gaps = blocks
            .iter()
            .rev()
            .filter(|block| block.longest >= count)
            .flat_map(|block| block.gaps.iter().rev());
        let room = gaps.find_map(|gap| {
            let (start, end) = (gap.start.max(bottom), gap.end.min(top));
            (end.saturating_sub(start) >= count).then_some(end)
        })?;
        Pages::new(room.saturating_sub(count), room)
    }

    /// The last block that starts at or below a page; the first one, when none does.
    fn block_of(&self, page: u64) -> usize {
        let behind = self.0.partition_point(|block| block.start() <= page);
        behind.saturating_sub(1)
    }

    /// Joins a block with the next one when both are nearly empty, so that blocks stay few.
    fn join(&mut self, index: usize) {
        let next = index.saturating_add(1);
        let [Some(block), Some(other)] = [self.0.get(index), self.0.get(next)] else {
            return;
        };
        if block.gaps.len().saturating_add(other.gaps.len()) > MOST / 4 {
            return;
        }
        let mut upper = self.0.remove(next);
        if let Some(block) = self.0.get_mut(index) {
            block.gaps.append(&mut upper.gaps);
            block.measure();
        }
    }
}

impl Block {
    fn new(gaps: Vec<Pages>) -> Self {
        let mut block = Self { gaps, longest: 0 };
        block.measure();
        block
    }

    fn start(&self) -> u64 {
        self.gaps.first().map_or(0, |gap| gap.start)
    }

    fn measure(&mut self) {
        self.longest = self.gaps.iter().map(Pages::count).max().unwrap_or(0);
    }

    fn set(&mut self, start: u64, end: u64) {
        let count = end.saturating_sub(start);
        let before = match self.gaps.binary_search_by_key(&start, |gap| gap.start) {
            Ok(at) if count == 0 => self.gaps.remove(at).count(),
            Ok(at) => match self.gaps.get_mut(at) {
                Some(gap) => {
                    let before = gap.count();
                    gap.end = end;
                    before
                }
                None => 0,
            },
            Err(_) if count == 0 => return,
            Err(at) => {
                self.gaps.insert(at, Pages { start, end });
                0
            }
        };
        if count >= self.longest {
            self.longest = count;
        } else if before == self.longest {
            self.measure();
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;
    use crate::memory::layout::numbers;
    use crate::testing::operations;

    #[test]
    fn highest_is_found_as_by_a_walk_over_all() {
        let mut random = numbers(3);
        let mut below = |limit: u64| random() % limit;
        let (mut gaps, mut model) = (Gaps::default(), BTreeMap::new());
        for round in 0..operations(12_000) as u64 {
            // Mostly growing, then mostly shrinking, several times.
            let is_shrinking = (round / 4_000) % 2 == 1;
            let start = below(4_000) * 10;
            let end = start
                + if is_shrinking && below(8) > 0 {
                    0
                } else {
                    below(10)
                };
            gaps.set(start, end);
            if start < end {
                model.insert(start, end);
            } else {
                model.remove(&start);
            }
            let (top, bottom, count) = (below(41_000), below(20_000), 1 + below(9));
            let expected = model.iter().rev().find_map(|(start, end)| {
                let (start, end) = ((*start).max(bottom), (*end).min(top));
                (start + count <= end).then(|| Pages {
                    start: end - count,
                    end,
                })
            });
            assert_eq!(gaps.highest(top, bottom, count), expected, "round {round}");
        }
    }

    #[test]
    fn blocks_stay_few() {
        let mut gaps = Gaps::default();
        let starts = (0..60_000).map(|index| index * 2);
        starts.clone().for_each(|start| gaps.set(start, start + 1));
        assert!(gaps.0.len() <= 60_000 / (MOST / 2) + 1);
        let removed = starts.clone().filter(|start| start % 100 > 0);
        removed.for_each(|start| gaps.set(start, start));
        assert!(gaps.0.len() <= 1_200 / (MOST / 8) + 1, "{}", gaps.0.len());
        starts.for_each(|start| gaps.set(start, start));
        assert_eq!(gaps.0.len(), 0);
    }
}
