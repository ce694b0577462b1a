//! A program's page table.
//!
//! A leaf entry that is not zero owns a reference of its frame, whether the processor sees it (present) or not; a large one owns
//! a reference of each of its 512. A table's frame has one reference of its own and one for each entry in use, so that a table
//! that became empty is known at once. For each large entry the space keeps a spare table, so that splitting it never fails.

use core::ops::Range;

use super::instruction::{forget_page, load_page_table};
use super::leaf::{self, LARGE};
use super::paging::{ENTRIES, LEVELS, PRESENT, Table, index, span};
use super::seal::{kernel_entries, kernel_root};
use super::tables::{Way, active, add_table, is_empty, release_table, retain_table};
use crate::address::{PAGE_SIZE, UserPage};
use crate::frame::{Frame, LargeFrame};
use crate::space::{OutOfFrames, Protection};

const PAGE: u64 = PAGE_SIZE as u64;
/// From so many pages on, the whole translation cache is dropped instead of page after page.
const MANY: u64 = 32;

/// A program's page table. Its upper half is the kernel's.
#[derive(Debug)]
pub struct Space {
    /// The physical address of the root table.
    root: u64,
    /// The first of the spare tables, or 0; the first entry of each leads to the next.
    spare: u64,
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
        Ok(Self {
            root: root.0,
            spare: 0,
        })
    }

    /// Makes it the space that the program runs in and that copies go to.
    pub fn activate(&self) {
        active::set(self.root);
    }

    /// Maps `page` to `frame`, and returns the frame that was there. A constant frame is mapped without
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
        let table = match self.small(page.number()) {
            Some(table) => table,
            None => self.add_tables(address, 0).ok_or(OutOfFrames)?,
        };
        let at = index(address, 0);
        let old = table.get(at);
        let entry = leaf::of(frame, protection);
        // SAFETY: the entry shows the program a frame that it now owns; the old one's reference goes to the caller.
        unsafe { table.set(at, entry) };
        if old == 0 {
            retain_table(table);
        } else {
            self.forget(old, address);
        }
        // SAFETY: the old entry owned a reference and is overwritten.
        Ok(unsafe { leaf::frame(old) })
    }

    /// Maps the 512 pages from `first` on, a multiple of 512, to `frame` by one entry. What was mapped there goes.
    ///
    /// # Errors
    /// When there is no frame for a table on the way, or for the one that splitting would need; `frame` is dropped then.
    pub fn map_large(
        &mut self,
        first: UserPage,
        frame: LargeFrame,
        protection: Protection,
    ) -> Result<(), OutOfFrames> {
        let number = first.number();
        assert!(number.is_multiple_of(ENTRIES), "a large page is aligned");
        self.unmap_range(number..number + ENTRIES);
        let address = first.start().0;
        let spare = Table::create().ok_or(OutOfFrames)?;
        let Some(directory) = self.add_tables(address, 1) else {
            release_table(spare);
            return Err(OutOfFrames);
        };
        // SAFETY: the table is in no page table yet.
        unsafe { spare.set(0, self.spare) };
        self.spare = spare.0;
        let entry = leaf::of_large(frame, protection);
        // SAFETY: the entry shows the program frames that it now owns; nothing was mapped there.
        unsafe { directory.set(index(address, 1), entry) };
        retain_table(directory);
        Ok(())
    }

    /// Unmaps `page`, and returns the frame that was there.
    pub fn unmap(&mut self, page: UserPage) -> Option<Frame> {
        let table = self.small(page.number())?;
        let old = take(table, page.number());
        self.forget(old, page.start().0);
        self.prune(page.number());
        // SAFETY: the old entry owned a reference and is overwritten.
        unsafe { leaf::frame(old) }
    }

    /// A further reference of the frame of `page`, and what the program may do with it.
    #[must_use]
    pub fn lookup(&self, page: UserPage) -> Option<(Frame, Protection)> {
        let number = page.number();
        let entry = match self.way(number).ok()? {
            Way::Table(table) => table.get(number),
            Way::Large(directory) => leaf::part(directory.get(index(page.start().0, 1)), number),
        };
        // SAFETY: the entry keeps its own reference: the one made here is forgotten, its clone is not.
        let owned = unsafe { leaf::frame(entry) }?;
        let further = owned.clone();
        owned.into_number();
        Some((further, leaf::protection(entry)))
    }

    /// Whether something is mapped at `page`.
    #[must_use]
    pub fn is_mapped(&self, page: UserPage) -> bool {
        match self.way(page.number()) {
            Ok(Way::Table(table)) => table.get(page.number()) != 0,
            Ok(Way::Large(_)) => true,
            Err(_) => false,
        }
    }

    /// Whether none of the 512 pages, aligned so, is mapped that `page` is one of. May say no where none is.
    #[must_use]
    pub fn is_untouched(&self, page: UserPage) -> bool {
        self.way(page.number()).is_err()
    }

    /// Changes what the program may do with `page`; false when nothing is mapped there.
    pub fn protect(&mut self, page: UserPage, protection: Protection) -> bool {
        let Some(table) = self.small(page.number()) else {
            return false;
        };
        let was = set_protection(table, page.number(), protection);
        self.forget(was, page.start().0);
        was != 0
    }

    /// Visits each mapped page whose number is in `pages`, in order. Reservations without pages cost nothing.
    pub fn for_each_mapped(&self, pages: Range<u64>, visit: &mut dyn FnMut(UserPage, Protection)) {
        let mut next = pages.start;
        while let Some((way, piece)) = self.next_piece(next, pages.end) {
            next = piece.end;
            match way {
                Way::Large(directory) => {
                    let protection = leaf::protection(directory.get(index(piece.start * PAGE, 1)));
                    for page in piece.filter_map(UserPage::new) {
                        visit(page, protection);
                    }
                }
                Way::Table(table) => {
                    let used = piece.filter(|page| table.get(*page) != 0);
                    for page in used.filter_map(UserPage::new) {
                        visit(page, leaf::protection(table.get(page.number())));
                    }
                }
            }
        }
    }

    /// Unmaps each page whose number is in `pages`.
    pub fn unmap_range(&mut self, pages: Range<u64>) {
        let mut next = pages.start;
        let many = pages.end.saturating_sub(pages.start) > MANY;
        while let Some((way, piece)) = self.next_piece(next, pages.end) {
            next = piece.end;
            match self.whole_or_small(way, &piece) {
                Way::Large(directory) => self.take_large(directory, piece.start),
                Way::Table(table) => {
                    for page in piece.clone() {
                        let old = take(table, page);
                        if !many {
                            self.forget(old, page * PAGE);
                        }
                        // SAFETY: the old entry owned a reference and is overwritten.
                        drop(unsafe { leaf::frame(old) });
                    }
                }
            }
            self.prune(piece.start);
        }
        if many {
            self.forget_all();
        }
    }

    /// Unmaps each page whose number is in `pages` and whose frame is constant.
    pub fn unmap_constant(&mut self, pages: Range<u64>) {
        let mut next = pages.start;
        while let Some((way, piece)) = self.next_piece(next, pages.end) {
            next = piece.end;
            match way {
                Way::Large(_) => {}
                Way::Table(table) => {
                    for page in piece.clone() {
                        if leaf::is_constant(table.get(page)) {
                            let old = take(table, page);
                            self.forget(old, page * PAGE);
                        }
                    }
                    self.prune(piece.start);
                }
            }
        }
    }

    /// Changes what the program may do with each mapped page whose number is in `pages`.
    pub fn protect_range(&mut self, pages: Range<u64>, protection: Protection) {
        let mut next = pages.start;
        let many = pages.end.saturating_sub(pages.start) > MANY;
        while let Some((way, piece)) = self.next_piece(next, pages.end) {
            next = piece.end;
            match self.whole_or_small(way, &piece) {
                Way::Large(directory) => {
                    let at = index(piece.start * PAGE, 1);
                    let entry = leaf::with(directory.get(at), protection);
                    // SAFETY: the same frames, which the program owns.
                    unsafe { directory.set(at, entry) };
                }
                Way::Table(table) => {
                    for page in piece.clone() {
                        let was = set_protection(table, page, protection);
                        if !many {
                            self.forget(was, page * PAGE);
                        }
                    }
                }
            }
        }
        if many {
            self.forget_all();
        }
    }

    /// Splits large pages whose pages are all in `pages` and gives back what of them holds only zeros, until some memory came
    /// back; whether it did.
    pub fn give_back_zeros(&mut self, pages: Range<u64>) -> bool {
        let mut next = pages.start;
        while let Some((way, piece)) = self.next_piece(next, pages.end) {
            next = piece.end;
            match way {
                Way::Large(directory) if piece.end - piece.start == ENTRIES => {
                    self.split(directory, piece.start);
                    let mut found = false;
                    for page in piece.filter_map(UserPage::new) {
                        if self.lookup(page).is_some_and(|(frame, _)| frame.is_zero()) {
                            drop(self.unmap(page));
                            found = true;
                        }
                    }
                    if found {
                        return true;
                    }
                }
                Way::Large(_) | Way::Table(_) => {}
            }
        }
        false
    }

    /// What leads to a page, or the number of the first page behind what is not there.
    #[inline]
    fn way(&self, number: u64) -> Result<Way, u64> {
        let address = number * PAGE;
        let mut table = Table(self.root);
        for level in (1..LEVELS).rev() {
            let entry = table.get(index(address, level));
            if level == 1 && entry & LARGE != 0 {
                return Ok(Way::Large(table));
            }
            let pages = span(level) / PAGE;
            table = table
                .child(index(address, level))
                .ok_or((number / pages + 1) * pages)?;
        }
        Ok(Way::Table(table))
    }

    /// The first pages from `number` on and below `end` that one table or large entry leads to.
    fn next_piece(&self, mut number: u64, end: u64) -> Option<(Way, Range<u64>)> {
        let end = end.min(UserPage::END);
        while number < end {
            match self.way(number) {
                Ok(way) => return Some((way, number..end.min((number | (ENTRIES - 1)) + 1))),
                Err(next) => number = next,
            }
        }
        None
    }

    /// The table with the entry of a page; a large one is split.
    fn small(&mut self, number: u64) -> Option<Table> {
        match self.way(number).ok()? {
            Way::Large(directory) => Some(self.split(directory, number)),
            Way::Table(table) => Some(table),
        }
    }

    /// What leads to pages: a large entry is split when they are not all of its.
    fn whole_or_small(&mut self, way: Way, pages: &Range<u64>) -> Way {
        match way {
            Way::Large(directory) if pages.end - pages.start < ENTRIES => {
                Way::Table(self.split(directory, pages.start))
            }
            way => way,
        }
    }

    /// Replaces a large entry by a table of the same pages.
    fn split(&mut self, directory: Table, number: u64) -> Table {
        let at = index(number * PAGE, 1);
        let large = directory.get(at);
        let table = self.take_spare();
        for part in 0..ENTRIES {
            // SAFETY: the table is not in use yet; each entry takes over one of the references that the large one had.
            unsafe { table.set(part, leaf::part(large, part)) };
            retain_table(table);
        }
        // SAFETY: it leads to the same pages.
        unsafe { directory.set(at, leaf::to_table(table)) };
        self.forget(large, number * PAGE);
        table
    }

    /// One of the spare tables; there is one for each large entry.
    fn take_spare(&mut self) -> Table {
        let table = Table(self.spare);
        self.spare = table.get(0);
        table
    }

    /// The table at `level` on the way to `address`, with those above it; what is there is not large.
    fn add_tables(&mut self, address: u64, level: u32) -> Option<Table> {
        let mut table = Table(self.root);
        for above in (level + 1..LEVELS).rev() {
            let at = index(address, above);
            table = match table.child(at) {
                Some(child) => child,
                None => add_table(table, at)?,
            };
        }
        Some(table)
    }

    /// Drops the translation of a page whose entry was `old`.
    fn forget(&self, old: u64, address: u64) {
        if old & PRESENT != 0 && active::is(self.root) {
            forget_page(address);
        }
    }

    /// Drops all of the program's translations.
    fn forget_all(&self) {
        if active::is(self.root) {
            // SAFETY: it is the table that is loaded.
            unsafe { load_page_table(self.root) };
        }
    }

    /// Empties a large entry, and frees its frames and its spare table.
    fn take_large(&mut self, directory: Table, number: u64) {
        let at = index(number * PAGE, 1);
        let old = directory.get(at);
        // SAFETY: its references are dropped below.
        unsafe { directory.set(at, 0) };
        self.forget(old, number * PAGE);
        release_table(directory);
        // SAFETY: the entry owned the references and is overwritten.
        drop(unsafe { leaf::large_frame(old) });
        let spare = self.take_spare();
        release_table(spare);
    }

    /// Frees the tables on the way to a page that became empty.
    fn prune(&self, number: u64) {
        let address = number * PAGE;
        let mut path = [Table(self.root); LEVELS as usize];
        let mut lowest = LEVELS - 1;
        while let Some(child) = path[lowest as usize]
            .child(index(address, lowest))
            .filter(|_| lowest > 0)
        {
            lowest -= 1;
            path[lowest as usize] = child;
        }
        for level in lowest + 1..LEVELS {
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
}

impl Drop for Space {
    fn drop(&mut self) {
        if active::is(self.root) {
            active::set(kernel_root().0);
        }
        self.unmap_range(0..UserPage::END);
        release_table(Table(self.root));
    }
}

/// Empties a leaf entry; what it was. The caller drops its translation, and the reference that it owned.
fn take(table: Table, number: u64) -> u64 {
    let old = table.get(number);
    if old != 0 {
        // SAFETY: nothing is shown any more.
        unsafe { table.set(number, 0) };
        release_table(table);
    }
    old
}

/// Changes a leaf entry's protection; the entry before, 0 when it was empty.
fn set_protection(table: Table, number: u64, protection: Protection) -> u64 {
    let old = table.get(number);
    if old != 0 {
        // SAFETY: the same frame, which the program owns.
        unsafe { table.set(number, leaf::with(old, protection)) };
    }
    old
}
