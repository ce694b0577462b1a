//! The areas: sorted, never overlapping, joined where neighbours are alike.

use alloc::collections::BTreeSet;

use super::area::Area;
use super::blocks::{At, Blocks, Mapped};
use super::{Pages, budget};

/// Pages that stay free below a stack that may grow: Linux's `stack_guard_gap`.
pub(crate) const STACK_GUARD: u64 = 256;

/// Bytes that it may take for each area to list those of files: the list, what sorts it, and what it becomes.
const LISTING: usize = 128;

/// All areas.
pub(crate) struct Areas {
    blocks: Blocks,
    /// The areas of each file, from when somebody asks for them and there is memory: its identity, and their first page.
    of_files: Option<BTreeSet<(usize, u64)>>,
}

impl Areas {
    /// No areas.
    pub(crate) fn new() -> Self {
        Self {
            blocks: Blocks::new(),
            of_files: None,
        }
    }

    /// How many areas there are.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// All areas by address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pages, &Area)> {
        self.blocks.iter().map(Mapped::parts)
    }

    /// Calls `each` for the areas of a file.
    pub(crate) fn of_file(&mut self, identity: usize, mut each: impl FnMut(Pages, &Area)) {
        let Self { blocks, of_files } = self;
        let is_room = || budget::has_room_for(blocks.len().saturating_mul(LISTING));
        if of_files.is_none() && is_room() {
            *of_files = Some(blocks.iter().filter_map(entry).collect());
        }
        let Some(of_files) = of_files else {
            let all = blocks.iter().map(Mapped::parts);
            let is_its = |area: &Area| area.file().is_some_and(|file| file.identity() == identity);
            all.filter(|(_, area)| is_its(area))
                .for_each(|(pages, area)| each(pages, area));
            return;
        };
        for (_, start) in of_files.range((identity, 0)..=(identity, u64::MAX)) {
            if let Some(mapped) = blocks.get(blocks.find(*start)) {
                each(mapped.pages, &mapped.area);
            }
        }
    }

    /// The area that holds a page.
    pub(crate) fn at(&self, page: u64) -> Option<(Pages, &Area)> {
        self.at_or_behind(page)
            .filter(|(pages, _)| pages.start <= page)
    }

    /// The first area that ends behind `page`.
    pub(crate) fn at_or_behind(&self, page: u64) -> Option<(Pages, &Area)> {
        let at = self.blocks.find_behind(page);
        self.blocks.get(at).map(Mapped::parts)
    }

    /// The last area that starts below `page`, or an empty one.
    pub(crate) fn below(&self, page: u64) -> Option<(Pages, &Area)> {
        let at = self.blocks.find(page.checked_sub(1)?);
        self.blocks.get(at).map(Mapped::parts)
    }

    /// The area that starts with a run, to be changed between [`split`](Self::split) and [`join`](Self::join); not its file.
    pub(crate) fn starting_with(&mut self, run: Pages) -> Option<&mut Area> {
        let at = self.blocks.find(run.start);
        Some(&mut self.blocks.get_mut(at)?.area)
    }

    /// Puts an area where none is, and joins it with its neighbours where they are alike.
    pub(crate) fn insert(&mut self, run: Pages, area: Area) {
        let new = Mapped { pages: run, area };
        let before = self.blocks.find(run.start);
        match self.blocks.get_mut(before) {
            Some(before) if before.continues_as(&new) => before.pages.end = run.end,
            _ => match self.stack_behind(&new) {
                Some(behind) => behind.pages.start = run.start,
                None => self.put(new),
            },
        }
        self.join_at(run.end);
    }

    /// The area behind a new one, if they are one stack: that grows when no memory may be taken for another area.
    fn stack_behind(&mut self, new: &Mapped) -> Option<&mut Mapped> {
        if !new.area.grows() || new.area.file().is_some() {
            return None;
        }
        let at = self.blocks.find(new.pages.end);
        let behind = self.blocks.get_mut(at)?;
        new.continues_as(behind).then_some(behind)
    }

    /// Takes the first area, or part of one, out that lies in a run. It takes memory only where that
    /// [cuts an area in two](Self::is_cut_by).
    pub(crate) fn take(&mut self, run: Pages) -> Option<(Pages, Area)> {
        if self.is_cut_by(run) {
            self.split(Pages {
                start: run.end,
                end: run.end,
            });
        }
        let at = self.blocks.find_behind(run.start);
        let mapped = self.blocks.get_mut(at)?;
        let Pages { start, end } = mapped.pages;
        if start >= run.end {
            return None;
        }
        if start < run.start {
            let area = mapped.area.tail(run.start.saturating_sub(start));
            mapped.pages.end = run.start;
            self.blocks.note_room(at);
            let start = run.start;
            return Some((Pages { start, end }, area));
        }
        if run.end < end {
            let before = entry(mapped);
            let rest = mapped.area.tail(run.end.saturating_sub(start));
            let area = core::mem::replace(&mut mapped.area, rest);
            mapped.pages.start = run.end;
            let after = entry(mapped);
            if let (Some(of_files), Some(before)) = (&mut self.of_files, before) {
                of_files.remove(&before);
                of_files.extend(after);
            }
            self.blocks.note_room(self.blocks.find(start));
            let end = run.end;
            return Some((Pages { start, end }, area));
        }
        let Mapped { pages, area } = self.remove(at)?;
        Some((pages, area))
    }

    /// Splits areas where a run begins or ends inside them.
    pub(crate) fn split(&mut self, run: Pages) {
        for page in [run.start, run.end] {
            let at = self.blocks.find(page);
            if let Some(Mapped { pages, area }) = self.blocks.get_mut(at)
                && pages.start < page
                && page < pages.end
            {
                let area = area.tail(page.saturating_sub(pages.start));
                let end = core::mem::replace(&mut pages.end, page);
                let pages = Pages { start: page, end };
                self.put(Mapped { pages, area });
            }
        }
    }

    /// Joins areas that meet where a run begins or ends and are alike.
    pub(crate) fn join(&mut self, run: Pages) {
        self.join_at(run.start);
        self.join_at(run.end);
    }

    fn join_at(&mut self, page: u64) {
        let at = self.blocks.find(page.saturating_sub(1));
        let next = self.blocks.next(at);
        let behind = self.blocks.get(next);
        let area = self.blocks.get(at);
        if let (Some(area), Some(behind)) = (area, behind)
            && area.continues_as(behind)
        {
            let end = behind.pages.end;
            if let Some(area) = self.blocks.get_mut(at) {
                area.pages.end = end;
            }
            self.remove(next);
        }
    }

    fn put(&mut self, mapped: Mapped) {
        if let Some(of_files) = &mut self.of_files {
            of_files.extend(entry(&mapped));
        }
        self.blocks.put(mapped);
    }

    fn remove(&mut self, at: At) -> Option<Mapped> {
        let removed = self.blocks.remove(at)?;
        if let Some(of_files) = &mut self.of_files
            && let Some(entry) = entry(&removed)
        {
            of_files.remove(&entry);
        }
        Some(removed)
    }

    /// Whether taking a run out cuts an area in two.
    pub(crate) fn is_cut_by(&self, run: Pages) -> bool {
        self.at(run.start)
            .is_some_and(|(area, _)| area.start < run.start && run.end < area.end)
    }

    /// The highest free run of `count` pages that ends at or below `top` and starts at or above `bottom`.
    pub(crate) fn free_below(&self, top: u64, bottom: u64, count: u64) -> Option<Pages> {
        self.blocks.highest_room(top, bottom, count)
    }

    /// Whether no page of a run is in an area, or too near to one that grows towards it.
    pub(crate) fn is_free_with_guard(&self, run: Pages) -> bool {
        let at = self.blocks.find_behind(run.start);
        let behind = self.blocks.get(at);
        behind.is_none_or(|behind| run.end <= behind.guarded_start())
    }

    /// Whether no page of a run is in an area.
    pub(crate) fn is_free(&self, run: Pages) -> bool {
        self.at_or_behind(run.start)
            .is_none_or(|(behind, _)| run.end <= behind.start)
    }
}

/// What stands of an area among those of files.
fn entry(mapped: &Mapped) -> Option<(usize, u64)> {
    Some((mapped.area.file()?.identity(), mapped.pages.start))
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;

    use unikernel_machine::address::UserPage;
    use unikernel_machine::space::Protection;

    use super::*;
    use crate::fs::node::Node;
    use crate::memory::area::{FileBacking, Role, Sharing};
    use crate::memory::layout::numbers;
    use crate::testing::{node, operations};

    /// The page up to which may be mapped below an area.
    fn guarded(start: u64, area: &Area) -> u64 {
        start.saturating_sub(if area.grows() { STACK_GUARD } else { 0 })
    }

    /// As [`Areas::free_below`], by a walk over all areas.
    fn walked(areas: &[(Pages, &Area)], top: u64, bottom: u64, count: u64) -> Option<Pages> {
        let mut end = top;
        for (pages, area) in areas.iter().rev() {
            if pages.end < end && end - pages.end >= count {
                break;
            }
            end = top.min(guarded(pages.start, area));
        }
        Pages::new(
            end.checked_sub(count).filter(|start| *start >= bottom)?,
            end,
        )
    }

    #[test]
    fn pages_and_room_are_found_as_by_a_walk_over_all() {
        let mut random = numbers(11);
        let mut below = |limit: u64| random() % limit;
        let mut areas = Areas::new();
        let mut most = 0;
        for round in 0..operations(12_000) {
            let start = below(40_000);
            let run = Pages {
                start,
                end: start + 1 + below(9),
            };
            // Mostly growing, then mostly shrinking, several times.
            let is_shrinking = (round / 4_000) % 2 == 1;
            if below(8) == 0 || is_shrinking {
                let end = run.start + 1 + below(60);
                while areas.take(Pages { end, ..run }).is_some() {}
            } else if areas.is_free(run) {
                let mut area = Area::anonymous(Protection::READ);
                if below(8) == 0 {
                    area.role = Role::GrowsDown;
                }
                areas.insert(run, area);
            }
            most = areas.len().max(most);
            if below(16) > 0 {
                continue;
            }
            let all: alloc::vec::Vec<_> = areas.iter().collect();
            assert_eq!(areas.len(), all.len(), "round {round}");
            assert!(all.is_sorted_by(|(a, _), (b, _)| a.end <= b.start));
            let page = below(41_000);
            let walk = all.iter().find(|(pages, _)| page < pages.end);
            let found = areas.at_or_behind(page).map(|(pages, _)| pages);
            assert_eq!(
                found,
                walk.map(|(pages, _)| *pages),
                "round {round}: {page}"
            );
            let (top, bottom, count) = (below(80_000), below(20_000), 1 + below(300));
            assert_eq!(
                areas.free_below(top, bottom, count),
                walked(&all, top, bottom, count),
                "round {round}: {count} below {top}"
            );
        }
        assert!(most > 1_000, "only {most} areas");
    }

    #[test]
    fn room_below_an_area_within_a_guard_is_found() {
        let mut areas = Areas::new();
        let insert = |areas: &mut Areas, start, end, role| {
            let mut area = Area::anonymous(Protection::READ);
            area.role = role;
            areas.insert(Pages { start, end }, area);
        };
        insert(&mut areas, 100, 101, Role::Mapped);
        insert(&mut areas, 400, 401, Role::GrowsDown);
        insert(&mut areas, 401, UserPage::END, Role::Mapped);
        assert_eq!(areas.free_below(400, 0, 150), None);
        insert(&mut areas, 300, 301, Role::Mapped);
        let (start, end) = (150, 300);
        assert_eq!(areas.free_below(400, 0, 150), Some(Pages { start, end }));
    }

    #[test]
    fn room_within_a_guard_is_found_across_blocks() {
        for above in 20..80 {
            let mut areas = Areas::new();
            let insert = |areas: &mut Areas, start, role| {
                let mut area = Area::anonymous(Protection::READ);
                area.role = role;
                let end = start + 1;
                areas.insert(Pages { start, end }, area);
            };
            insert(&mut areas, 1_000, Role::GrowsDown);
            (1..=above).for_each(|n| insert(&mut areas, 1_000 + 2 * n, Role::Mapped));
            insert(&mut areas, 904, Role::Mapped);
            (1..300).for_each(|n| insert(&mut areas, 700 - 2 * n, Role::Mapped));
            let all: alloc::vec::Vec<_> = areas.iter().collect();
            let expected = walked(&all, 1_000, 760, 100);
            assert_eq!(expected.map(|run| run.start), Some(804));
            assert_eq!(areas.free_below(1_000, 760, 100), expected, "{above}");
        }
    }

    #[test]
    fn areas_are_cut_and_stacks_grow_without_another_area() {
        let mut areas = Areas::new();
        let run = |start, end| Pages { start, end };
        let mut stack = Area::anonymous(Protection::READ);
        stack.role = Role::Stack;
        areas.insert(run(1_090, 1_100), stack.clone());
        areas.insert(run(1_080, 1_090), stack);
        areas.insert(run(20, 50), Area::anonymous(Protection::READ));
        let taken = |found: Option<(Pages, Area)>| found.map(|(pages, _)| pages);
        assert_eq!(taken(areas.take(run(40, 60))), Some(run(40, 50)));
        assert_eq!(taken(areas.take(run(40, 60))), None);
        assert_eq!(taken(areas.take(run(10, 25))), Some(run(20, 25)));
        let left: alloc::vec::Vec<_> = areas.iter().map(|(pages, _)| pages).collect();
        assert_eq!(left, [run(25, 40), run(1_080, 1_100)]);
        assert_eq!(areas.free_below(80, 0, 40), Some(run(40, 80)));
        assert_eq!(areas.free_below(40, 0, 25), Some(run(0, 25)));
    }

    #[test]
    fn areas_of_a_file_are_found_however_they_change() {
        let mut areas = Areas::new();
        let file = |node: &Rc<Node>| FileBacking {
            node: node.clone(),
            first: 0,
            sharing: Sharing::Private,
        };
        let (one, other) = (node(), node());
        let run = |start, end| Pages { start, end };
        let starts = |areas: &mut Areas, node: &Rc<Node>| -> alloc::vec::Vec<u64> {
            let mut starts = alloc::vec::Vec::new();
            areas.of_file(file(node).identity(), |pages, _| starts.push(pages.start));
            starts
        };
        areas.insert(run(20, 30), Area::of_file(Protection::READ, file(&one)));
        areas.insert(run(40, 50), Area::of_file(Protection::READ, file(&other)));
        assert_eq!(starts(&mut areas, &one), [20]);
        areas.take(run(24, 26));
        areas.insert(run(60, 70), Area::of_file(Protection::READ, file(&one)));
        assert_eq!(starts(&mut areas, &one), [20, 26, 60]);
        areas.take(run(20, 24));
        assert_eq!(starts(&mut areas, &one), [26, 60]);
        assert_eq!(starts(&mut areas, &other), [40]);
    }
}
