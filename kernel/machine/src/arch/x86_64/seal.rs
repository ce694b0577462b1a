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
    let map = |base: u64, (start, end): (u64, u64), flags| {
        // SAFETY: the table is not in use yet; the parts are what the linker script says they are, and all other ranges are
        // disjoint.
        unsafe { map_kernel(root, base + start, start, end - start, flags, largest) }
    };
    let parts = kernel_parts();
    let constants = (parts.start, parts.data);
    let archive = (archive.start, archive.end);
    for (base, range, flags) in [
        (KERNEL_BASE, (parts.start, parts.text), READ_ONLY),
        (KERNEL_BASE, (parts.text, parts.data), EXECUTE),
        (KERNEL_BASE, (parts.data, parts.guard), READ_WRITE),
        (KERNEL_BASE, (parts.guard + PAGE, parts.end), READ_WRITE),
        (DIRECT_BASE, constants, READ_ONLY),
        (DIRECT_BASE, archive, READ_ONLY),
    ] {
        map(base, range, flags)?;
    }
    let mut writable = memory.clone();
    writable.remove(constants.0, constants.1);
    writable.remove(archive.0, archive.1);
    for range in writable.ranges() {
        map(DIRECT_BASE, *range, READ_WRITE)?;
    }
    Some(root)
}
