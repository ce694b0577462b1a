//! The tree of areas: sorted, never overlapping, joined where neighbours are alike.

use alloc::collections::BTreeMap;

use super::Pages;
use super::area::Area;

/// Pages that stay free below a stack that may grow: Linux's `stack_guard_gap`.
pub(crate) const STACK_GUARD: u64 = 256;

/// Areas by their first page, with the page behind their last.
#[derive(Default)]
pub(crate) struct Areas(BTreeMap<u64, (u64, Area)>);

impl Areas {
    /// How many areas there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All areas by address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pages, &Area)> {
        self.0
            .iter()
            .map(|(start, (end, area))| (pages(*start, *end), area))
    }

    /// The area that holds a page.
    pub(crate) fn at(&self, page: u64) -> Option<(Pages, &Area)> {
        let (start, (end, area)) = self.0.range(..=page).next_back()?;
        (page < *end).then(|| (pages(*start, *end), area))
    }

    /// The first area that ends behind `page`.
    pub(crate) fn at_or_behind(&self, page: u64) -> Option<(Pages, &Area)> {
        self.at(page).or_else(|| {
            let (start, (end, area)) = self.0.range(page..).next()?;
            Some((pages(*start, *end), area))
        })
    }

    /// The areas that have pages in a run, each with its own pages.
    pub(crate) fn within(&self, run: Pages) -> impl Iterator<Item = (Pages, &Area)> {
        let first = self
            .at(run.start)
            .map_or(run.start, |(first, _)| first.start);
        self.0
            .range(first..run.end)
            .map(|(start, (end, area))| (pages(*start, *end), area))
    }

    /// Puts an area where none is, and joins it with its neighbours where they are alike.
    pub(crate) fn insert(&mut self, run: Pages, area: Area) {
        let mut start = run.start;
        let mut end = run.end;
        let mut area = area;
        if let Some((before, neighbour)) = run.start.checked_sub(1).and_then(|page| self.at(page))
            && neighbour.continues_as(before.count(), &area)
        {
            start = before.start;
            area = neighbour.clone();
        }
        if let Some((behind_end, neighbour)) = self.0.get(&run.end)
            && area.continues_as(run.end.saturating_sub(start), neighbour)
        {
            end = *behind_end;
            self.0.remove(&run.end);
        }
        self.0.insert(start, (end, area));
    }

    /// Takes the first area, or part of one, out that lies in a run; an area is split where the run begins or ends inside it.
    pub(crate) fn take(&mut self, run: Pages) -> Option<(Pages, Area)> {
        let (start, inside) = self
            .within(run)
            .find_map(|(area, _)| Some((area.start, area.intersection(&run)?)))?;
        let (end, area) = self.0.remove(&start)?;
        if inside.end < end {
            let tail = area.tail(inside.end.saturating_sub(start));
            self.0.insert(inside.end, (end, tail));
        }
        let middle = area.tail(inside.start.saturating_sub(start));
        if start < inside.start {
            self.0.insert(start, (inside.start, area));
        }
        Some((inside, middle))
    }

    /// Whether taking a run out cuts an area in two.
    pub(crate) fn is_cut_by(&self, run: Pages) -> bool {
        self.at(run.start)
            .is_some_and(|(area, _)| area.start < run.start && run.end < area.end)
    }

    /// The highest free run of `count` pages that ends at or below `top` and starts at or above `bottom`.
    pub(crate) fn free_below(&self, top: u64, bottom: u64, count: u64) -> Option<Pages> {
        let mut end = top;
        for (start, (area_end, area)) in self.0.range(..top).rev() {
            if *area_end < end && end.saturating_sub(*area_end) >= count {
                break;
            }
            end = end.min(with_guard(*start, area));
        }
        let start = end.checked_sub(count)?;
        (start >= bottom).then_some(())?;
        Pages::new(start, end)
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

fn pages(start: u64, end: u64) -> Pages {
    Pages { start, end }
}
