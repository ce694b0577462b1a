//! Holes: where a file has bytes, memory that is taken ahead, and memory that is given back (fallocate(2), lseek(2)).

use alloc::vec::Vec;
use core::ops::Range;

use super::contents::{Contents, MAX_SIZE, PAGE, offset_in_page};
use crate::errno::Errno;
use crate::memory::budget;
use crate::memory::changes::What;

/// What lies at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Bytes that were written, or are the archive's.
    Data,
    /// Nothing but zeros that take no memory. Behind the end of each file is one.
    Hole,
}

impl Contents {
    /// Memory and archive that its bytes take, in pages.
    pub(crate) fn pages_taken(&self) -> u64 {
        let own = self.pages.len() as u64;
        let lower = self.lower_len.div_ceil(PAGE);
        // Only the archive's pages can be holes or be replaced; most files are not counted.
        if own == 0 || lower == 0 && self.lower.is_none() {
            return own.saturating_add(lower);
        }
        let holes = self.pages.values().filter(|page| page.is_none()).count() as u64;
        let replaced = self.pages.range(..lower).count() as u64;
        own.saturating_sub(holes)
            .saturating_add(lower.saturating_sub(replaced))
    }

    /// The first offset from `offset` on that holds this; `None` when `offset` is not before the end or no data comes.
    pub(crate) fn find(&self, offset: u64, sought: Holds) -> Option<u64> {
        if offset >= self.size() {
            return None;
        }
        let end = self.size().div_ceil(PAGE);
        let mut page = offset / PAGE;
        while page < end {
            let (held, until) = self.run_at(page);
            if held == sought {
                return Some(page.saturating_mul(PAGE).max(offset));
            }
            page = until;
        }
        match sought {
            Holds::Data => None,
            Holds::Hole => Some(self.size()),
        }
    }

    /// What a page holds, and the first page behind it for which that has to be asked again.
    fn run_at(&self, page: u64) -> (Holds, u64) {
        let lower_end = self.lower_len.div_ceil(PAGE);
        if let Some(own) = self.pages.get(&page) {
            let held = match own {
                Some(_) => Holds::Data,
                None => Holds::Hole,
            };
            return (held, page.saturating_add(1));
        }
        let next_own = self
            .pages
            .range(page..)
            .next()
            .map_or(u64::MAX, |(page, _)| *page);
        if page < lower_end {
            (Holds::Data, next_own.min(lower_end))
        } else {
            (Holds::Hole, next_own)
        }
    }

    /// Takes memory for all of a range ahead; `ENOSPC`, and nothing taken, when there is not enough.
    pub(crate) fn allocate(&mut self, range: Range<u64>) -> Result<(), Errno> {
        check_range(&range)?;
        if range.end > self.size() {
            self.check_grow()?;
        }
        let pages = range.start / PAGE..range.end.div_ceil(PAGE);
        budget::allow_pages(pages.end.saturating_sub(pages.start)).map_err(|_| Errno::ENOSPC)?;
        let mut taken = Vec::new();
        let mut page = pages.start;
        while page < pages.end {
            let (held, until) = self.run_at(page);
            if held == Holds::Hole {
                let was_hole = self.pages.contains_key(&page);
                let room = budget::allow_file().is_ok();
                if !room || self.page_for_write(page).is_err() {
                    for (page, was_hole) in taken {
                        if was_hole {
                            self.pages.insert(page, None);
                        } else {
                            self.pages.remove(&page);
                        }
                    }
                    return Err(Errno::ENOSPC);
                }
                taken.push((page, was_hole));
                page = page.saturating_add(1);
            } else {
                page = until;
            }
        }
        Ok(())
    }

    /// Makes the file at least this long, with zeros.
    pub(crate) fn extend(&mut self, size: u64) -> Result<(), Errno> {
        if size > self.size {
            self.check_grow()?;
            self.size = size;
        }
        Ok(())
    }

    /// Makes a range zeros, and gives back the memory of the whole pages in it.
    pub(crate) fn punch(&mut self, range: Range<u64>) -> Result<(), Errno> {
        check_range(&range)?;
        self.check_write(range.start, 0)?;
        let whole = range.start.div_ceil(PAGE)..range.end / PAGE;
        if whole.start > whole.end {
            return self.zero_in_page(range);
        }
        self.zero_in_page(range.start..whole.start.saturating_mul(PAGE))?;
        self.zero_in_page(whole.end.saturating_mul(PAGE)..range.end)?;
        let mut next = whole.start;
        while let Some(page) = self
            .pages
            .range(next..whole.end)
            .next()
            .map(|(page, _)| *page)
        {
            self.punch_page(page);
            next = page.saturating_add(1);
        }
        let lower_end = self.lower_len.div_ceil(PAGE);
        for page in whole.start..whole.end.min(lower_end) {
            budget::allow_kernel_memory().map_err(|_| Errno::ENOSPC)?;
            self.pages.entry(page).or_insert(None);
        }
        if let Some(watch) = &self.watch {
            watch.note(whole, What::Moved);
        }
        Ok(())
    }

    fn punch_page(&mut self, page: u64) {
        match self.pages.get(&page) {
            // It is mapped, and who mapped it shall see the zeros.
            Some(Some(frame)) if frame.is_shared() => {
                frame.fill_zero(0..unikernel_machine::address::PAGE_SIZE);
            }
            Some(_) if page < self.lower_len.div_ceil(PAGE) => {
                self.pages.insert(page, None);
            }
            Some(_) => {
                self.pages.remove(&page);
            }
            None => {}
        }
    }

    /// Overwrites a part of one page with zeros, as far as it does not consist of them.
    fn zero_in_page(&mut self, range: Range<u64>) -> Result<(), Errno> {
        let page = range.start / PAGE;
        if range.is_empty() || self.run_at(page).0 == Holds::Hole {
            return Ok(());
        }
        let start = offset_in_page(range.start);
        let len = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        let frame = self.page_for_write(page).map_err(|_| Errno::ENOSPC)?;
        frame.fill_zero(start..start.saturating_add(len));
        Ok(())
    }
}

fn check_range(range: &Range<u64>) -> Result<(), Errno> {
    if range.end > MAX_SIZE {
        return Err(Errno::EFBIG);
    }
    Ok(())
}
