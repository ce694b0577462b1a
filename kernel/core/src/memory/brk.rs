//! The heap's end: brk(2).

use super::area::{Area, Role};
use super::{AddressSpace, PAGE, Pages, budget};

/// Where the heap lies, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Break {
    start: u64,
    end: u64,
}

impl AddressSpace {
    /// Lets the heap begin, empty, behind the page-aligned `program_end`.
    pub(crate) fn start_heap(&mut self, program_end: u64) {
        let start = program_end.saturating_add(self.layout.heap_gap.saturating_mul(PAGE));
        self.brk = Break { start, end: start };
    }

    /// Moves the heap's end to `wanted` if that can be; the end then.
    pub(crate) fn set_break(&mut self, wanted: u64) -> u64 {
        if wanted >= self.brk.start && self.try_set_break(wanted).is_some() {
            self.brk.end = wanted;
        }
        self.brk.end
    }

    fn try_set_break(&mut self, wanted: u64) -> Option<()> {
        let (old, new) = (self.brk.end.div_ceil(PAGE), wanted.div_ceil(PAGE));
        if let Some(freed) = Pages::new(new, old) {
            self.unmap(freed).ok()?;
        }
        if new <= old {
            return Some(());
        }
        let grown = Pages::new(old, new)?;
        // A page of distance, so that an overflow of the heap faults.
        let with_gap = Pages::new(old, new.saturating_add(1))?;
        budget::allow_pages(new.saturating_sub(self.brk.start / PAGE)).ok()?;
        self.allow_kernel_memory().ok()?;
        if !self.areas.is_free(with_gap) {
            return None;
        }
        let mut area = Area::anonymous(super::protect::READ_WRITE);
        area.role = Role::Heap;
        area.locked = self.future;
        self.insert(grown, area).ok()?;
        Some(())
    }
}
