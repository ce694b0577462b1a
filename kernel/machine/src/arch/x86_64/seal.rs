//! The kernel's own page table, built once: what is executed is not writable, what is writable is not executed, and what need
//! not be there is gone.

use core::ops::Range;

use super::features::has_huge_pages;
use super::instruction::load_page_table;
use super::layout::{DEVICE_BASE, DIRECT_BASE, HEAP_BASE, KERNEL_BASE, kernel_parts};
use super::one_cpu::OneCpu;
use super::paging::{ENTRIES, LEVELS, NO_EXECUTE, PRESENT, Table, WRITABLE, index, map_kernel};
use crate::address::PAGE_SIZE;
use crate::memory_map::MemoryMap;

const PAGE: u64 = PAGE_SIZE as u64;
const READ_ONLY: u64 = NO_EXECUTE;
const READ_WRITE: u64 = NO_EXECUTE | WRITABLE;
const EXECUTE: u64 = 0;

static ROOT: OneCpu<Option<Table>> = OneCpu::new(None);

/// The root of the kernel's page table. Its upper half is every space's upper half; its lower half is empty.
pub(crate) fn kernel_root() -> Table {
    ROOT.borrow()
        .expect("the kernel is sealed before it uses its page table")
}

/// Builds the table and switches to it. `archive` is page-aligned and never writable again.
pub(crate) fn seal(memory: &MemoryMap, archive: Range<u64>) {
    let root = build(memory, archive).expect("there is no memory for the kernel's page table");
    // SAFETY: it maps the kernel and all memory where they were.
    unsafe { load_page_table(root.0) };
    *ROOT.borrow() = Some(root);
}

fn build(memory: &MemoryMap, archive: Range<u64>) -> Option<Table> {
    let root = Table::create()?;
    for start in [DIRECT_BASE, DEVICE_BASE, HEAP_BASE, KERNEL_BASE] {
        let child = Table::create()?;
        // SAFETY: the root is not in use yet. The entries are made now because spaces copy them.
        unsafe { root.set(index(start, LEVELS - 1), child.0 | PRESENT | WRITABLE) };
    }
    let parts = kernel_parts();
    for (range, flags) in [
        (parts.start..parts.text, READ_ONLY),
        (parts.text..parts.data, EXECUTE),
        (parts.data..parts.guard, READ_WRITE),
        (parts.guard + PAGE..parts.end, READ_WRITE),
    ] {
        // SAFETY: the table is not in use yet; the parts are what the linker script says they are.
        unsafe {
            map_kernel(
                root,
                KERNEL_BASE + range.start,
                range.start,
                range.end - range.start,
                flags,
                0,
            )
        }?;
    }
    map_memory(root, memory, &[parts.start..parts.data, archive])?;
    Some(root)
}

/// The direct map: all memory, read-only where `read_only` (sorted, page-aligned) says so.
fn map_memory(root: Table, memory: &MemoryMap, read_only: &[Range<u64>]) -> Option<()> {
    let largest = if has_huge_pages() { 2 } else { 1 };
    for range in memory.ranges() {
        let mut at = range.start;
        while at < range.end {
            let (end, flags) = match read_only.iter().find(|r| at < r.end && !r.is_empty()) {
                Some(next) if at < next.start => (next.start.min(range.end), READ_WRITE),
                Some(inside) => (inside.end.min(range.end), READ_ONLY),
                None => (range.end, READ_WRITE),
            };
            // SAFETY: the table is not in use yet; the ranges of the map are disjoint.
            unsafe { map_kernel(root, DIRECT_BASE + at, at, end - at, flags, largest) }?;
            at = end;
        }
    }
    Some(())
}

/// The entries of the root's upper half.
pub(crate) fn kernel_entries() -> Range<u64> {
    ENTRIES / 2..ENTRIES
}
