//! A page table as a map.

use super::std::collections::BTreeMap;
use super::std::ops::Range;
use super::std::vec::Vec;

use super::frame::{Frame, LargeFrame};
use crate::address::UserPage;
use crate::frame::LARGE;
use crate::space::{OutOfFrames, Protection};

/// A program's pages.
#[derive(Debug, Default)]
pub struct Space(BTreeMap<u64, (Frame, Protection)>);

impl Space {
    /// An empty space.
    ///
    /// # Errors
    /// Never here; on a real machine when there is no frame for its table.
    pub fn new() -> Result<Self, OutOfFrames> {
        Ok(Self::default())
    }

    /// Makes it the space that programs run in. There is only one here.
    pub fn activate(&self) {}

    /// Maps a page; gives the frame that was there.
    ///
    /// # Errors
    /// Never here; on a real machine when there is no frame for a table.
    pub fn map(
        &mut self,
        page: UserPage,
        frame: Frame,
        protection: Protection,
    ) -> Result<Option<Frame>, OutOfFrames> {
        Ok(self
            .0
            .insert(page.number(), (frame, protection))
            .map(|(frame, _)| frame))
    }

    /// Maps 512 pages from `first` on, a multiple of 512. What was mapped there goes.
    ///
    /// # Errors
    /// Never here; on a real machine when there is no frame for a table.
    ///
    /// # Panics
    /// When `first` is not aligned.
    pub fn map_large(
        &mut self,
        first: UserPage,
        frame: LargeFrame,
        protection: Protection,
    ) -> Result<(), OutOfFrames> {
        assert!(
            first.number().is_multiple_of(LARGE),
            "a large page is aligned"
        );
        for (number, frame) in (first.number()..).zip(frame.0) {
            self.0.insert(number, (frame, protection));
        }
        Ok(())
    }

    /// Gives back what is zeros in runs of 512 pages, until some memory came back; whether it did.
    pub fn give_back_zeros(&mut self, pages: Range<u64>) -> bool {
        let mut first = pages.start.next_multiple_of(LARGE);
        while first + LARGE <= pages.end {
            let block = first..first + LARGE;
            let zeros =
                |(number, (frame, _)): (&u64, &(Frame, _))| frame.is_zero().then_some(*number);
            let zeros: Vec<u64> = self.0.range(block.clone()).filter_map(zeros).collect();
            if self.0.range(block).count() == usize::try_from(LARGE).unwrap_or(0)
                && !zeros.is_empty()
            {
                self.0.retain(|number, _| !zeros.contains(number));
                return true;
            }
            first += LARGE;
        }
        false
    }

    /// Takes a page out; gives its frame.
    pub fn unmap(&mut self, page: UserPage) -> Option<Frame> {
        self.0.remove(&page.number()).map(|(frame, _)| frame)
    }

    /// What is mapped there.
    #[must_use]
    pub fn lookup(&self, page: UserPage) -> Option<(Frame, Protection)> {
        self.0.get(&page.number()).cloned()
    }

    /// Whether something is mapped at `page`.
    #[must_use]
    pub fn is_mapped(&self, page: UserPage) -> bool {
        self.0.contains_key(&page.number())
    }

    /// Whether none of the 512 pages, aligned so, is mapped that `page` is one of.
    #[must_use]
    pub fn is_untouched(&self, page: UserPage) -> bool {
        let first = page.number() / LARGE * LARGE;
        self.0.range(first..first + LARGE).next().is_none()
    }

    /// Changes a page's protection; `false` when nothing is mapped.
    pub fn protect(&mut self, page: UserPage, protection: Protection) -> bool {
        match self.0.get_mut(&page.number()) {
            Some(entry) => {
                entry.1 = protection;
                true
            }
            None => false,
        }
    }

    /// Visits each mapped page whose number is in `pages`, in order.
    pub fn for_each_mapped(&self, pages: Range<u64>, visit: &mut dyn FnMut(UserPage, Protection)) {
        for (number, (_, protection)) in self.0.range(pages) {
            if let Some(page) = UserPage::new(*number) {
                visit(page, *protection);
            }
        }
    }

    /// Takes out what is mapped in a range of page numbers.
    pub fn unmap_range(&mut self, pages: Range<u64>) {
        self.0.retain(|page, _| !pages.contains(page));
    }

    /// Takes out what is constant in a range of page numbers.
    pub fn unmap_constant(&mut self, pages: Range<u64>) {
        self.0
            .retain(|page, (frame, _)| !pages.contains(page) || !frame.is_constant());
    }

    /// Changes the protection of what is mapped in a range of page numbers.
    pub fn protect_range(&mut self, pages: Range<u64>, protection: Protection) {
        for (_, entry) in self.0.range_mut(pages) {
            entry.1 = protection;
        }
    }
}
