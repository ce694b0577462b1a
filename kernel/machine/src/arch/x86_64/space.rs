//! A program's page table.
//!
//! A leaf entry that is not zero owns a reference of its frame, whether the processor sees it (present) or not; a large one owns
//! a reference of each of its 512. A table's frame has one reference of its own and one for each entry in use, so that a table
//! that became empty is known at once. For each large entry the space keeps a spare table, so that splitting it never fails.

use core::ops::Range;

use super::instruction::{forget_page, load_page_table};
use super::leaf;
use super::paging::{ENTRIES, LEVELS, Missing, PRESENT, TO_TABLE, Table, Way, span, walk};
use super::seal::kernel_root;
use super::tables::{active, is_empty, release_table, retain_table};
use crate::address::{PAGE_SIZE, UserPage};
use crate::frame::{Frame, LargeFrame};
use crate::space::{OutOfFrames, Protection};

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
        let root = kernel_root().copy().ok_or(OutOfFrames)?;
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
        let way = walk(Table(self.root), address, 0, Missing::Added);
        let table = self.small(way, address).ok_or(OutOfFrames)?;
        // SAFETY: the entry shows the program a frame that it now owns; the old one's reference goes to the caller.
        let old = unsafe {
            replace(
                table,
                page.number(),
                leaf::of(frame, protection),
                Translation::Dropped,
            )
        };
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
        let way = walk(Table(self.root), address, 1, Missing::Added);
        if way.level > 1 {
            release_table(spare);
            return Err(OutOfFrames);
        }
        // SAFETY: the table is in no page table yet.
        unsafe { spare.set(0, self.spare) };
        self.spare = spare.0;
        let entry = leaf::of_large(frame, protection);
        // SAFETY: the entry shows the program frames that it now owns; nothing was mapped there.
        unsafe { way.table.set(way.index(address), entry) };
        retain_table(way.table);
        Ok(())
    }

    /// Unmaps `page`, and returns the frame that was there.
    pub fn unmap(&mut self, page: UserPage) -> Option<Frame> {
        let address = page.start().0;
        let table = self.small(self.way(address), address)?;
        // SAFETY: the old entry's reference goes to the caller.
        let old = unsafe { replace(table, page.number(), 0, Translation::Dropped) };
        self.prune(page.number());
        // SAFETY: the old entry owned a reference and is overwritten.
        unsafe { leaf::frame(old) }
    }

    /// A further reference of the frame of `page`, and what the program may do with it.
    #[must_use]
    pub fn lookup(&self, page: UserPage) -> Option<(Frame, Protection)> {
        let entry = self.entry(page);
        // SAFETY: the entry keeps its own reference: the one made here is forgotten, its clone is not.
        let owned = unsafe { leaf::frame(entry) }?;
        let further = owned.clone();
        owned.into_number();
        Some((further, leaf::protection(entry)))
    }

    /// Whether something is mapped at `page`.
    #[must_use]
    pub fn is_mapped(&self, page: UserPage) -> bool {
        leaf::is_owner(self.entry(page))
    }

    /// Whether none of the 512 pages, aligned so, is mapped that `page` is one of. May say no where none is.
    #[must_use]
    pub fn is_untouched(&self, page: UserPage) -> bool {
        let way = self.way(page.start().0);
        way.level > 0 && way.table.get(way.index(page.start().0)) == 0
    }

    /// Changes what the program may do with `page`; false when nothing is mapped there.
    pub fn protect(&mut self, page: UserPage, protection: Protection) -> bool {
        let address = page.start().0;
        let Some(table) = self.small(self.way(address), address) else {
            return false;
        };
        set_protection(table, page.number(), protection, Translation::Dropped)
    }

    /// Visits each mapped page whose number is in `pages`, in order. Reservations without pages cost nothing.
    pub fn for_each_mapped(
        &self,
        mut pages: Range<u64>,
        visit: &mut dyn FnMut(UserPage, Protection),
    ) {
        while let Some((way, piece)) = self.next_piece(&mut pages) {
            for page in piece.filter_map(UserPage::new) {
                let entry = way.table.get(way.index(page.start().0));
                if entry != 0 {
                    visit(page, leaf::protection(entry));
                }
            }
        }
    }

    /// Unmaps each page whose number is in `pages`.
    pub fn unmap_range(&mut self, mut pages: Range<u64>) {
        let translation = Translation::of_each(&pages);
        while let Some((way, piece)) = self.next_piece(&mut pages) {
            match self.table_unless_whole(way, &piece) {
                None => self.take_large(way.table, address_of(piece.start)),
                Some(table) => {
                    for page in piece.clone() {
                        // SAFETY: the old entry's reference is dropped below.
                        let old = unsafe { replace(table, page, 0, translation) };
                        // SAFETY: the old entry owned a reference and is overwritten.
                        drop(unsafe { leaf::frame(old) });
                    }
                }
            }
            self.prune(piece.start);
        }
        if translation == Translation::Left {
            self.forget_all();
        }
    }

    /// Unmaps each page whose number is in `pages` and whose frame is constant.
    pub fn unmap_constant(&mut self, mut pages: Range<u64>) {
        while let Some((way, piece)) = self.next_piece(&mut pages) {
            if way.level == 0 {
                for page in piece.clone() {
                    if leaf::is_constant(way.table.get(page)) {
                        // SAFETY: nobody counts references of a constant frame.
                        unsafe { replace(way.table, page, 0, Translation::Dropped) };
                    }
                }
                self.prune(piece.start);
            }
        }
    }

    /// Changes what the program may do with each mapped page whose number is in `pages`.
    pub fn protect_range(&mut self, mut pages: Range<u64>, protection: Protection) {
        let translation = Translation::of_each(&pages);
        while let Some((way, piece)) = self.next_piece(&mut pages) {
            match self.table_unless_whole(way, &piece) {
                None => {
                    let entry = way.index(address_of(piece.start));
                    set_protection(way.table, entry, protection, Translation::Left);
                }
                Some(table) => {
                    for page in piece.clone() {
                        set_protection(table, page, protection, translation);
                    }
                }
            }
        }
        if translation == Translation::Left {
            self.forget_all();
        }
    }

    /// Splits large pages whose pages are all in `pages` and gives back what of them holds only zeros, until some memory came
    /// back; whether it did.
    pub fn give_back_zeros(&mut self, mut pages: Range<u64>) -> bool {
        while let Some((way, piece)) = self.next_piece(&mut pages) {
            if way.level == 0 || piece.end - piece.start < ENTRIES {
                continue;
            }
            self.split(way.table, address_of(piece.start));
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
        false
    }

    /// The way to a page.
    #[inline]
    fn way(&self, address: u64) -> Way {
        walk(Table(self.root), address, 0, Missing::Left)
    }

    /// The entry of a page, as it is or would be in a table of small ones; 0 when nothing leads there.
    fn entry(&self, page: UserPage) -> u64 {
        let address = page.start().0;
        let way = self.way(address);
        match (way.table.get(way.index(address)), way.level) {
            (entry, 0) => entry,
            (0, _) => 0,
            (large, _) => leaf::part(large, page.number()),
        }
    }

    /// The first pages of `pages` that one table or large entry leads to; those and what is before them is taken out of it.
    fn next_piece(&self, pages: &mut Range<u64>) -> Option<(Way, Range<u64>)> {
        let end = pages.end.min(UserPage::END);
        while pages.start < end {
            let start = pages.start;
            let way = self.way(address_of(start));
            let is_there = way.level == 0 || way.table.get(way.index(address_of(start))) != 0;
            let spanned = span(if is_there { 1 } else { way.level }) / PAGE_SIZE as u64;
            pages.start = end.min((start | (spanned - 1)) + 1);
            if is_there {
                return Some((way, start..pages.start));
            }
        }
        None
    }

    /// The table with the entry of a page, to which this is the way; a large one is split.
    fn small(&mut self, way: Way, address: u64) -> Option<Table> {
        if way.level == 0 {
            return Some(way.table);
        }
        let is_large = way.table.get(way.index(address)) != 0;
        is_large.then(|| self.split(way.table, address))
    }

    /// The table of pages, to which this is the way; `None` when they are all of a large entry's, which otherwise is split.
    fn table_unless_whole(&mut self, way: Way, pages: &Range<u64>) -> Option<Table> {
        if way.level > 0 && pages.end - pages.start == ENTRIES {
            return None;
        }
        self.small(way, address_of(pages.start))
    }

    /// Replaces a large entry by a table of the same pages.
    fn split(&mut self, directory: Table, address: u64) -> Table {
        let at = address / span(1);
        let large = directory.get(at);
        let table = self.take_spare();
        for part in 0..ENTRIES {
            // SAFETY: the table is not in use yet; each entry takes over one of the references that the large one had.
            unsafe { table.set(part, leaf::part(large, part)) };
            retain_table(table);
        }
        // SAFETY: it leads to the same pages.
        unsafe { directory.set(at, table.0 | TO_TABLE) };
        forget_page(address);
        table
    }

    /// One of the spare tables; there is one for each large entry.
    fn take_spare(&mut self) -> Table {
        let table = Table(self.spare);
        self.spare = table.get(0);
        table
    }

    /// Drops all of the program's translations.
    fn forget_all(&self) {
        if active::is(self.root) {
            // SAFETY: it is the table that is loaded.
            unsafe { load_page_table(self.root) };
        }
    }

    /// Empties a large entry, and frees its frames and its spare table.
    fn take_large(&mut self, directory: Table, address: u64) {
        let at = address / span(1);
        let old = directory.get(at);
        // SAFETY: its references are dropped below.
        unsafe { directory.set(at, 0) };
        forget_page(address);
        release_table(directory);
        // SAFETY: the entry owned the references and is overwritten.
        drop(unsafe { leaf::large_frame(old) });
        let spare = self.take_spare();
        release_table(spare);
    }

    /// Frees the tables on the way to a page that became empty.
    fn prune(&self, number: u64) {
        let address = address_of(number);
        for level in 0..LEVELS - 1 {
            let way = walk(Table(self.root), address, level, Missing::Left);
            if way.level > level {
                continue;
            }
            if !is_empty(way.table) {
                return;
            }
            let parent = walk(Table(self.root), address, level + 1, Missing::Left);
            // SAFETY: the child is empty.
            unsafe { parent.table.set(parent.index(address), 0) };
            // The processor may remember the way through the child, too.
            forget_page(address);
            release_table(way.table);
            release_table(parent.table);
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

/// The address of the page with this number.
fn address_of(page: u64) -> u64 {
    page << PAGE_SIZE.ilog2()
}

/// What becomes of a page's translation when its entry changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Translation {
    /// It is dropped, of whatever space is active: one too few costs little.
    Dropped,
    /// All are dropped at the end.
    Left,
}

impl Translation {
    /// For each of so many pages.
    fn of_each(pages: &Range<u64>) -> Self {
        if pages.end.saturating_sub(pages.start) > MANY {
            Self::Left
        } else {
            Self::Dropped
        }
    }
}

/// Replaces an entry that shows the program something, or nothing. What the entry was.
///
/// # Safety
/// The new entry must own what it shows; what the old one owned is the caller's.
unsafe fn replace(table: Table, page: u64, new: u64, translation: Translation) -> u64 {
    let old = table.get(page);
    // SAFETY: the caller's promise.
    unsafe { table.set(page, new) };
    match (old, new) {
        (0, 0) => {}
        (0, _) => retain_table(table),
        (_, 0) => release_table(table),
        _ => {}
    }
    if (old & PRESENT != 0) & (translation == Translation::Dropped) {
        forget_page(address_of(page));
    }
    old
}

/// Changes an entry's protection; false when it is empty.
fn set_protection(
    table: Table,
    page: u64,
    protection: Protection,
    translation: Translation,
) -> bool {
    let old = table.get(page);
    if old != 0 {
        // SAFETY: the same frame, which the program owns.
        unsafe { replace(table, page, leaf::with(old, protection), translation) };
    }
    old != 0
}
