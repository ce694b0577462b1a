//! What a queue's driver and its device both see (virtio 1.2, section 2.7).
//!
//! One run of memory holds the descriptor table, the used ring, the available ring, and the buffers; descriptor `n` is buffer `n`
//! for ever. There is a power of two of each, and everything is found by its number modulo that: no number leads out of the run.

use core::ptr;
use core::sync::atomic::{Ordering, fence};

use super::super::dma::Dma;

/// The longest ring.
const MAX_LEN: u16 = 1024;

/// A buffer, for the device.
#[repr(C)]
struct Descriptor {
    address: u64,
    len: u32,
    flags: u16,
    next: u16,
}

/// A buffer that the device has used, and how many bytes it wrote.
#[repr(C)]
#[derive(Clone, Copy)]
struct Used {
    buffer: u32,
    written: u32,
}

/// Descriptors, rings and buffers of a queue.
#[derive(Debug)]
pub(super) struct Rings {
    memory: Dma,
    len: u16,
    buffer_len: u32,
}

impl Rings {
    /// Rings of `len` entries, with buffers of `buffer_len` bytes; `None` when there is no memory, or no ring is that long.
    pub(super) fn create(len: u16, buffer_len: u32) -> Option<Self> {
        if !len.is_power_of_two() || len > MAX_LEN {
            return None;
        }
        let size = buffers_offset(len) + usize::from(len) * buffer_len as usize;
        Some(Self {
            memory: Dma::create(size)?,
            len,
            buffer_len,
        })
    }

    /// How many entries each ring has, and how many buffers there are.
    pub(super) fn len(&self) -> u16 {
        self.len
    }

    /// How many bytes a buffer has.
    pub(super) fn buffer_len(&self) -> u32 {
        self.buffer_len
    }

    /// The physical address of the descriptors.
    pub(super) fn descriptors(&self) -> u64 {
        self.memory.physical()
    }

    /// The physical address of the ring that the driver writes.
    pub(super) fn available(&self) -> u64 {
        self.memory.physical() + available_offset(self.len) as u64
    }

    /// The physical address of the ring that the device writes.
    pub(super) fn used(&self) -> u64 {
        self.memory.physical() + used_offset(self.len) as u64
    }

    /// Describes a buffer's first `len` bytes, and makes it the `nth` that was ever handed to the device.
    pub(super) fn hand_over(&self, nth: u16, buffer: u16, len: u32, flags: u16) {
        let place: *mut Descriptor = self.entry(0, buffer);
        let descriptor = Descriptor {
            address: self.memory.physical() + self.buffer_offset(buffer) as u64,
            len,
            flags,
            next: 0,
        };
        // SAFETY: an entry of the table; the device may read it at any time, hence volatile.
        unsafe { ptr::write_volatile(place, descriptor) };
        let start = available_offset(self.len);
        // SAFETY: an entry of the ring; the device may read it at any time, hence volatile.
        unsafe { ptr::write_volatile(self.entry(start + 4, nth), buffer) };
        // The device must not see the new index before the entry.
        fence(Ordering::Release);
        let index = self.memory.place(start + 2).cast();
        // SAFETY: the ring's index; the device may read it at any time, hence volatile.
        unsafe { ptr::write_volatile(index, nth.wrapping_add(1)) };
    }

    /// How many buffers the device has used, ever, modulo 2^16.
    pub(super) fn used_count(&self) -> u16 {
        let index = self.memory.place(used_offset(self.len) + 2).cast();
        // SAFETY: the ring's index; the device may write it at any time, hence volatile.
        let count = unsafe { ptr::read_volatile(index) };
        // Before anything that the device wrote.
        fence(Ordering::Acquire);
        count
    }

    /// The `nth` buffer that the device has used, ever, and how many bytes it wrote.
    pub(super) fn used_buffer(&self, nth: u16) -> (u16, usize) {
        let place: *mut Used = self.entry(used_offset(self.len) + 4, nth);
        // SAFETY: an entry of the ring; the device may write it at any time, hence volatile.
        let used = unsafe { ptr::read_volatile(place) };
        let written = used.written.min(self.buffer_len);
        (self.modulo(used.buffer as u16) as u16, written as usize)
    }

    /// Tells the device the driver's wishes.
    pub(super) fn set_flags(&self, flags: u16) {
        let place = self.memory.place(available_offset(self.len)).cast();
        // SAFETY: the ring's flags; the device may read them at any time, hence volatile.
        unsafe { ptr::write_volatile(place, flags) };
    }

    /// The device's wishes.
    pub(super) fn device_flags(&self) -> u16 {
        let place = self.memory.place(used_offset(self.len)).cast();
        // SAFETY: the ring's flags; the device may write them at any time, hence volatile.
        unsafe { ptr::read_volatile(place) }
    }

    /// Copies the beginning of `bytes` to a buffer; how many.
    pub(super) fn fill(&self, buffer: u16, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.buffer_len as usize);
        let to = self.memory.place(self.buffer_offset(buffer));
        // SAFETY: the buffer has so many bytes, and no reference to them exists.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, len) };
        len
    }

    /// Copies a buffer's bytes from `start` on, of which it has `end`, as far as `target` has room for them; how many.
    pub(super) fn read(&self, buffer: u16, start: usize, end: usize, target: &mut [u8]) -> usize {
        let rest = end.min(self.buffer_len as usize).saturating_sub(start);
        let len = rest.min(target.len());
        let from = self.memory.place(self.buffer_offset(buffer));
        // SAFETY: the buffer has so many bytes from there on; a device that writes there meanwhile harms only the bytes
        // themselves.
        unsafe { ptr::copy_nonoverlapping(from.wrapping_add(start), target.as_mut_ptr(), len) };
        len
    }

    /// The entry with this number of a table that starts at `offset`.
    fn entry<T>(&self, offset: usize, number: u16) -> *mut T {
        self.memory
            .place(offset + size_of::<T>() * self.modulo(number))
            .cast()
    }

    fn buffer_offset(&self, number: u16) -> usize {
        buffers_offset(self.len) + self.modulo(number) * self.buffer_len as usize
    }

    /// A number modulo the power of two that the length is.
    fn modulo(&self, number: u16) -> usize {
        usize::from(number & self.len.wrapping_sub(1))
    }
}

// What the parts take is stated for each in virtio 1.2, section 2.7: 16 bytes an entry, 6 + 8, 6 + 2.

fn used_offset(len: u16) -> usize {
    usize::from(len) * 16
}

fn available_offset(len: u16) -> usize {
    usize::from(len) * 24 + 8
}

fn buffers_offset(len: u16) -> usize {
    usize::from(len) * 32 + 16
}
