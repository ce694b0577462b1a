//! The frame table: a counter for each page of memory.
//!
//! A frame is taken from a list of freed ones, else from the memory that was never taken (so nothing is done at boot for a page
//! that is not needed). The entry of a freed frame is the number of the next freed one; of a taken one, its references; of one
//! that was never taken, nothing.

use core::num::NonZeroU32;
use core::ops::Range;
use core::ptr;

use super::layout::direct;
use super::one_cpu::OneCpu;
use crate::address::{PAGE_SIZE, PhysAddr};
use crate::frame::Usage;
use crate::memory_map::MemoryMap;

const PAGE: u64 = PAGE_SIZE as u64;
/// Pieces of never taken memory that are kept; smaller ones are left out when a machine has more.
const MAX_FRESH: usize = 16;

static FRAMES: OneCpu<Frames> = OneCpu::new(Frames {
    table: ptr::null_mut(),
    len: 0,
    freed: 0,
    fresh: [(0, 0); MAX_FRESH],
    archive: (0, 0),
    usage: Usage { total: 0, free: 0 },
});

struct Frames {
    /// The first entry of the table, in the direct map; it has `len` entries. Nothing else refers to that memory.
    table: *mut u32,
    len: u32,
    /// The frame that was freed last, or 0.
    freed: u32,
    /// Ranges of frames that were never taken.
    fresh: [(u32, u32); MAX_FRESH],
    /// The archive's frames: not counted.
    archive: (u32, u32),
    usage: Usage,
}

/// An owned page of memory.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame(NonZeroU32);

/// How many frames there are and how many are free.
#[must_use]
pub fn usage() -> Usage {
    FRAMES.borrow().usage
}

/// Takes over the memory in `free`; the pages in `archive` can become frames too, but are never freed or written.
///
/// The table is put into the first range that is long enough and below `limit`, the end of what is mapped.
pub(super) fn init(memory: &MemoryMap, mut free: MemoryMap, archive: Range<u64>, limit: u64) {
    let end = memory.ranges().next_back().map_or(0, |range| range.end);
    let len = end / PAGE;
    let bytes = len * 4;
    let place = free
        .ranges()
        .find(|range| range.end.min(limit).saturating_sub(range.start) >= bytes)
        .map_or(0, |range| range.start);
    assert!(place != 0, "there is no memory for the table of frames");
    free.remove(place, place + bytes);
    let mut frames = FRAMES.borrow();
    frames.table = direct(place).cast();
    frames.len = u32::try_from(len).unwrap_or(u32::MAX);
    frames.archive = ((archive.start / PAGE) as u32, (archive.end / PAGE) as u32);
    for range in free.ranges() {
        let (start, end) = ((range.start / PAGE) as u32, (range.end / PAGE) as u32);
        let fresh = frames
            .fresh
            .iter_mut()
            .min_by_key(|(start, end)| end - start);
        if let Some(smallest) = fresh.filter(|(s, e)| e - s < end - start) {
            *smallest = (start, end);
        }
    }
    frames.fresh.sort_unstable();
    let total = frames
        .fresh
        .iter()
        .map(|(start, end)| (end - start) as usize)
        .sum();
    frames.usage = Usage { total, free: total };
}

impl Frames {
    /// The entry of a frame of the table.
    fn entry(&self, number: u32) -> *mut u32 {
        assert!(number < self.len, "no such frame");
        self.table.wrapping_add(number as usize)
    }

    fn get(&self, number: u32) -> u32 {
        // SAFETY: `entry` is within the table, which only `Frames` touches.
        unsafe { *self.entry(number) }
    }

    fn set(&mut self, number: u32, value: u32) {
        // SAFETY: `entry` is within the table, which only `Frames` touches.
        unsafe { *self.entry(number) = value };
    }

    fn is_archive(&self, number: u32) -> bool {
        self.archive.0 <= number && number < self.archive.1
    }

    /// `count` frames in a row, never taken before, each with one reference.
    fn take_fresh(&mut self, count: u32) -> Option<u32> {
        let range = self
            .fresh
            .iter_mut()
            .find(|(start, end)| end - start >= count)?;
        let first = range.0;
        range.0 += count;
        for number in first..first + count {
            self.set(number, 1);
        }
        self.usage.free -= count as usize;
        Some(first)
    }

    fn take(&mut self) -> Option<u32> {
        if self.freed == 0 {
            return self.take_fresh(1);
        }
        let number = self.freed;
        self.freed = self.get(number);
        self.set(number, 1);
        self.usage.free -= 1;
        Some(number)
    }

    fn retain(&mut self, number: u32) {
        if !self.is_archive(number) {
            self.set(number, self.get(number) + 1);
        }
    }

    fn release(&mut self, number: u32) {
        if self.is_archive(number) {
            return;
        }
        let count = self.get(number) - 1;
        if count > 0 {
            self.set(number, count);
        } else {
            self.set(number, self.freed);
            self.freed = number;
            self.usage.free += 1;
        }
    }
}

/// The physical address of the first of `count` frames in a row, for a device or a table; they are never given back.
pub(super) fn take_run(count: usize) -> Option<PhysAddr> {
    let first = FRAMES.borrow().take_fresh(u32::try_from(count).ok()?)?;
    Some(PhysAddr(u64::from(first) * PAGE))
}

/// The archive's frame with this number; `None` when the archive has no such page.
pub(super) fn archive_frame(page: usize) -> Option<Frame> {
    let frames = FRAMES.borrow();
    let number = frames.archive.0.checked_add(u32::try_from(page).ok()?)?;
    NonZeroU32::new(number)
        .filter(|n| frames.is_archive(n.get()))
        .map(Frame)
}

impl Frame {
    /// A frame of unknown content; `None` when there is none left.
    pub(super) fn dirty() -> Option<Self> {
        NonZeroU32::new(FRAMES.borrow().take()?).map(Self)
    }

    /// A frame of zeros; `None` when there is none left.
    #[must_use]
    pub fn zeroed() -> Option<Self> {
        let frame = Self::dirty()?;
        // SAFETY: the page is in the direct map, and nobody else knows it yet.
        unsafe { ptr::write_bytes(frame.bytes(), 0, PAGE_SIZE) };
        Some(frame)
    }

    /// A frame of its own with the same bytes; `None` when there is none left.
    #[must_use]
    pub fn copied(&self) -> Option<Self> {
        let frame = Self::dirty()?;
        // SAFETY: both pages are in the direct map, and are different ones.
        unsafe { ptr::copy_nonoverlapping(self.bytes(), frame.bytes(), PAGE_SIZE) };
        Some(frame)
    }

    /// Reads from `offset` on. What would lie behind the page is left as it is in `target`.
    pub fn read(&self, offset: usize, target: &mut [u8]) {
        let offset = offset.min(PAGE_SIZE);
        let len = target.len().min(PAGE_SIZE - offset);
        // SAFETY: within the page, which is in the direct map; no reference to a page's bytes exists.
        unsafe {
            ptr::copy_nonoverlapping(self.bytes().wrapping_add(offset), target.as_mut_ptr(), len);
        };
    }

    /// Writes from `offset` on. What would lie behind the page is not written.
    ///
    /// # Panics
    /// When the frame is a page of the archive.
    pub fn write(&self, offset: usize, source: &[u8]) {
        self.assert_writable();
        let offset = offset.min(PAGE_SIZE);
        let len = source.len().min(PAGE_SIZE - offset);
        // SAFETY: within the page, which is in the direct map; no reference to a page's bytes exists.
        unsafe {
            ptr::copy_nonoverlapping(source.as_ptr(), self.bytes().wrapping_add(offset), len);
        };
    }

    /// Writes zeros to the offsets in `range`, as far as they are within the page.
    ///
    /// # Panics
    /// When the frame is a page of the archive.
    pub fn fill_zero(&self, range: Range<usize>) {
        self.assert_writable();
        let start = range.start.min(PAGE_SIZE);
        let len = range.end.min(PAGE_SIZE).saturating_sub(start);
        // SAFETY: within the page, which is in the direct map; no reference to a page's bytes exists.
        unsafe { ptr::write_bytes(self.bytes().wrapping_add(start), 0, len) };
    }

    /// Whether somebody else has a reference too, so that a write would be seen there. Always so for a page of the archive.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let frames = FRAMES.borrow();
        frames.is_archive(self.0.get()) || frames.get(self.0.get()) > 1
    }

    /// Where the frame lies.
    #[must_use]
    pub fn address(&self) -> PhysAddr {
        PhysAddr(u64::from(self.0.get()) * PAGE)
    }

    pub(super) fn is_archive(&self) -> bool {
        FRAMES.borrow().is_archive(self.0.get())
    }

    /// Hands the reference over to a number, for a page table entry.
    pub(super) fn into_number(self) -> u32 {
        let number = self.0.get();
        core::mem::forget(self);
        number
    }

    /// Takes back the reference that [`into_number`](Self::into_number) handed over.
    ///
    /// # Safety
    /// The number must own a reference, and be forgotten.
    pub(super) unsafe fn from_number(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    fn assert_writable(&self) {
        assert!(!self.is_archive(), "a page of the archive is never written");
    }

    fn bytes(&self) -> *mut u8 {
        direct(self.address().0)
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        FRAMES.borrow().retain(self.0.get());
        Self(self.0)
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        FRAMES.borrow().release(self.0.get());
    }
}
