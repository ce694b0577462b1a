//! Which memory there is, and which of it is free: ranges without overlaps, in a fixed array.

use crate::address::PAGE_MASK;

/// More pieces of memory than any machine has shown; what comes beyond is left unused.
pub(crate) const MAX: usize = 48;

/// Disjoint ranges of physical memory in whole pages, start and end, in any order. Unused places hold empty ones.
#[derive(Clone)]
pub(crate) struct MemoryMap([(u64, u64); MAX]);

impl MemoryMap {
    pub(crate) const fn new() -> Self {
        Self([(0, 0); MAX])
    }

    /// All ranges, among them empty ones.
    pub(crate) fn ranges(&self) -> &[(u64, u64); MAX] {
        &self.0
    }

    /// Adds the whole pages of a range that the map does not overlap.
    pub(crate) fn add(&mut self, start: u64, end: u64) {
        let start = start.saturating_add(PAGE_MASK) & !PAGE_MASK;
        let end = end & !PAGE_MASK;
        if start < end
            && let Some(unused) = self.0.iter_mut().find(|(from, to)| from == to)
        {
            *unused = (start, end);
        }
    }

    /// Takes out every page that the range touches.
    pub(crate) fn remove(&mut self, start: u64, end: u64) {
        let start = start & !PAGE_MASK;
        let end = end.saturating_add(PAGE_MASK) & !PAGE_MASK;
        let mut behind = (0, 0);
        for (from, to) in &mut self.0 {
            let (first, last) = ((*from).max(start), (*to).min(end));
            if first >= last {
                continue;
            }
            // What is left of a range is what is before; or behind, for which only a split one needs a place more.
            if *from < first {
                behind = (last, *to);
                *to = first;
            } else {
                *from = last;
            }
        }
        self.add(behind.0, behind.1);
    }

    /// Whether all of the range is in one range of the map.
    pub(crate) fn contains(&self, start: u64, end: u64) -> bool {
        self.0.iter().any(|(from, to)| *from <= start && end <= *to)
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
        let ranges = map.ranges().iter().filter(|(start, end)| start != end);
        let mut found: Vec<_> = ranges.copied().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_whole_pages_count() {
        check(|map| map.add(0, 0x9_fc00), &[(0, 0x9_f000)]);
        check(|map| map.add(1, 0x1fff), &[]);
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
    fn place_of_what_was_removed_is_used_again() {
        check(
            |map| {
                for page in 0..2 * MAX as u64 {
                    map.add(page << 12, (page + 1) << 12);
                    map.remove(page << 12, (page + 1) << 12);
                }
                map.add(0, 0x2000);
            },
            &[(0, 0x2000)],
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
