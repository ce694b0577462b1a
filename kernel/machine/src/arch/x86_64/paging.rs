//! Page tables: four levels of 512 entries (Intel SDM volume 3, section 5.5).

use core::ptr;

use super::layout::direct;
use super::tables::add_table;
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

/// An entry that leads to a table: the last entry on the way decides.
pub(crate) const TO_TABLE: u64 = PRESENT | WRITABLE | USER;

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
        Some(Self::keep(Frame::zeroed()?))
    }

    /// A new table with the same entries, and the reference that keeps it.
    pub(crate) fn copy(self) -> Option<Self> {
        // SAFETY: a table is a page in the direct map.
        Some(Self::keep(unsafe { Frame::copy_of(direct(self.0)) }?))
    }

    fn keep(frame: Frame) -> Self {
        let table = Self(frame.address().0);
        frame.into_number();
        table
    }

    /// The entry with a number of which the lowest 9 bits count.
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
}

/// The lowest bit of an address that an entry of a table at `level` is chosen by.
#[inline(always)]
const fn shift(level: u32) -> u32 {
    // That a level is below the number of levels is said so that nothing is left to be checked.
    12 + 9 * (level % LEVELS)
}

/// The bytes that one entry of a table at `level` spans.
#[inline(always)]
pub(crate) const fn span(level: u32) -> u64 {
    1 << shift(level)
}

/// Where a way through the tables ends: at the entry that shows what is there, or that leads no further.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) table: Table,
    /// The table's.
    pub(crate) level: u32,
}

impl Way {
    /// The number of the entry on the way to `address`: its lowest 9 bits.
    #[inline(always)]
    pub(crate) fn index(self, address: u64) -> u64 {
        address >> shift(self.level)
    }
}

/// What is done about a table that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Left,
    Added,
}

/// Goes from the root towards `address`, down to the table at `level` or to where it goes no further: a large page, or a table
/// that is missing, for which there was no frame if it was to be added.
#[inline(never)]
pub(crate) fn walk(root: Table, address: u64, level: u32, missing: Missing) -> Way {
    let mut way = Way {
        table: root,
        level: LEVELS - 1,
    };
    while way.level > level {
        let index = way.index(address);
        let entry = way.table.get(index);
        way.table = if entry & (PRESENT | LARGE) == PRESENT {
            Table(entry & ADDRESS)
        } else if (entry == 0) & (missing == Missing::Added)
            && let Some(table) = add_table(way.table, index)
        {
            table
        } else {
            break;
        };
        way.level -= 1;
    }
    way
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
    let (mut at, end) = (address, address + len);
    while at < end {
        let to = physical.wrapping_sub(address).wrapping_add(at);
        // The largest power of two by which both are divisible and that fits.
        let bits = (at | to | 1 << ((end - at) | 1).ilog2()).trailing_zeros();
        let level = (bits.saturating_sub(shift(0)) / 9).min(largest);
        let way = walk(root, at, level, Missing::Added);
        if way.level > level {
            return None;
        }
        let large = if level > 0 { LARGE } else { 0 };
        let entry = to | flags | large | PRESENT | GLOBAL;
        // SAFETY: the caller's promise.
        unsafe { way.table.set(way.index(at), entry) };
        at += span(level);
    }
    Some(())
}
