//! Memory that the kernel shares with a device.

use core::ptr;

use super::frame::take_run;
use super::layout::direct;
use crate::address::PAGE_SIZE;

/// A run of memory that belongs to a device for ever. Accesses outside of it panic.
#[derive(Debug)]
pub(crate) struct Dma {
    physical: u64,
    len: usize,
}

impl Dma {
    /// At least `len` bytes of zeros, starting on a page; `None` when there is no such run.
    pub(crate) fn create(len: usize) -> Option<Self> {
        let pages = len.div_ceil(PAGE_SIZE);
        let physical = take_run(pages)?.0;
        let len = pages * PAGE_SIZE;
        // SAFETY: the run is in the direct map, and nobody else knows it yet.
        unsafe { ptr::write_bytes(direct(physical), 0, len) };
        Some(Self { physical, len })
    }

    /// The physical address of the byte at `offset`.
    pub(crate) fn physical(&self, offset: usize) -> u64 {
        self.physical + offset as u64
    }

    fn place<T>(&self, offset: usize, count: usize) -> *mut T {
        let is_within = offset + count * size_of::<T>() <= self.len;
        // One branch for both.
        assert!(
            is_within & offset.is_multiple_of(align_of::<T>()),
            "outside of the device's memory"
        );
        direct(self.physical + offset as u64).cast()
    }

    pub(crate) fn read16(&self, offset: usize) -> u16 {
        // SAFETY: within the run, aligned; the device may write at any time, hence volatile.
        unsafe { ptr::read_volatile(self.place(offset, 1)) }
    }

    pub(crate) fn read32(&self, offset: usize) -> u32 {
        // SAFETY: within the run, aligned; the device may write at any time, hence volatile.
        unsafe { ptr::read_volatile(self.place(offset, 1)) }
    }

    pub(crate) fn write16(&self, offset: usize, value: u16) {
        // SAFETY: within the run, aligned; the device may read at any time, hence volatile.
        unsafe { ptr::write_volatile(self.place(offset, 1), value) };
    }

    pub(crate) fn write32(&self, offset: usize, value: u32) {
        // SAFETY: within the run, aligned; the device may read at any time, hence volatile.
        unsafe { ptr::write_volatile(self.place(offset, 1), value) };
    }

    pub(crate) fn write64(&self, offset: usize, value: u64) {
        // SAFETY: within the run, aligned; the device may read at any time, hence volatile.
        unsafe { ptr::write_volatile(self.place(offset, 1), value) };
    }

    pub(crate) fn copy_from(&self, offset: usize, target: &mut [u8]) {
        // SAFETY: within the run; a device that writes there meanwhile harms only the bytes themselves.
        unsafe {
            ptr::copy_nonoverlapping(
                self.place(offset, target.len()),
                target.as_mut_ptr(),
                target.len(),
            );
        };
    }

    pub(crate) fn copy_to(&self, offset: usize, source: &[u8]) {
        // SAFETY: within the run; no reference to the device's memory exists.
        unsafe {
            ptr::copy_nonoverlapping(
                source.as_ptr(),
                self.place(offset, source.len()),
                source.len(),
            );
        };
    }
}
