//! The bytes of a regular file: the archive's where it was not written to, frames of memory elsewhere.

use alloc::collections::BTreeMap;

use linux_raw_sys::general as linux;
use unikernel_machine::address::PAGE_SIZE;
use unikernel_machine::frame::Frame;

use super::archive::Mounted;
use super::erofs::Extent;
use crate::errno::Errno;
use crate::memory::budget;
use crate::memory::changes::{Watch, What};

/// The longest file: what an `off_t` can hold, in whole pages.
pub(crate) const MAX_SIZE: u64 = (i64::MAX as u64) & !(PAGE - 1);

/// A page's length.
pub(super) const PAGE: u64 = PAGE_SIZE as u64;

/// A file of the archive.
#[derive(Clone, Copy)]
pub(crate) struct Lower {
    /// The archive.
    pub(crate) archive: &'static Mounted,
    /// Where it lies there.
    pub(crate) extent: Extent,
}

/// A regular file's bytes. A page is written to only when it is one of `pages`; beneath lies the archive's file as far as
/// `lower_len`, and zeros.
pub(crate) struct Contents {
    pub(super) lower: Option<Lower>,
    pub(super) lower_len: u64,
    /// Pages that differ from the archive's; one without a frame is a hole where the archive has bytes.
    pub(super) pages: BTreeMap<u64, Option<Frame>>,
    pub(super) size: u64,
    /// What may no longer be done to it (`F_SEAL_*` of fcntl(2)); a file that can't be sealed has `F_SEAL_SEAL`.
    pub(super) seals: u32,
    /// Tells the mappings what happens to the pages, once there are some.
    pub(super) watch: Option<Watch>,
}

/// Some bytes of a file. It holds what it needs, so that copying it to the program may change the file's pages.
pub(crate) enum Piece {
    /// As they lie in the archive.
    Archive(&'static [u8]),
    /// A part of a frame: offset and length.
    Memory(Frame, usize, usize),
    /// So many zeros, at most a page of them.
    Zeros(usize),
}

/// Why a page of a file can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPage {
    /// It lies wholly behind the file's end.
    BeyondEnd,
    /// There is no memory for it.
    OutOfMemory,
}

impl Contents {
    /// An empty file.
    pub(crate) fn new() -> Self {
        Self {
            lower: None,
            lower_len: 0,
            pages: BTreeMap::new(),
            size: 0,
            watch: None,
            seals: linux::F_SEAL_SEAL,
        }
    }

    /// A file of the archive.
    pub(crate) fn of_archive(lower: Lower) -> Self {
        Self {
            lower_len: lower.extent.size,
            size: lower.extent.size,
            lower: Some(lower),
            pages: BTreeMap::new(),
            watch: None,
            seals: linux::F_SEAL_SEAL,
        }
    }

    /// Has mappings told from now on what happens to its pages.
    pub(crate) fn set_watch(&mut self, watch: Watch) {
        self.watch = Some(watch);
    }

    /// Its length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes at `offset`, as far as they lie in one piece, at most `len`; `None` at the file's end.
    pub(crate) fn piece(&self, offset: u64, len: usize) -> Option<Piece> {
        let len = (len as u64).min(self.size.checked_sub(offset)?);
        if len == 0 {
            return None;
        }
        let page = offset / PAGE;
        let in_page = usize::try_from(PAGE.saturating_sub(offset % PAGE).min(len)).ok()?;
        let len = match self.pages.range(page..).next() {
            Some((own, Some(frame))) if *own == page => {
                let start = offset_in_page(offset);
                return Some(Piece::Memory(frame.clone(), start, in_page));
            }
            Some((hole, None)) if *hole == page => return Some(Piece::Zeros(in_page)),
            // A page that was written to comes later.
            Some((next, _)) => next.saturating_mul(PAGE).saturating_sub(offset).min(len),
            None => len,
        };
        let from_lower = self.lower_bytes(offset, len);
        if from_lower.is_empty() {
            return Some(Piece::Zeros(in_page));
        }
        Some(Piece::Archive(from_lower))
    }

    /// The archive's bytes at `at`, as far as they lie in one piece and still count.
    fn lower_bytes(&self, at: u64, len: u64) -> &'static [u8] {
        match &self.lower {
            Some(lower) => {
                let len = len.min(self.lower_len.saturating_sub(at));
                lower.archive.contents(&lower.extent, at, len)
            }
            None => &[],
        }
    }

    /// Writes `bytes` at `offset`, and makes the file longer where it must; how many were written before memory ran out.
    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        self.check_write(offset, bytes.len() as u64)?;
        let mut done: usize = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.checked_add(done as u64).filter(|at| *at < MAX_SIZE);
            let Some(at) = at else {
                return if done == 0 {
                    Err(Errno::EFBIG)
                } else {
                    Ok(done)
                };
            };
            let in_page = PAGE_SIZE.saturating_sub(offset_in_page(at)).min(rest.len());
            let piece = rest.get(..in_page).unwrap_or(rest);
            match self.page_for_write(at / PAGE) {
                Ok(frame) => frame.write(offset_in_page(at), piece),
                Err(_) if done > 0 => break,
                Err(_) => return Err(Errno::ENOSPC),
            }
            done = done.saturating_add(in_page);
            self.size = self.size.max(at.saturating_add(in_page as u64));
        }
        Ok(done)
    }

    /// The frame of a page, made the file's own first.
    pub(super) fn page_for_write(&mut self, page: u64) -> Result<&Frame, NoPage> {
        if !matches!(self.pages.get(&page), Some(Some(_))) {
            let frame = self.copy_of_page(page)?;
            self.pages.insert(page, Some(frame));
            if let Some(watch) = &self.watch {
                watch.note(page..page.saturating_add(1), What::Moved);
            }
        }
        self.pages
            .get(&page)
            .and_then(Option::as_ref)
            .ok_or(NoPage::OutOfMemory)
    }

    /// A new frame of the file's own with the page's bytes of now.
    fn copy_of_page(&self, page: u64) -> Result<Frame, NoPage> {
        let frame = budget::file_frame().ok_or(NoPage::OutOfMemory)?;
        self.copy_page_to(page, &frame);
        Ok(frame)
    }

    /// Fills a frame of zeros with the bytes that a page has beneath.
    fn copy_page_to(&self, page: u64, frame: &Frame) {
        let start = page.saturating_mul(PAGE);
        let is_hole = self.pages.contains_key(&page);
        let mut done = 0;
        while done < PAGE && !is_hole {
            let piece = self.lower_bytes(start.saturating_add(done), PAGE.saturating_sub(done));
            if piece.is_empty() {
                break;
            }
            frame.write(usize::try_from(done).unwrap_or(PAGE_SIZE), piece);
            done = done.saturating_add(piece.len() as u64);
        }
    }

    /// The frame to map for a page: the file's own or the archive's where there is one, else a new one with the same bytes.
    pub(crate) fn frame(&self, page: u64) -> Result<Frame, NoPage> {
        if page.saturating_mul(PAGE) >= self.size {
            return Err(NoPage::BeyondEnd);
        }
        match self.pages.get(&page) {
            Some(Some(frame)) => return Ok(frame.clone()),
            None if page.saturating_mul(PAGE) < self.lower_len => {}
            _ => return Frame::zeros().ok_or(NoPage::OutOfMemory),
        }
        if let Some(frame) = self.lower_frame(page) {
            return Ok(frame);
        }
        // A copy for the program, not for the file.
        let frame = budget::frame().ok_or(NoPage::OutOfMemory)?;
        self.copy_page_to(page, &frame);
        Ok(frame)
    }

    /// Whether a page is in memory: in the archive, or of its own.
    pub(crate) fn has_page(&self, page: u64) -> bool {
        match self.pages.get(&page) {
            Some(own) => own.is_some(),
            None => page.saturating_mul(PAGE) < self.lower_len,
        }
    }

    /// Whether a frame is the one that holds a page of the file which was written.
    pub(crate) fn is_own_frame(&self, page: u64, frame: &Frame) -> bool {
        let own = self.pages.get(&page).and_then(Option::as_ref);
        own.is_some_and(|own| own.address() == frame.address())
    }

    /// The archive's frame for a page, where it lies in the archive as a page and was not changed.
    pub(crate) fn frame_in_place(&self, page: u64) -> Option<Frame> {
        if self.pages.contains_key(&page) {
            return None;
        }
        self.lower_frame(page)
    }

    /// The archive's frame for a page, where it lies in the archive as a page and nothing of that was cut off.
    fn lower_frame(&self, page: u64) -> Option<Frame> {
        let lower = self.lower.as_ref()?;
        let end = page.saturating_add(1).saturating_mul(PAGE);
        if self.lower_len < end.min(lower.extent.size) {
            return None;
        }
        lower.archive.frame(&lower.extent, page)
    }

    /// The frame to map for a page that is shared with the file: always the file's own.
    pub(crate) fn shared_frame(&mut self, page: u64) -> Result<Frame, NoPage> {
        if page.saturating_mul(PAGE) >= self.size {
            return Err(NoPage::BeyondEnd);
        }
        if !self.may_be_written() {
            return self.frame(page);
        }
        self.page_for_write(page).cloned()
    }

    /// Cuts the file off at `size`, or makes it longer with zeros.
    pub(crate) fn truncate(&mut self, size: u64) -> Result<(), Errno> {
        if size > MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        self.check_size(size)?;
        if size <= self.size {
            self.lower_len = self.lower_len.min(size);
            // Pages that were allocated behind the end go too.
            drop(self.pages.split_off(&size.div_ceil(PAGE)));
            if let Some(Some(frame)) = self.pages.get(&(size / PAGE)) {
                frame.fill_zero(offset_in_page(size)..PAGE_SIZE);
            }
            if let Some(watch) = &self.watch {
                watch.note(size / PAGE..size.div_ceil(PAGE), What::Moved);
                watch.note(size.div_ceil(PAGE)..MAX_SIZE / PAGE, What::Cut);
            }
        }
        self.size = size;
        Ok(())
    }

    /// Whether the bytes are the archive's, unchanged.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.pages.is_empty()
            && self
                .lower
                .as_ref()
                .is_some_and(|lower| lower.extent.size == self.size && self.lower_len == self.size)
    }
}

/// Where in its page a byte lies.
pub(super) fn offset_in_page(at: u64) -> usize {
    usize::try_from(at % PAGE).unwrap_or(0)
}
