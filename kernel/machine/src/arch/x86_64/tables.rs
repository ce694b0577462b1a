//! The tables of a program's page table: each counts its entries, and the loaded root is remembered.

use super::leaf::to_table;
use super::paging::Table;
use crate::address::PAGE_SIZE;
use crate::frame::Frame;

const PAGE: u64 = PAGE_SIZE as u64;

/// What leads to a page.
pub(super) enum Way {
    /// The table of its entry, which may be empty.
    Table(Table),
    /// The table of a large entry that holds it.
    Large(Table),
}

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
    unsafe { parent.set(at, to_table(child)) };
    retain_table(parent);
    Some(child)
}

/// Counts one entry more.
pub(super) fn retain_table(table: Table) {
    with_table(table, |frame| {
        frame.clone().into_number();
    });
}

/// Counts one entry less, or frees the table when it has none.
pub(super) fn release_table(table: Table) {
    // SAFETY: a table's frame has a reference of its own and one for each entry; one of them is given back.
    drop(unsafe { Frame::from_number((table.0 / PAGE) as u32) });
}

/// Whether no entry is in use.
pub(super) fn is_empty(table: Table) -> bool {
    let mut shared = false;
    with_table(table, |frame| shared = frame.is_shared());
    !shared
}

fn with_table(table: Table, look: impl FnOnce(&Frame)) {
    // SAFETY: the reference is the table's own; it is handed back below.
    if let Some(frame) = unsafe { Frame::from_number((table.0 / PAGE) as u32) } {
        look(&frame);
        frame.into_number();
    }
}
