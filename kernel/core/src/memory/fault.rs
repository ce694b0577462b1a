//! A page that was touched and is not there, or is not writable yet.

use unikernel_machine::address::{USER_START, UserAddr, UserPage};
use unikernel_machine::frame::{Frame, LARGE};
use unikernel_machine::space::{Protection, Space};
use unikernel_machine::user::Access;

use super::area::{Area, FileBacking, Large, Locked, Sharing};
use super::layout::STACK_LIMIT;
use super::{AddressSpace, PAGE, Pages, areas, budget};
use crate::errno::Errno;
use crate::fs::contents::NoPage;

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
        let Self { areas, space, .. } = self;
        let found = areas.at_or_behind(page.number());
        let (pages, area) = found.ok_or(Refusal::NotMapped)?;
        if page.number() < pages.start {
            self.grow_stack(page.number())?;
            return self.try_resolve(page, access);
        }
        if !area.protection.intersects(one_of(access)) {
            return Err(Refusal::Denied);
        }
        match area.file() {
            Some(file) if file.sharing != Sharing::Private => {
                let (area, file) = (area.clone(), file.clone());
                self.resolve_shared(page, pages, &area, &file, access)
            }
            _ => resolve_private(space, page, pages, area, access),
        }
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
        pages: Pages,
        area: &Area,
        file: &FileBacking,
        access: Access,
    ) -> Result<(), Refusal> {
        let contents = file.contents().ok_or(Refusal::BeyondFile)?;
        let index = file.index_of(page, pages);
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
        map_page(&mut self.space, page, frame, protection)
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
            page.saturating_sub(below.end) < areas::STACK_GUARD
                && !area.grows()
                && !area.protection.is_empty()
        });
        if is_near {
            return Err(Refusal::NotMapped);
        }
        let area = area.clone();
        let locked = area.locked;
        self.areas.insert(grown, area);
        if locked == Locked::AtOnce {
            let _ = self.populate(grown);
        }
        Ok(())
    }
}

/// A page of zeros or of a private mapping: the program's own once it is written to.
fn resolve_private(
    space: &mut Space,
    page: UserPage,
    pages: Pages,
    area: &Area,
    access: Access,
) -> Result<(), Refusal> {
    let is_write = access == Access::Write;
    let protection = if is_write {
        area.protection
    } else {
        area.page_protection()
    };
    let there = match space.lookup(page) {
        // What a copy replaces.
        Some((frame, _)) if is_write && frame.is_constant() => Some(frame),
        // A copy that was protected, or the file's.
        // It is the only one: nothing may fail between taking it out and mapping it again.
        Some(_) if is_write && area.file().is_some() => {
            if !budget::has_reserve() {
                return Err(Refusal::OutOfMemory);
            }
            space.unmap(page)
        }
        // It was mapped while its area forbade the access.
        Some(_) => {
            space.protect(page, protection);
            return Ok(());
        }
        None => None,
    };
    let frame = match area.file() {
        Some(file) => {
            let shown = match there {
                Some(frame) => frame,
                None => file.frame_of(page, pages)?,
            };
            if is_write && shown.is_shared() {
                budget::copy(&shown)
            } else {
                Some(shown)
            }
        }
        None if !is_write => Frame::zeros(),
        None if map_large(space, page, pages, area).is_some() => return Ok(()),
        None => budget::frame(),
    };
    let frame = frame.ok_or(Refusal::OutOfMemory)?;
    let is_archived = frame.is_constant();
    map_page(space, page, frame, protection)?;
    match area.file() {
        Some(file) if is_archived => map_around(space, page, pages, file, protection),
        _ => {}
    }
    Ok(())
}

/// Maps the large page around one that was touched, if its area has one there, none of it is there yet, and there is memory.
fn map_large(space: &mut Space, page: UserPage, pages: Pages, area: &Area) -> Option<()> {
    let large = area.large_here(pages, page);
    if large == Large::Never || !space.is_untouched(page) {
        return None;
    }
    let first = UserPage::new(page.number() & !LARGE.wrapping_sub(1))?;
    let frame = budget::large_frame(large)?;
    space.map_large(first, frame, area.protection).ok()
}

/// Maps the pages around one that was touched, where they lie in the archive: it costs less than a fault for each.
fn map_around(
    space: &mut Space,
    page: UserPage,
    pages: Pages,
    file: &FileBacking,
    protection: Protection,
) {
    let Some(contents) = file.contents() else {
        return;
    };
    let contents = contents.borrow();
    let first = page.number() & !AROUND.wrapping_sub(1);
    let around = first.max(pages.start)..first.saturating_add(AROUND).min(pages.end);
    for near in around.filter_map(UserPage::new) {
        if !space.is_mapped(near)
            && let Some(frame) = contents.frame_in_place(file.index_of(near, pages))
        {
            // The table is there, which is all that could be missing.
            let _ = space.map(near, frame, protection);
        }
    }
}

fn map_page(
    space: &mut Space,
    page: UserPage,
    frame: Frame,
    protection: Protection,
) -> Result<(), Refusal> {
    // The tables on the way, too, leave the reserve alone.
    if !budget::has_reserve() {
        return Err(Refusal::OutOfMemory);
    }
    let mapped = space.map(page, frame, protection);
    mapped.map(drop).map_err(|_| Refusal::OutOfMemory)
}

impl FileBacking {
    /// What a page of the area shows that was not written to.
    fn frame_of(&self, page: UserPage, pages: Pages) -> Result<Frame, Refusal> {
        let contents = self.contents().ok_or(Refusal::BeyondFile)?;
        Ok(contents.borrow().frame(self.index_of(page, pages))?)
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

/// What protections the access needs one of: what may be written or executed can be read too, as the hardware has it.
fn one_of(access: Access) -> Protection {
    match access {
        Access::Read => Protection::all(),
        Access::Write => Protection::WRITE,
        Access::Execute => Protection::EXECUTE,
    }
}
