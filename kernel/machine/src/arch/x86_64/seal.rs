//! The kernel's own page table, built once: what is executed is not writable, what is writable is not executed, and what need
//! not be there is gone.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use super::features::has_huge_pages;
use super::instruction::load_page_table;
use super::layout::{DIRECT_BASE, KERNEL_BASE, kernel_parts};
use super::paging::{NO_EXECUTE, Table, WRITABLE, map_kernel};
use crate::address::PAGE_SIZE;
use crate::memory_map::MemoryMap;

const PAGE: u64 = PAGE_SIZE as u64;
const READ_ONLY: u64 = NO_EXECUTE;
const READ_WRITE: u64 = NO_EXECUTE | WRITABLE;
const EXECUTE: u64 = 0;

/// The root's address, or 0.
static ROOT: AtomicU64 = AtomicU64::new(0);

/// The root of the kernel's page table. Its upper half is every space's upper half; its lower half is empty.
pub(crate) fn kernel_root() -> Table {
    let root = ROOT.load(Ordering::Relaxed);
    assert!(
        root != 0,
        "the kernel is sealed before it uses its page table"
    );
    Table(root)
}

/// Builds the table and switches to it. `archive` is page-aligned and never writable again.
pub(crate) fn seal(memory: &MemoryMap, archive: Range<u64>) {
    let root = build(memory, archive).expect("there is no memory for the kernel's page table");
    // SAFETY: it maps the kernel and all memory where they were.
    unsafe { load_page_table(root.0) };
    ROOT.store(root.0, Ordering::Relaxed);
}

fn build(memory: &MemoryMap, archive: Range<u64>) -> Option<Table> {
    let root = Table::create()?;
    let largest = if has_huge_pages() { 2 } else { 1 };
    let map = |base: u64, range: Range<u64>, flags| {
        let len = range.end - range.start;
        // SAFETY: the table is not in use yet; the parts are what the linker script says they are, and all other ranges are
        // disjoint.
        unsafe { map_kernel(root, base + range.start, range.start, len, flags, largest) }
    };
    let parts = kernel_parts();
    for (range, flags) in [
        (parts.start..parts.text, READ_ONLY),
        (parts.text..parts.data, EXECUTE),
        (parts.data..parts.guard, READ_WRITE),
        (parts.guard + PAGE..parts.end, READ_WRITE),
    ] {
        map(KERNEL_BASE, range, flags)?;
    }
    let mut writable = memory.clone();
    for range in [parts.start..parts.data, archive] {
        writable.remove(range.start, range.end);
        map(DIRECT_BASE, range, READ_ONLY)?;
    }
    for (start, end) in writable.ranges() {
        map(DIRECT_BASE, *start..*end, READ_WRITE)?;
    }
    Some(root)
}
