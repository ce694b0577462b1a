//! Frames of the machine's memory: the frame table in its place, and the bytes behind the numbers.

use core::num::NonZeroU32;
use core::ops::Range;
use core::{ptr, slice};

use super::layout::direct;
use super::one_cpu::Shared;
use crate::address::{PAGE_SIZE, PhysAddr};
use crate::frame::Usage;
use crate::frame_table::{BLOCK, Block, FrameTable};
use crate::memory_map::MemoryMap;

const PAGE: u64 = PAGE_SIZE as u64;

static FRAMES: Shared<FrameTable> = Shared::new(FrameTable::empty());

/// An owned page of memory.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame(NonZeroU32);

/// 512 owned frames in a row that a large page can map: one reference of each.
#[derive(Debug)]
pub struct LargeFrame(NonZeroU32);

/// How many frames there are and how many are free.
#[must_use]
pub fn usage() -> Usage {
    FRAMES.usage()
}

/// Takes over the memory in `free`; the pages in `archive` can become frames too, but are never freed or written.
///
/// The table is put into the first range that is long enough and below `limit`, the end of what is mapped.
pub(super) fn init(memory: &MemoryMap, mut free: MemoryMap, archive: Range<u64>, limit: u64) {
    let end = memory.ranges().iter().map(|(_, end)| *end).max();
    // Below the end of the direct map there are less than 2^32.
    let blocks = end.unwrap_or(0).div_ceil(PAGE * u64::from(BLOCK)) as u32;
    let blocks_len = u64::from(blocks) * size_of::<Block>() as u64;
    let len = u64::from(blocks) * u64::from(BLOCK);
    let bytes = blocks_len + len * size_of::<u32>() as u64;
    let place = free
        .ranges()
        .iter()
        .find(|(start, end)| (*end).min(limit).saturating_sub(*start) >= bytes)
        .map_or(0, |(start, _)| *start);
    assert!(place != 0, "there is no memory for the table of frames");
    free.remove(place, place + bytes);
    // SAFETY: the memory is mapped, and nobody's but the table's: it is not free any more.
    unsafe { ptr::write_bytes(direct(place), 0, blocks_len as usize) };
    // SAFETY: as above; it is page-aligned, and zeros are empty blocks.
    let blocks = unsafe { slice::from_raw_parts(direct(place).cast(), blocks as usize) };
    // SAFETY: as above; it lies behind the blocks, is aligned as they are, and may hold anything.
    let entries = unsafe { slice::from_raw_parts(direct(place + blocks_len).cast(), len as usize) };
    let number = |address: u64| (address / PAGE) as u32;
    FRAMES.init(
        entries,
        blocks,
        &free,
        (number(archive.start), number(archive.end)),
    );
}

/// The physical address of the first of `count` frames in a row, for a device or a table; they are never given back.
pub(super) fn take_run(count: usize) -> Option<PhysAddr> {
    let first = FRAMES.take_run(u32::try_from(count).ok()?)?;
    Some(PhysAddr(u64::from(first) * PAGE))
}

/// Counts a reference more of the frame with this number, which is taken.
pub(super) fn retain(number: u32) {
    FRAMES.retain(number);
}

/// Whether the frame with this number has more than one reference.
pub(super) fn is_shared(number: u32) -> bool {
    FRAMES.is_shared(number)
}

/// The archive's frame with this number; `None` when the archive has no such page.
pub(super) fn archive_frame(page: usize) -> Option<Frame> {
    let number = FRAMES.archive_frame(u32::try_from(page).ok()?)?;
    NonZeroU32::new(number).map(Frame)
}

impl LargeFrame {
    /// Frames of zeros; `None` when no 512 in a row are left.
    #[must_use]
    pub fn zeroed() -> Option<Self> {
        let first = NonZeroU32::new(FRAMES.take_block()?)?;
        let bytes = BLOCK as usize * PAGE_SIZE;
        // SAFETY: the pages are in the direct map, and nobody else knows them yet.
        unsafe { ptr::write_bytes(direct(u64::from(first.get()) * PAGE), 0, bytes) };
        Some(Self(first))
    }

    /// Hands the references over to a number, for a page table entry.
    pub(super) fn into_number(self) -> u32 {
        let number = self.0.get();
        core::mem::forget(self);
        number
    }

    /// Takes back the references that [`into_number`](Self::into_number) handed over.
    ///
    /// # Safety
    /// The number must own a reference of each of its 512 frames, and be forgotten.
    pub(super) unsafe fn from_number(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }
}

impl Drop for LargeFrame {
    fn drop(&mut self) {
        let first = self.0.get();
        for number in first..first + BLOCK {
            FRAMES.release(number);
        }
    }
}

impl Frame {
    /// A frame of unknown content; `None` when there is none left.
    pub(super) fn dirty() -> Option<Self> {
        NonZeroU32::new(FRAMES.take()?).map(Self)
    }

    /// A frame of zeros; `None` when there is none left.
    #[must_use]
    pub fn zeroed() -> Option<Self> {
        let frame = Self::dirty()?;
        // SAFETY: the page is in the direct map, and nobody else knows it yet.
        unsafe { ptr::write_bytes(frame.bytes(), 0, PAGE_SIZE) };
        Some(frame)
    }

    /// A frame with the bytes of another page; `None` when there is none left.
    ///
    /// # Safety
    /// A page must lie there.
    pub(super) unsafe fn copy_of(page: *const u8) -> Option<Self> {
        let frame = Self::dirty()?;
        // SAFETY: the caller's promise; the frame is in the direct map, and nobody else knows it yet.
        unsafe { ptr::copy_nonoverlapping(page, frame.bytes(), PAGE_SIZE) };
        Some(frame)
    }

    /// The frame of zeros that all share who only read: constant. `None` when there is no memory for it.
    #[must_use]
    pub fn zeros() -> Option<Self> {
        let number = FRAMES.zeros();
        if let Some(number) = NonZeroU32::new(number) {
            return Some(Self(number));
        }
        let frame = Self::zeroed()?;
        FRAMES.set_zeros(frame.0.get());
        Some(frame)
    }

    /// Whether all its bytes are 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        let words = self.bytes().cast::<u64>();
        // SAFETY: within the page, which is in the direct map; no reference to a page's bytes exists.
        (0..PAGE_SIZE / 8).all(|index| unsafe { ptr::read(words.wrapping_add(index)) } == 0)
    }

    /// A frame of its own with the same bytes; `None` when there is none left.
    #[must_use]
    pub fn copied(&self) -> Option<Self> {
        // SAFETY: the page is in the direct map; no reference to a page's bytes exists.
        unsafe { Self::copy_of(self.bytes()) }
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
    /// When the frame is constant.
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
    /// When the frame is constant.
    pub fn fill_zero(&self, range: Range<usize>) {
        self.assert_writable();
        let start = range.start.min(PAGE_SIZE);
        let len = range.end.min(PAGE_SIZE).saturating_sub(start);
        // SAFETY: within the page, which is in the direct map; no reference to a page's bytes exists.
        unsafe { ptr::write_bytes(self.bytes().wrapping_add(start), 0, len) };
    }

    /// Whether somebody else has a reference too, so that a write would be seen there. Always so for a constant one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        is_shared(self.0.get())
    }

    /// Where the frame lies.
    #[must_use]
    pub fn address(&self) -> PhysAddr {
        PhysAddr(u64::from(self.0.get()) * PAGE)
    }

    /// Whether it is never written, whatever a mapping asks for: a page of the archive, or the shared zeros.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        FRAMES.is_constant(self.0.get())
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
        assert!(!self.is_constant(), "a constant frame is never written");
    }

    fn bytes(&self) -> *mut u8 {
        direct(self.address().0)
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        retain(self.0.get());
        Self(self.0)
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        FRAMES.release(self.0.get());
    }
}
