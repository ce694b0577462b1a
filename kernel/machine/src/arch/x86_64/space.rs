//! A program's page table.
//!
//! A leaf entry that is not zero owns a reference of its frame, whether the processor sees it (present) or not. A table's frame
//! has one reference of its own and one for each entry in use, so that a table that became empty is known at once.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use super::instruction::{forget_page, load_page_table};
use super::paging::{
    ADDRESS, ENTRIES, LEVELS, NO_EXECUTE, PRESENT, Table, USER, WRITABLE, index, span,
};
use super::seal::{kernel_entries, kernel_root};
use crate::address::{PAGE_SIZE, UserPage};
use crate::frame::Frame;
use crate::space::{OutOfFrames, Protection};

const PAGE: u64 = PAGE_SIZE as u64;
/// In a leaf entry, for software: the entry owns a frame.
const OWNED: u64 = 1 << 9;
/// In a leaf entry, for software: the protection as it was asked for.
const READ: u64 = 1 << 10;
/// As [`READ`]. Kept because the hardware's bit is off for a page of the archive.
const WRITE: u64 = 1 << 11;
/// As [`READ`].
const EXECUTE: u64 = 1 << 52;
/// An entry above the leaves: the leaf decides.
const TABLE: u64 = PRESENT | WRITABLE | USER;
/// From so many pages on, the whole translation cache is dropped instead of page after page.
const MANY: u64 = 32;

/// The root that is loaded.
static ACTIVE: AtomicU64 = AtomicU64::new(0);

/// A program's page table. Its upper half is the kernel's.
#[derive(Debug)]
pub struct Space {
    /// The physical address of the root table.
    root: u64,
}

impl Space {
    /// A space without pages.
    ///
    /// # Errors
    /// When there is no frame for its root.
    pub fn new() -> Result<Self, OutOfFrames> {
        let root = Table::create().ok_or(OutOfFrames)?;
        for at in kernel_entries() {
            let entry = kernel_root().get(at);
            if entry != 0 {
                // SAFETY: the kernel's half is the same in every space.
                unsafe { root.set(at, entry) };
            }
        }
        Ok(Self { root: root.0 })
    }

    /// Makes it the space that the program runs in and that copies go to.
    pub fn activate(&self) {
        activate(self.root);
    }

    /// Maps `page` to `frame`, and returns the frame that was there. A page of the archive is mapped without
    /// [`Protection::WRITE`].
    ///
    /// # Errors
    /// When there is no frame for a table on the way. Nothing has changed then but that `frame` is dropped.
    pub fn map(
        &mut self,
        page: UserPage,
        frame: Frame,
        protection: Protection,
    ) -> Result<Option<Frame>, OutOfFrames> {
        let address = page.start().0;
        let mut table = Table(self.root);
        for level in (1..LEVELS).rev() {
            table = match table.child(index(address, level)) {
                Some(child) => child,
                None => add_table(table, index(address, level)).ok_or(OutOfFrames)?,
            };
        }
        let at = index(address, 0);
        let old = table.get(at);
        let entry = entry_of(frame, protection);
        // SAFETY: the entry shows the program a frame that it now owns; the old one's reference goes to the caller.
        unsafe { table.set(at, entry) };
        if old == 0 {
            retain_table(table);
        } else if old & PRESENT != 0 && self.is_active() {
            forget_page(address);
        }
        // SAFETY: the old entry owned a reference and is overwritten.
        Ok(unsafe { owned_frame(old) })
    }

    /// Unmaps `page`, and returns the frame that was there.
    pub fn unmap(&mut self, page: UserPage) -> Option<Frame> {
        let table = self.leaf(page.number()).ok()?;
        let frame = self.take(table, page.number());
        self.prune(page.number());
        frame
    }

    /// A further reference of the frame of `page`, and what the program may do with it.
    #[must_use]
    pub fn lookup(&self, page: UserPage) -> Option<(Frame, Protection)> {
        let entry = self.leaf(page.number()).ok()?.get(page.number());
        // SAFETY: the entry keeps its own reference: the one made here is forgotten, its clone is not.
        let owned = unsafe { owned_frame(entry) }?;
        let further = owned.clone();
        owned.into_number();
        Some((further, protection_of(entry)))
    }

    /// Changes what the program may do with `page`; false when nothing is mapped there.
    pub fn protect(&mut self, page: UserPage, protection: Protection) -> bool {
        let Ok(table) = self.leaf(page.number()) else {
            return false;
        };
        let was = self.set_protection(table, page.number(), protection);
        if was & PRESENT != 0 && self.is_active() {
            forget_page(page.start().0);
        }
        was != 0
    }

    /// Visits each mapped page whose number is in `pages`, in order. Reservations without pages cost nothing.
    pub fn for_each_mapped(&self, pages: Range<u64>, visit: &mut dyn FnMut(UserPage, Protection)) {
        self.walk(pages, |table, number| {
            if let Some(page) = UserPage::new(number) {
                visit(page, protection_of(table.get(number)));
            }
        });
    }

    /// Unmaps each page whose number is in `pages`.
    pub fn unmap_range(&mut self, pages: Range<u64>) {
        let mut number = pages.start;
        let end = pages.end.min(UserPage::END);
        while number < end {
            match self.leaf(number) {
                Err(next) => number = next,
                Ok(table) => {
                    let last = (number | (ENTRIES - 1)).min(end - 1);
                    for page in number..=last {
                        drop(self.take(table, page));
                    }
                    self.prune(number);
                    number = last + 1;
                }
            }
        }
    }

    /// Changes what the program may do with each mapped page whose number is in `pages`.
    pub fn protect_range(&mut self, pages: Range<u64>, protection: Protection) {
        let many = pages.end.saturating_sub(pages.start) > MANY;
        let active = self.is_active();
        self.walk(pages, |table, number| {
            let was = self.set_protection(table, number, protection);
            if was & PRESENT != 0 && active && !many {
                forget_page(number * PAGE);
            }
        });
        if many && active {
            // SAFETY: it is the table that is loaded; loading it again drops the program's translations.
            unsafe { load_page_table(self.root) };
        }
    }

    fn is_active(&self) -> bool {
        ACTIVE.load(Ordering::Relaxed) == self.root
    }

    /// The table with the leaf entry of a page, or the number of the first page behind what is not there.
    fn leaf(&self, number: u64) -> Result<Table, u64> {
        let address = number * PAGE;
        let mut table = Table(self.root);
        for level in (1..LEVELS).rev() {
            let pages = span(level) / PAGE;
            table = table
                .child(index(address, level))
                .ok_or((number / pages + 1) * pages)?;
        }
        Ok(table)
    }

    /// Calls `visit` for each leaf entry in use.
    fn walk(&self, pages: Range<u64>, mut visit: impl FnMut(Table, u64)) {
        let mut number = pages.start;
        let end = pages.end.min(UserPage::END);
        while number < end {
            match self.leaf(number) {
                Err(next) => number = next,
                Ok(table) => {
                    let last = (number | (ENTRIES - 1)).min(end - 1);
                    (number..=last)
                        .filter(|n| table.get(*n) != 0)
                        .for_each(|n| visit(table, n));
                    number = last + 1;
                }
            }
        }
    }

    /// Empties a leaf entry.
    fn take(&self, table: Table, number: u64) -> Option<Frame> {
        let old = table.get(number);
        if old == 0 {
            return None;
        }
        // SAFETY: the entry's reference goes to the caller.
        unsafe { table.set(number, 0) };
        if old & PRESENT != 0 && self.is_active() {
            forget_page(number * PAGE);
        }
        release_table(table);
        // SAFETY: the entry owned a reference and is overwritten.
        unsafe { owned_frame(old) }
    }

    /// Frees the tables on the way to a page that became empty.
    fn prune(&self, number: u64) {
        let address = number * PAGE;
        let mut path = [Table(self.root); LEVELS as usize];
        for level in (1..LEVELS).rev() {
            let Some(child) = path[level as usize].child(index(address, level)) else {
                return;
            };
            path[level as usize - 1] = child;
        }
        for level in 1..LEVELS {
            let (table, child) = (path[level as usize], path[level as usize - 1]);
            if !is_empty(child) {
                return;
            }
            // SAFETY: the child is empty.
            unsafe { table.set(index(address, level), 0) };
            // The processor may remember the way through the child, too.
            forget_page(address);
            release_table(child);
            release_table(table);
        }
    }

    fn set_protection(&self, table: Table, number: u64, protection: Protection) -> u64 {
        let old = table.get(number);
        // SAFETY: the entry owned a reference; the new one owns it.
        if let Some(frame) = unsafe { owned_frame(old) } {
            // SAFETY: the same frame, which the program owns.
            unsafe { table.set(number, entry_of(frame, protection)) };
        }
        old
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if self.is_active() {
            activate(kernel_root().0);
        }
        self.unmap_range(0..UserPage::END);
        release_table(Table(self.root));
    }
}

fn activate(root: u64) {
    if ACTIVE.swap(root, Ordering::Relaxed) != root {
        // SAFETY: every space's upper half maps the kernel.
        unsafe { load_page_table(root) };
    }
}

fn entry_of(frame: Frame, protection: Protection) -> u64 {
    let mut entry = frame.address().0 | OWNED;
    if !protection.is_empty() {
        entry |= PRESENT | USER;
    }
    if protection.contains(Protection::READ) {
        entry |= READ;
    }
    if protection.contains(Protection::WRITE) {
        entry |= if frame.is_archive() {
            WRITE
        } else {
            WRITE | WRITABLE
        };
    }
    if protection.contains(Protection::EXECUTE) {
        entry |= EXECUTE;
    } else {
        entry |= NO_EXECUTE;
    }
    frame.into_number();
    entry
}

fn protection_of(entry: u64) -> Protection {
    let mut protection = Protection::empty();
    protection.set(Protection::READ, entry & READ != 0);
    protection.set(Protection::WRITE, entry & WRITE != 0);
    protection.set(Protection::EXECUTE, entry & EXECUTE != 0);
    protection
}

/// The frame that a leaf entry owns.
///
/// # Safety
/// The entry's reference is the result's from now on.
unsafe fn owned_frame(entry: u64) -> Option<Frame> {
    if entry & OWNED == 0 {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { Frame::from_number(((entry & ADDRESS) / PAGE) as u32) }
}

fn add_table(parent: Table, at: u64) -> Option<Table> {
    let child = Table::create()?;
    // SAFETY: an empty table shows nothing.
    unsafe { parent.set(at, child.0 | TABLE) };
    retain_table(parent);
    Some(child)
}

/// Counts one entry more.
fn retain_table(table: Table) {
    with_table(table, |frame| {
        frame.clone().into_number();
    });
}

/// Counts one entry less, or frees the table when it has none.
fn release_table(table: Table) {
    // SAFETY: a table's frame has a reference of its own and one for each entry; one of them is given back.
    drop(unsafe { Frame::from_number((table.0 / PAGE) as u32) });
}

fn is_empty(table: Table) -> bool {
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
