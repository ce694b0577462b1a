//! Which memory there is, and which of it is free: sorted ranges without overlaps, in a fixed array.

use core::ops::Range;

use crate::address::PAGE_MASK;

/// More pieces of memory than any machine has shown; what comes beyond is left unused.
const MAX: usize = 48;

/// Sorted, disjoint ranges of physical memory in whole pages. One of which all was taken out is empty.
#[derive(Clone)]
pub(crate) struct MemoryMap {
    ranges: [(u64, u64); MAX],
    len: usize,
}

impl MemoryMap {
    pub(crate) const fn new() -> Self {
        Self {
            ranges: [(0, 0); MAX],
            len: 0,
        }
    }

    pub(crate) fn ranges(&self) -> impl DoubleEndedIterator<Item = Range<u64>> + '_ {
        self.ranges[..self.len]
            .iter()
            .map(|&(start, end)| start..end)
    }

    /// Adds the whole pages of a range that the map does not overlap.
    pub(crate) fn add(&mut self, start: u64, end: u64) {
        let start = start.saturating_add(PAGE_MASK) & !PAGE_MASK;
        let end = end & !PAGE_MASK;
        if start >= end || self.len == MAX {
            return;
        }
        let mut at = self.len;
        while at > 0 && self.ranges[at - 1].0 > start {
            self.ranges[at] = self.ranges[at - 1];
            at -= 1;
        }
        self.ranges[at] = (start, end);
        self.len += 1;
    }

    /// Takes out every page that the range touches.
    pub(crate) fn remove(&mut self, start: u64, end: u64) {
        let start = start & !PAGE_MASK;
        let end = end.saturating_add(PAGE_MASK) & !PAGE_MASK;
        if start >= end {
            return;
        }
        for index in 0..self.len {
            let (from, to) = self.ranges[index];
            if end <= from || to <= start {
                continue;
            }
            if start <= from {
                self.ranges[index].0 = end.min(to);
            } else {
                self.ranges[index].1 = start;
                // If there is anything, no other range is touched.
                self.add(end, to);
            }
        }
    }

    /// Whether all of the range is in one range of the map.
    pub(crate) fn contains(&self, start: u64, end: u64) -> bool {
        self.ranges()
            .any(|range| range.start <= start && end <= range.end)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    fn check(build: impl FnOnce(&mut MemoryMap), expected: &[(u64, u64)]) {
        let mut map = MemoryMap::new();
        build(&mut map);
        let ranges = map.ranges().filter(|range| !range.is_empty());
        let found: Vec<_> = ranges.map(|range| (range.start, range.end)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_whole_pages_count() {
        check(|map| map.add(0, 0x9_fc00), &[(0, 0x9_f000)]);
        check(|map| map.add(1, 0x1fff), &[]);
    }

    #[test]
    fn ranges_are_sorted() {
        check(
            |map| {
                map.add(0x10_0000, 0x20_0000);
                map.add(0, 0x1000);
            },
            &[(0, 0x1000), (0x10_0000, 0x20_0000)],
        );
    }

    #[test]
    fn removing_splits_and_takes_touched_pages() {
        check(
            |map| {
                map.add(0, 0x8000);
                map.remove(0x2001, 0x3001);
                map.remove(0x7fff, u64::MAX);
            },
            &[(0, 0x2000), (0x4000, 0x7000)],
        );
    }

    #[test]
    fn removing_goes_across_ranges() {
        check(
            |map| {
                map.add(0, 0x4000);
                map.add(0x5000, 0x6000);
                map.add(0x7000, 0x9000);
                map.remove(0x2000, 0x8000);
            },
            &[(0, 0x2000), (0x8000, 0x9000)],
        );
    }

    #[test]
    fn removing_nothing_changes_nothing() {
        check(
            |map| {
                map.add(0, 0x8000);
                map.remove(0x9000, 0xa000);
                map.remove(0, 0);
            },
            &[(0, 0x8000)],
        );
    }

    #[test]
    fn a_piece_across_a_hole_is_not_contained() {
        let mut map = MemoryMap::new();
        map.add(0, 0x2000);
        map.add(0x3000, 0x5000);
        assert!(map.contains(0x1000, 0x2000));
        assert!(!map.contains(0x1000, 0x4000));
        assert!(!map.contains(0x4000, 0x6000));
    }
}
