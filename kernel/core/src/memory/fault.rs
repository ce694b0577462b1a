//! A page that was touched and is not there, or is not writable yet.

use unikernel_machine::address::{UserAddr, UserPage};
use unikernel_machine::frame::Frame;
use unikernel_machine::space::Protection;
use unikernel_machine::user::Access;

use super::area::{Area, Backing, FileBacking, Role, Sharing};
use super::{AddressSpace, Pages, areas, budget};
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
        if self.areas.at(page.number()).is_none() {
            self.grow_stack(page.number())?;
        }
        let (pages, area) = self.areas.at(page.number()).ok_or(Refusal::NotMapped)?;
        if !allows(area.protection, access) {
            return Err(Refusal::Denied);
        }
        let protection = area.protection;
        match &area.backing {
            Backing::Anonymous => self.resolve_anonymous(page, protection),
            Backing::File(file) => {
                let file = file.clone();
                let area = area.clone();
                self.resolve_file(page, pages, &area, &file, access)
            }
        }
    }

    fn resolve_anonymous(&mut self, page: UserPage, protection: Protection) -> Result<(), Refusal> {
        // There already: it was mapped while its area forbade the access.
        if self.space.protect(page, protection) {
            return Ok(());
        }
        let frame = budget::frame().ok_or(Refusal::OutOfMemory)?;
        self.map_page(page, frame, protection)
    }

    fn resolve_file(
        &mut self,
        page: UserPage,
        pages: Pages,
        area: &Area,
        file: &FileBacking,
        access: Access,
    ) -> Result<(), Refusal> {
        let Kind::File(contents) = &file.node.kind else {
            return Err(Refusal::BeyondFile);
        };
        let index = file
            .first
            .saturating_add(page.number().saturating_sub(pages.start));
        if matches!(file.sharing, Sharing::Shared(_)) {
            let frame = if area.protection.contains(Protection::WRITE) {
                contents.borrow_mut().shared_frame(index)?
            } else {
                contents.borrow().frame(index)?
            };
            return self.map_page(page, frame, area.protection);
        }
        if access == Access::Write {
            let there = match self.space.unmap(page) {
                Some(frame) => frame,
                None => contents.borrow().frame(index)?,
            };
            let own = if there.is_shared() {
                budget::copy(&there).ok_or(Refusal::OutOfMemory)?
            } else {
                there
            };
            return self.map_page(page, own, area.protection);
        }
        if self.space.protect(page, area.page_protection()) {
            return Ok(());
        }
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
            let Some(page) =
                UserPage::new(number).filter(|page| self.space.lookup(*page).is_none())
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
        match self.space.map(page, frame, protection) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::OutOfMemory),
        }
    }

    /// Extends the stack downwards to `page`, if it is the stack's to grow there.
    fn grow_stack(&mut self, page: u64) -> Result<(), Refusal> {
        let Some((stack, area)) = self.areas.at_or_behind(page) else {
            return Err(Refusal::NotMapped);
        };
        let Role::Stack { lowest } = area.role else {
            return Err(Refusal::NotMapped);
        };
        let grown = Pages::new(page, stack.start)
            .filter(|_| page >= lowest)
            .ok_or(Refusal::NotMapped)?;
        let guard = Pages::new(page.saturating_sub(areas::STACK_GUARD), page);
        if guard.is_some_and(|guard| !self.areas.is_free(guard)) {
            return Err(Refusal::NotMapped);
        }
        let area = area.clone();
        self.areas.insert(grown, area);
        Ok(())
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
