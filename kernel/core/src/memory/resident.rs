//! Pages that are there, and pages that shall be: mincore(2), `MAP_POPULATE`, mlock(2).

use unikernel_machine::address::UserPage;
use unikernel_machine::space::Protection;
use unikernel_machine::user::Access;

use super::area::{Area, Locked};
use super::fault::Refusal;
use super::protect::Change;
use super::{AddressSpace, Pages, budget};
use crate::errno::Errno;

impl AddressSpace {
    /// Whether touching a page would need no new memory; `None` where nothing is mapped.
    pub(crate) fn is_resident(&self, page: u64) -> Option<bool> {
        let (pages, area) = self.areas.at(page)?;
        let page = UserPage::new(page)?;
        let contents = area.file().and_then(|file| Some((file, file.contents()?)));
        let is_in_file = contents
            .is_some_and(|(file, contents)| contents.borrow().has_page(file.index_of(page, pages)));
        Some(is_in_file || self.space.is_mapped(page))
    }

    /// Makes pages that were mapped, as if each had been touched, up to the first that can't be had. More than the machine has are
    /// not tried, even if they were zeros that take none.
    pub(super) fn populate(&mut self, pages: Pages) -> Result<(), Refusal> {
        budget::allow_pages(pages.count()).map_err(|_| Refusal::OutOfMemory)?;
        let mut next = pages.start;
        while next < pages.end {
            let (run, area) = self.areas.at(next).ok_or(Refusal::NotMapped)?;
            let access = first_access(area).ok_or(Refusal::Denied)?;
            let end = run.end.min(pages.end);
            self.touch(Pages { start: next, end }, access)?;
            next = end;
        }
        Ok(())
    }

    /// Touches each page of a run.
    pub(super) fn touch(&mut self, pages: Pages, access: Access) -> Result<(), Refusal> {
        for page in pages.range().filter_map(UserPage::new) {
            let is_there = self.space.lookup(page).is_some_and(|(frame, has)| {
                access != Access::Write || has.contains(Protection::WRITE) && !frame.is_constant()
            });
            if !is_there {
                self.resolve(page.start(), access)?;
            }
        }
        Ok(())
    }

    /// mlock(2), mlock2(2), munlock(2): as `locked` says. `ENOMEM` where a page is not mapped or can't be touched, `EAGAIN` when
    /// there is no memory; what came before stays changed.
    pub(crate) fn lock(&mut self, pages: Pages, locked: Locked) -> Result<(), Errno> {
        self.change(pages, Change::Locked(locked))?;
        if locked != Locked::AtOnce {
            return Ok(());
        }
        self.populate(pages).map_err(|refusal| match refusal {
            Refusal::OutOfMemory => Errno::EAGAIN,
            Refusal::NotMapped | Refusal::Denied | Refusal::BeyondFile => Errno::ENOMEM,
        })
    }

    /// mlockall(2), munlockall(2): all areas that there are. What can't be touched is passed over.
    pub(crate) fn lock_all(&mut self, locked: Locked) {
        let mut next = 0;
        while let Some((pages, _)) = self.areas.at_or_behind(next) {
            // It does not split, and so can't fail; nor does Linux tell what it could not touch.
            let _ = self.lock(pages, locked);
            next = pages.end;
        }
    }

    /// What later mappings are (`MCL_FUTURE`).
    pub(crate) fn lock_future(&mut self, locked: Locked) {
        self.future = locked;
    }

    /// `MAP_POPULATE`: what can't be had is left to the program's own touch.
    pub(crate) fn populate_bytes(&mut self, address: u64, len: u64) {
        if let Some(pages) = Pages::of_bytes(address, len) {
            let _ = self.populate(pages);
        }
    }

    /// `MADV_POPULATE_READ` and `_WRITE`. `EINVAL` where the mapping forbids it, `EFAULT` behind a file's end, `ENOMEM` where
    /// nothing is mapped or no memory is left.
    pub(crate) fn populate_for(&mut self, pages: Pages, access: Access) -> Result<(), Errno> {
        budget::allow_pages(pages.count())?;
        let needed = match access {
            Access::Write => Protection::WRITE,
            Access::Read | Access::Execute => Protection::READ,
        };
        let mut next = pages.start;
        while next < pages.end {
            let (run, area) = self.areas.at(next).ok_or(Errno::ENOMEM)?;
            if !area.protection.contains(needed) {
                return Err(Errno::EINVAL);
            }
            let end = run.end.min(pages.end);
            self.touch(Pages { start: next, end }, access)
                .map_err(|refusal| match refusal {
                    Refusal::Denied => Errno::EINVAL,
                    Refusal::BeyondFile => Errno::EFAULT,
                    Refusal::NotMapped | Refusal::OutOfMemory => Errno::ENOMEM,
                })?;
            next = end;
        }
        Ok(())
    }
}

/// How an area's pages are touched ahead: a private one that can be written to gets pages of its own.
fn first_access(area: &Area) -> Option<Access> {
    if area.takes_memory() {
        Some(Access::Write)
    } else if area.protection.is_empty() {
        None
    } else {
        Some(Access::Read)
    }
}
