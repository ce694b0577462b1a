//! Page tables: four levels of 512 entries (Intel SDM volume 3, section 5.5).

use core::ptr;

use super::layout::direct;
use crate::frame::Frame;

pub(crate) const PRESENT: u64 = 1;
pub(crate) const WRITABLE: u64 = 1 << 1;
pub(crate) const USER: u64 = 1 << 2;
/// Not cached: write-through and cache-disable.
pub(crate) const UNCACHED: u64 = 1 << 3 | 1 << 4;
/// In an entry above the last level: a large page.
pub(crate) const LARGE: u64 = 1 << 7;
/// Survives a switch of the root.
pub(crate) const GLOBAL: u64 = 1 << 8;
pub(crate) const NO_EXECUTE: u64 = 1 << 63;
/// The frame number's bits, as a physical address.
pub(crate) const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// Entries in a table.
pub(crate) const ENTRIES: u64 = 512;
/// Levels of tables; level 0 has pages of 4 KiB.
pub(crate) const LEVELS: u32 = 4;

/// The physical address of a page that is a page table, and stays one as long as this value is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table(pub(crate) u64);

impl Table {
    /// A new empty table, and the reference that keeps it.
    pub(crate) fn create() -> Option<Self> {
        let frame = Frame::zeroed()?;
        let table = Self(frame.address().0);
        frame.into_number();
        Some(table)
    }

    #[inline]
    fn place(self, index: u64) -> *mut u64 {
        direct(self.0)
            .cast::<u64>()
            .wrapping_add((index % ENTRIES) as usize)
    }

    #[inline]
    pub(crate) fn get(self, index: u64) -> u64 {
        // SAFETY: the entry is in a table, and tables are in the direct map. The processor may set flags in it at any time.
        unsafe { ptr::read_volatile(self.place(index)) }
    }

    /// # Safety
    /// The entry must not take away what Rust code uses, nor show it pages that others own.
    pub(crate) unsafe fn set(self, index: u64, entry: u64) {
        // SAFETY: the entry is in a table, and tables are in the direct map.
        unsafe { ptr::write_volatile(self.place(index), entry) };
    }

    /// The table that the entry leads to.
    #[inline]
    pub(crate) fn child(self, index: u64) -> Option<Self> {
        let entry = self.get(index);
        (entry & (PRESENT | LARGE) == PRESENT).then_some(Self(entry & ADDRESS))
    }

    /// The table that the entry leads to, created if it is not there; `None` when there is no frame for it.
    ///
    /// # Safety
    /// As for [`set`](Self::set); the entry must not be a large page.
    unsafe fn child_or_create(self, index: u64) -> Option<Self> {
        if let Some(child) = self.child(index) {
            return Some(child);
        }
        let child = Self::create()?;
        // SAFETY: an empty table shows nothing.
        unsafe { self.set(index, child.0 | PRESENT | WRITABLE) };
        Some(child)
    }
}

/// The bytes that one entry of a table at `level` spans.
#[inline(always)]
pub(crate) const fn span(level: u32) -> u64 {
    4096 << (9 * level)
}

/// The index in the table at `level` that leads to `address`.
#[inline(always)]
pub(crate) const fn index(address: u64, level: u32) -> u64 {
    address >> (12 + 9 * level) & (ENTRIES - 1)
}

/// Maps kernel addresses from `address` on to `physical` and what follows, `len` bytes in whole pages, by pages as large as fit
/// and `largest` (a level) allows. `None` when there is no frame for a table.
///
/// # Safety
/// Nothing may be mapped there; the pages must be such that safe code can have them at those addresses, with those flags.
pub(crate) unsafe fn map_kernel(
    root: Table,
    address: u64,
    physical: u64,
    len: u64,
    flags: u64,
    largest: u32,
) -> Option<()> {
    let mut done = 0;
    while done < len {
        let (from, to) = (address + done, physical + done);
        let mut level = largest;
        while level > 0 && ((from | to) % span(level) != 0 || len - done < span(level)) {
            level -= 1;
        }
        let mut table = root;
        for above in (level + 1..LEVELS).rev() {
            // SAFETY: the caller says that nothing is mapped there.
            table = unsafe { table.child_or_create(index(from, above)) }?;
        }
        // The entries of one table, without another walk for each.
        let large = if level > 0 { LARGE } else { 0 };
        let mut at = index(from, level);
        while at < ENTRIES && len - done >= span(level) {
            let entry = (physical + done) | flags | large | PRESENT | GLOBAL;
            // SAFETY: the caller's promise.
            unsafe { table.set(at, entry) };
            done += span(level);
            at += 1;
            if level < largest && (address + done).is_multiple_of(span(level + 1)) {
                break;
            }
        }
    }
    Some(())
}
