//! The tables of a page table: each counts its entries, and the loaded root is remembered.

use super::frame;
use super::paging::{TO_TABLE, Table};
use crate::address::PAGE_SIZE;
use crate::frame::Frame;

/// The root that is loaded.
pub(super) mod active {
    use core::sync::atomic::{AtomicU64, Ordering};

    use super::super::instruction::load_page_table;

    static ACTIVE: AtomicU64 = AtomicU64::new(0);

    /// Whether this root is.
    pub(in super::super) fn is(root: u64) -> bool {
        ACTIVE.load(Ordering::Relaxed) == root
    }

    /// Loads the root of a space.
    pub(in super::super) fn set(root: u64) {
        if ACTIVE.swap(root, Ordering::Relaxed) != root {
            // SAFETY: every space's upper half maps the kernel.
            unsafe { load_page_table(root) };
        }
    }
}

/// A new table at an empty entry of `parent`; `None` when there is no frame for it.
pub(super) fn add_table(parent: Table, at: u64) -> Option<Table> {
    let child = Table::create()?;
    // SAFETY: an empty table shows nothing.
    unsafe { parent.set(at, child.0 | TO_TABLE) };
    retain_table(parent);
    Some(child)
}

/// Counts one entry more.
pub(super) fn retain_table(table: Table) {
    frame::retain(number(table));
}

/// Counts one entry less, or frees the table when it has none.
pub(super) fn release_table(table: Table) {
    // SAFETY: a table's frame has a reference of its own and one for each entry; one of them is given back.
    drop(unsafe { Frame::from_number(number(table)) });
}

/// Whether no entry is in use.
pub(super) fn is_empty(table: Table) -> bool {
    !frame::is_shared(number(table))
}

fn number(table: Table) -> u32 {
    (table.0 / PAGE_SIZE as u64) as u32
}
