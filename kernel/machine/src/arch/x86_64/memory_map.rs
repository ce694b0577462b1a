//! Which memory there is, and which of it is free: sorted ranges without overlaps, in a fixed array.

use core::ops::Range;

use crate::address::PAGE_MASK;

/// More pieces of memory than any machine has shown; what comes beyond is left unused.
const MAX: usize = 48;

/// Sorted, disjoint, non-empty ranges of physical memory in whole pages.
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
        let at = self.ranges[..self.len].partition_point(|&(other, _)| other < start);
        self.ranges.copy_within(at..self.len, at + 1);
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
        let before = self.clone();
        self.len = 0;
        for range in before.ranges() {
            self.add(range.start, range.end.min(start).max(range.start));
            self.add(range.start.max(end).min(range.end), range.end);
        }
    }

    /// Whether all of the range is in one range of the map.
    pub(crate) fn contains(&self, start: u64, end: u64) -> bool {
        self.ranges()
            .any(|range| range.start <= start && end <= range.end)
    }
}
