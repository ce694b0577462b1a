//! The program's address space: what it mapped, and the pages that are there so far.
//!
//! An [`area`](area::Area) is a run of pages with one protection and one backing; [`areas`] keeps them apart and sorted, in
//! [`blocks`] that know what is free between them.
//! [`AddressSpace`] joins them with the machine's page table: a page is made when it is first touched ([`fault`]), by the
//! program or by a system call's copy ([`copy`]), or ahead ([`resident`]). [`map`], [`protect`], [`remap`], [`advise`] and
//! [`brk`] are what the system calls of those names do; [`layout`] and [`place`] say where things go, [`budget`] how much memory
//! a program may take; [`changes`] is how mappings follow what happens to their files, [`usage`] what
//! areas have taken.

pub(crate) mod advise;
pub(crate) mod area;
pub(crate) mod areas;
mod blocks;
pub(crate) mod brk;
pub(crate) mod budget;
pub(crate) mod changes;
pub(crate) mod copy;
pub(crate) mod fault;
pub(crate) mod layout;
pub(crate) mod map;
#[cfg(test)]
mod model;
pub(crate) mod place;
pub(crate) mod protect;
pub(crate) mod remap;
pub(crate) mod resident;
#[cfg(test)]
mod tests;
pub(crate) mod usage;

use alloc::rc::Rc;
use alloc::vec::Vec;

use unikernel_machine::address::UserPage;
use unikernel_machine::space::Space;

use self::area::{Area, Locked};
use self::areas::Areas;
use self::brk::Break;
use self::changes::Changes;
use self::layout::Layout;
use crate::errno::Errno;
use crate::fs::node::Node;

/// A page's length.
pub(crate) const PAGE: u64 = unikernel_machine::address::PAGE_SIZE as u64;

/// More areas than this are refused, as Linux does (`vm.max_map_count`): it bounds what the kernel remembers for a program.
pub(crate) const MAX_AREAS: usize = 65_530;

/// A run of page numbers in the program's half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pages {
    /// The first.
    pub(crate) start: u64,
    /// The first behind it; never below `start`, never above [`UserPage::END`] but where [`alleged`](Self::alleged) made it.
    pub(crate) end: u64,
}

impl Pages {
    /// The pages `start..end`, if they are a run of at least one in the program's half.
    pub(crate) fn new(start: u64, end: u64) -> Option<Self> {
        (start < end && end <= UserPage::END).then_some(Self { start, end })
    }

    /// The pages that `len` bytes from the page-aligned `address` touch.
    pub(crate) fn of_bytes(address: u64, len: u64) -> Option<Self> {
        let count = len.checked_add(PAGE.wrapping_sub(1))? / PAGE;
        let start = address / PAGE;
        Self::new(start, start.checked_add(count)?)
    }

    /// The pages that a program alleges, even beyond its half, where none is mapped: `len` is rounded up by an addition that
    /// overflows, as Linux's `PAGE_ALIGN` does. `None` when the end overflows; empty when nothing is left.
    pub(crate) fn alleged(address: u64, len: u64) -> Option<Self> {
        let rounded = len.wrapping_add(PAGE.wrapping_sub(1)) & !PAGE.wrapping_sub(1);
        let end = address.checked_add(rounded)?;
        Some(Self {
            start: address / PAGE,
            end: end / PAGE,
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The address of the first byte.
    pub(crate) fn address(&self) -> u64 {
        self.start.saturating_mul(PAGE)
    }

    /// As the machine wants them.
    fn range(&self) -> core::ops::Range<u64> {
        self.start..self.end
    }
}

/// A program's memory.
pub(crate) struct AddressSpace {
    space: Space,
    areas: Areas,
    layout: Layout,
    brk: Break,
    /// What new mappings are (`MCL_FUTURE`).
    future: Locked,
    /// What happened to mapped files.
    changes: Changes,
    /// Files that were written to by their mappings.
    written: Vec<Rc<Node>>,
}

impl AddressSpace {
    /// An empty address space, made the active one.
    pub(crate) fn new(layout: Layout) -> Result<Self, Errno> {
        let space = Space::new().map_err(|_| Errno::ENOMEM)?;
        space.activate();
        Ok(Self {
            space,
            areas: Areas::new(),
            layout,
            brk: Break::default(),
            future: Locked::No,
            changes: Changes::default(),
            written: Vec::new(),
        })
    }

    /// Where things go.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The area that holds an address.
    pub(crate) fn area_at(&self, address: u64) -> Option<(Pages, &Area)> {
        self.areas.at(address / PAGE)
    }

    /// All areas by address.
    pub(crate) fn areas(&self) -> impl Iterator<Item = (Pages, &Area)> {
        self.areas.iter()
    }

    /// Puts an area where nothing is. Its pages that must be there but can't be had are left to the program's own touch, as
    /// mmap(2) says of `MAP_POPULATE`.
    fn insert(&mut self, pages: Pages, area: Area) -> Result<(), Errno> {
        if self.areas.len() >= MAX_AREAS {
            return Err(Errno::ENOMEM);
        }
        self.watch(&area);
        let locked = area.locked;
        self.areas.insert(pages, area);
        if locked == Locked::AtOnce {
            let _ = self.populate(pages);
        }
        Ok(())
    }
}
