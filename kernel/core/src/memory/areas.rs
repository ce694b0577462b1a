//! The tree of areas: sorted, never overlapping, joined where neighbours are alike.

use alloc::collections::{BTreeMap, BTreeSet};

use unikernel_machine::address::UserPage;

use super::Pages;
use super::area::Area;
use super::gaps::Gaps;

/// Pages that stay free below a stack that may grow: Linux's `stack_guard_gap`.
pub(crate) const STACK_GUARD: u64 = 256;

/// All areas.
pub(crate) struct Areas {
    /// By their first page, with the page behind their last.
    tree: BTreeMap<u64, (u64, Area)>,
    /// Where none is; a gap starts behind an area, or at 0, and ends where may be mapped below the next.
    gaps: Gaps,
    /// The areas of each file: its identity, and their first page.
    of_files: BTreeSet<(usize, u64)>,
}

impl Areas {
    /// No areas.
    pub(crate) fn new() -> Self {
        let mut gaps = Gaps::default();
        gaps.set(0, UserPage::END);
        Self {
            tree: BTreeMap::new(),
            gaps,
            of_files: BTreeSet::new(),
        }
    }

    /// How many areas there are.
    pub(crate) fn len(&self) -> usize {
        self.tree.len()
    }

    /// All areas by address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pages, &Area)> {
        self.tree
            .iter()
            .map(|(start, (end, area))| (pages(*start, *end), area))
    }

    /// The areas of a file.
    pub(crate) fn of_file(&self, identity: usize) -> impl Iterator<Item = (Pages, &Area)> {
        self.of_files
            .range((identity, 0)..=(identity, u64::MAX))
            .filter_map(|(_, start)| self.at(*start))
    }

    /// The area that holds a page.
    pub(crate) fn at(&self, page: u64) -> Option<(Pages, &Area)> {
        let (start, (end, area)) = self.tree.range(..=page).next_back()?;
        (page < *end).then(|| (pages(*start, *end), area))
    }

    /// The first area that ends behind `page`.
    pub(crate) fn at_or_behind(&self, page: u64) -> Option<(Pages, &Area)> {
        self.at(page).or_else(|| {
            let (start, (end, area)) = self.tree.range(page..).next()?;
            Some((pages(*start, *end), area))
        })
    }

    /// The areas that have pages in a run, each with its own pages.
    pub(crate) fn within(&self, run: Pages) -> impl Iterator<Item = (Pages, &Area)> {
        let first = self
            .at(run.start)
            .map_or(run.start, |(first, _)| first.start);
        self.tree
            .range(first..run.end)
            .map(|(start, (end, area))| (pages(*start, *end), area))
    }

    /// Puts an area where none is, and joins it with its neighbours where they are alike.
    pub(crate) fn insert(&mut self, run: Pages, area: Area) {
        let mut start = run.start;
        let mut end = run.end;
        let mut area = area;
        let guarded = with_guard(run.start, &area);
        let before = self.tree.range(..run.start).next_back();
        let gap_start = before.map_or(0, |(_, (end, _))| *end);
        if let Some((before_start, (_, neighbour))) = before
            && gap_start == run.start
            && neighbour.continues_as(run.start.saturating_sub(*before_start), &area)
        {
            start = *before_start;
            area = neighbour.clone();
        }
        let behind = self.tree.range(run.end..).next();
        if let Some((behind_start, (behind_end, neighbour))) = behind
            && *behind_start == run.end
            && area.continues_as(run.end.saturating_sub(start), neighbour)
        {
            end = *behind_end;
            self.remove(run.end);
        } else {
            let free = free_up_to(behind);
            self.gaps.set(run.end, free);
        }
        self.gaps.set(gap_start, guarded);
        self.put(start, end, area);
    }

    /// Takes the first area, or part of one, out that lies in a run; an area is split where the run begins or ends inside it.
    pub(crate) fn take(&mut self, run: Pages) -> Option<(Pages, Area)> {
        let (found, _) = self.at_or_behind(run.start)?;
        let (start, inside) = (found.start, found.intersection(&run)?);
        let (end, area) = self.remove(start)?;
        let free = if inside.end < end {
            let tail = area.tail(inside.end.saturating_sub(start));
            let free = with_guard(inside.end, &tail);
            self.put(inside.end, end, tail);
            free
        } else {
            let free = free_up_to(self.tree.range(end..).next());
            self.gaps.set(end, end);
            free
        };
        let middle = area.tail(inside.start.saturating_sub(start));
        if start < inside.start {
            self.put(start, inside.start, area);
            self.gaps.set(inside.start, free);
        } else {
            let before = self.tree.range(..start).next_back();
            self.gaps.set(before.map_or(0, |(_, (end, _))| *end), free);
        }
        Some((inside, middle))
    }

    fn put(&mut self, start: u64, end: u64, area: Area) {
        if let Some(file) = area.file() {
            self.of_files.insert((file.identity(), start));
        }
        self.tree.insert(start, (end, area));
    }

    fn remove(&mut self, start: u64) -> Option<(u64, Area)> {
        let found = self.tree.remove(&start)?;
        if let Some(file) = found.1.file() {
            self.of_files.remove(&(file.identity(), start));
        }
        Some(found)
    }

    /// Whether taking a run out cuts an area in two.
    pub(crate) fn is_cut_by(&self, run: Pages) -> bool {
        self.at(run.start)
            .is_some_and(|(area, _)| area.start < run.start && run.end < area.end)
    }

    /// The highest free run of `count` pages that ends at or below `top` and starts at or above `bottom`.
    pub(crate) fn free_below(&self, top: u64, bottom: u64, count: u64) -> Option<Pages> {
        self.gaps.highest(top, bottom, count)
    }

    /// Whether no page of a run is in an area, or too near to one that grows towards it.
    pub(crate) fn is_free_with_guard(&self, run: Pages) -> bool {
        self.at_or_behind(run.start)
            .is_none_or(|(behind, area)| run.end <= with_guard(behind.start, area))
    }

    /// Whether no page of a run is in an area.
    pub(crate) fn is_free(&self, run: Pages) -> bool {
        self.within(run).next().is_none()
    }
}

/// The page up to which may be mapped below an area.
fn with_guard(start: u64, area: &Area) -> u64 {
    if area.grows() {
        start.saturating_sub(STACK_GUARD)
    } else {
        start
    }
}

/// Up to where may be mapped below this area, or in the program's half when there is none.
fn free_up_to(behind: Option<(&u64, &(u64, Area))>) -> u64 {
    behind.map_or(UserPage::END, |(start, (_, area))| with_guard(*start, area))
}

fn pages(start: u64, end: u64) -> Pages {
    Pages { start, end }
}

#[cfg(test)]
mod tests {
    use unikernel_machine::space::Protection;

    use super::*;
    use crate::memory::area::Role;
    use crate::memory::layout::numbers;
    use crate::testing::operations;

    /// As [`Areas::free_below`], by a walk over all areas.
    fn walked(areas: &Areas, top: u64, bottom: u64, count: u64) -> Option<Pages> {
        let mut end = top;
        for (pages, area) in areas.iter().collect::<alloc::vec::Vec<_>>().iter().rev() {
            if pages.end < end && end - pages.end >= count {
                break;
            }
            end = top.min(with_guard(pages.start, area));
        }
        Pages::new(
            end.checked_sub(count).filter(|start| *start >= bottom)?,
            end,
        )
    }

    #[test]
    fn room_is_found_as_by_a_walk_over_all() {
        let mut random = numbers(11);
        let mut below = |limit: u64| random() % limit;
        let mut areas = Areas::new();
        for round in 0..operations(10_000) {
            let start = below(20_000);
            let run = Pages {
                start,
                end: start + 1 + below(60),
            };
            if below(3) == 0 {
                while areas.take(run).is_some() {}
            } else if areas.is_free(run) {
                let mut area = Area::anonymous(Protection::READ);
                if below(8) == 0 {
                    area.role = Role::GrowsDown;
                }
                areas.insert(run, area);
            }
            let (top, bottom, count) = (below(40_000), below(9_000), 1 + below(300));
            assert_eq!(
                areas.free_below(top, bottom, count),
                walked(&areas, top, bottom, count),
                "round {round}: {count} below {top}"
            );
        }
    }
}
