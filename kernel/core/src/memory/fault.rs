//! A page that was touched and is not there, or is not writable yet.

use unikernel_machine::address::{USER_START, UserAddr, UserPage};
use unikernel_machine::frame::{Frame, LARGE};
use unikernel_machine::space::Protection;
use unikernel_machine::user::Access;

use super::area::{Area, Backing, FileBacking, Large, Locked, Sharing};
use super::layout::STACK_LIMIT;
use super::{AddressSpace, PAGE, Pages, blocks, budget};
use crate::errno::Errno;
use crate::fs::contents::NoPage;
use crate::fs::node::Kind;

/// Pages of a file that are mapped at once around the one that was touched, where they need no copy.
const AROUND: u64 = 16;

/// Why a touched page can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing is mapped there: SIGSEGV, `SEGV_MAPERR`.
    NotMapped,
    /// The mapping doesn't allow it: SIGSEGV, `SEGV_ACCERR`.
    Denied,
    /// The page lies behind the file's end: SIGBUS, `BUS_ADRERR`.
    BeyondFile,
    /// There is no memory left.
    OutOfMemory,
}

impl From<NoPage> for Refusal {
    fn from(reason: NoPage) -> Self {
        match reason {
            NoPage::BeyondEnd => Self::BeyondFile,
            NoPage::OutOfMemory => Self::OutOfMemory,
        }
    }
}

impl AddressSpace {
    /// Makes `address` accessible, if its area allows it.
    pub(crate) fn resolve(&mut self, address: UserAddr, access: Access) -> Result<(), Refusal> {
        let page = UserPage::containing(address).ok_or(Refusal::NotMapped)?;
        self.follow_files();
        loop {
            let result = self.try_resolve(page, access);
            if result != Err(Refusal::OutOfMemory) || !self.give_back_zeros() {
                return result;
            }
        }
    }

    fn try_resolve(&mut self, page: UserPage, access: Access) -> Result<(), Refusal> {
        if self.areas.at(page.number()).is_none() {
            self.grow_stack(page.number())?;
        }
        let (pages, area) = self.areas.at(page.number()).ok_or(Refusal::NotMapped)?;
        if !allows(area.protection, access) {
            return Err(Refusal::Denied);
        }
        match &area.backing {
            Backing::Anonymous => {
                let (protection, large) = (area.protection, area.large_here(pages, page));
                self.resolve_anonymous(page, protection, large, access)
            }
            Backing::File(file) => {
                let file = file.clone();
                let area = area.clone();
                let index = file
                    .first
                    .saturating_add(page.number().saturating_sub(pages.start));
                match file.sharing {
                    Sharing::Shared(_) => self.resolve_shared(page, index, &area, &file, access),
                    Sharing::Private if access == Access::Write => {
                        self.resolve_copy(page, index, &area, &file)
                    }
                    Sharing::Private => self.resolve_private(page, index, pages, &area, &file),
                }
            }
        }
    }

    fn resolve_anonymous(
        &mut self,
        page: UserPage,
        protection: Protection,
        large: Large,
        access: Access,
    ) -> Result<(), Refusal> {
        if let Some((frame, _)) = self.space.lookup(page)
            && (access != Access::Write || !frame.is_constant())
        {
            // There already: it was mapped while its area forbade the access.
            self.space.protect(page, protection);
            return Ok(());
        }
        if access != Access::Write {
            let zeros = Frame::zeros().ok_or(Refusal::OutOfMemory)?;
            return self.map_page(page, zeros, protection);
        }
        if large != Large::Never
            && self.space.is_untouched(page)
            && let Some(first) = UserPage::new(page.number() & !LARGE.wrapping_sub(1))
            && let Some(frame) = budget::large_frame(large)
            && self.space.map_large(first, frame, protection).is_ok()
        {
            return Ok(());
        }
        let frame = budget::frame().ok_or(Refusal::OutOfMemory)?;
        self.map_page(page, frame, protection)
    }

    /// Makes sure that the kernel may take a little memory of its own for a request of the program.
    pub(super) fn allow_kernel_memory(&mut self) -> Result<(), Errno> {
        while budget::allow_kernel_memory().is_err() {
            if !self.give_back_zeros() {
                return Err(Errno::ENOMEM);
            }
        }
        Ok(())
    }

    /// Splits large pages, and takes back what of them holds only zeros; whether there was some.
    fn give_back_zeros(&mut self) -> bool {
        let Self { areas, space, .. } = self;
        areas
            .iter()
            .filter(|(_, area)| area.locked == Locked::No && area.file().is_none())
            .any(|(pages, _)| space.give_back_zeros(pages.range()))
    }

    /// A page that is the file's own; one that was only read is in the archive as long as nobody writes.
    fn resolve_shared(
        &mut self,
        page: UserPage,
        index: u64,
        area: &Area,
        file: &FileBacking,
        access: Access,
    ) -> Result<(), Refusal> {
        let Kind::File(contents) = &file.node.kind else {
            return Err(Refusal::BeyondFile);
        };
        let in_place = match access {
            Access::Write => None,
            Access::Read | Access::Execute => contents.borrow().frame_in_place(index),
        };
        let frame = match in_place {
            Some(frame) => frame,
            None => contents.borrow_mut().shared_frame(index)?,
        };
        self.follow_files();
        let protection = if access == Access::Write {
            self.note_written(&file.node);
            area.protection
        } else {
            area.page_protection()
        };
        self.map_page(page, frame, protection)
    }

    /// A page of a private mapping that is written to: a copy, unless it is one.
    fn resolve_copy(
        &mut self,
        page: UserPage,
        index: u64,
        area: &Area,
        file: &FileBacking,
    ) -> Result<(), Refusal> {
        let Kind::File(contents) = &file.node.kind else {
            return Err(Refusal::BeyondFile);
        };
        let there = match self.space.unmap(page) {
            Some(frame) => frame,
            None => contents.borrow().frame(index)?,
        };
        let own = if there.is_shared() {
            budget::copy(&there).ok_or(Refusal::OutOfMemory)?
        } else {
            there
        };
        self.map_page(page, own, area.protection)
    }

    /// A page of a private mapping that is not written to.
    fn resolve_private(
        &mut self,
        page: UserPage,
        index: u64,
        pages: Pages,
        area: &Area,
        file: &FileBacking,
    ) -> Result<(), Refusal> {
        if self.space.protect(page, area.page_protection()) {
            return Ok(());
        }
        let Kind::File(contents) = &file.node.kind else {
            return Err(Refusal::BeyondFile);
        };
        let frame = contents.borrow().frame(index)?;
        let in_place = frame.is_shared();
        self.map_page(page, frame, area.page_protection())?;
        if in_place {
            self.map_around(page, pages, area, file);
        }
        Ok(())
    }

    /// Maps the pages around one that was touched, where they lie in the archive: it costs less than a fault for each.
    fn map_around(&mut self, page: UserPage, pages: Pages, area: &Area, file: &FileBacking) {
        let Kind::File(contents) = &file.node.kind else {
            return;
        };
        let first = page
            .number()
            .saturating_sub(page.number() % AROUND)
            .max(pages.start);
        let end = first.saturating_add(AROUND).min(pages.end);
        for number in first..end {
            let index = file
                .first
                .saturating_add(number.saturating_sub(pages.start));
            let Some(frame) = contents.borrow().frame_in_place(index) else {
                continue;
            };
            let Some(page) = UserPage::new(number).filter(|page| !self.space.is_mapped(*page))
            else {
                continue;
            };
            if self.map_page(page, frame, area.page_protection()).is_err() {
                return;
            }
        }
    }

    pub(super) fn map_page(
        &mut self,
        page: UserPage,
        frame: Frame,
        protection: Protection,
    ) -> Result<(), Refusal> {
        // The tables on the way, too, leave the reserve alone.
        if !budget::has_reserve() {
            return Err(Refusal::OutOfMemory);
        }
        match self.space.map(page, frame, protection) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::OutOfMemory),
        }
    }

    /// Extends a stack downwards to `page`, if it is its to grow there: not beyond the limit of its length, nor near to an area
    /// below that can be accessed (Linux's `expand_downwards`).
    fn grow_stack(&mut self, page: u64) -> Result<(), Refusal> {
        let Some((stack, area)) = self.areas.at_or_behind(page) else {
            return Err(Refusal::NotMapped);
        };
        let grown = Pages::new(page, stack.start)
            .filter(|_| area.grows() && page >= USER_START / PAGE)
            .filter(|_| stack.end.saturating_sub(page) <= STACK_LIMIT / PAGE)
            .ok_or(Refusal::NotMapped)?;
        let is_near = self.areas.below(page).is_some_and(|(below, area)| {
            page.saturating_sub(below.end) < blocks::STACK_GUARD
                && !area.grows()
                && !area.protection.is_empty()
        });
        if is_near {
            return Err(Refusal::NotMapped);
        }
        let area = area.clone();
        self.areas.insert(grown, area);
        self.populate_locked(grown);
        Ok(())
    }
}

impl Area {
    /// How it thinks of large pages at `page`; never, where none fits in.
    fn large_here(&self, pages: Pages, page: UserPage) -> Large {
        let first = page.number() & !LARGE.wrapping_sub(1);
        let fits = pages.start <= first && first.saturating_add(LARGE) <= pages.end;
        if fits && !self.grows() {
            self.large
        } else {
            Large::Never
        }
    }
}

/// Whether the hardware would allow the access with this protection: what may be written or executed can be read too.
fn allows(protection: Protection, access: Access) -> bool {
    match access {
        Access::Read => !protection.is_empty(),
        Access::Write => protection.contains(Protection::WRITE),
        Access::Execute => protection.contains(Protection::EXECUTE),
    }
}
