//! Memory that the kernel shares with a device.

use core::ptr;

use super::frame::take_run;
use super::layout::direct;
use crate::address::PAGE_SIZE;

/// A run of memory that belongs to a device for ever.
#[derive(Debug)]
pub(crate) struct Dma {
    physical: u64,
}

impl Dma {
    /// At least `len` bytes of zeros, starting on a page; `None` when there is no such run.
    pub(crate) fn create(len: usize) -> Option<Self> {
        let pages = len.div_ceil(PAGE_SIZE);
        let physical = take_run(pages)?.0;
        // SAFETY: the run is in the direct map, and nobody else knows it yet.
        unsafe { ptr::write_bytes(direct(physical), 0, len) };
        Some(Self { physical })
    }

    /// The physical address of its first byte.
    pub(crate) fn physical(&self) -> u64 {
        self.physical
    }

    /// Where the kernel sees the byte at `offset`. The device may read and write it at any time.
    pub(crate) fn place(&self, offset: usize) -> *mut u8 {
        direct(self.physical).wrapping_add(offset)
    }
}
