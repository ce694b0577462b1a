//! How much memory an area has taken so far.

use unikernel_machine::frame::Frame;
use unikernel_machine::space::Protection;

use super::area::{Area, FileBacking, Sharing};
use super::{AddressSpace, Pages};

/// Pages of an area that are there, by what they are. The page of zeros that is shared by all is none, as on Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    /// All.
    pub(crate) pages: u64,
    /// Those that are no page of a file.
    pub(crate) own: u64,
    /// Those that were written to.
    pub(crate) dirty: u64,
}

impl Taken {
    /// Counts those of another area too.
    pub(crate) fn add(&mut self, other: Self) {
        self.pages = self.pages.saturating_add(other.pages);
        self.own = self.own.saturating_add(other.own);
        self.dirty = self.dirty.saturating_add(other.dirty);
    }
}

impl AddressSpace {
    /// What the pages of an area have taken.
    pub(crate) fn taken(&self, pages: Pages, area: &Area) -> Taken {
        let mut taken = Taken::default();
        self.space
            .for_each_mapped(pages.range(), &mut |page, protection| {
                let Some((frame, _)) = self.space.lookup(page) else {
                    return;
                };
                let (own, dirty) = match area.file() {
                    None if frame.is_constant() => return,
                    None => (true, true),
                    Some(file) => {
                        let own = !is_page_of(file, file.index_of(page, pages), &frame);
                        let is_shared = file.sharing != Sharing::Private;
                        (
                            own,
                            own || is_shared && protection.contains(Protection::WRITE),
                        )
                    }
                };
                taken.add(Taken {
                    pages: 1,
                    own: own.into(),
                    dirty: dirty.into(),
                });
            });
        taken
    }
}

/// Whether a frame is a file's page, and not a copy of it.
fn is_page_of(file: &FileBacking, index: u64, frame: &Frame) -> bool {
    match file.contents() {
        Some(contents) if file.sharing == Sharing::Private && !frame.is_constant() => {
            contents.borrow().is_own_frame(index, frame)
        }
        _ => true,
    }
}
