//! A split queue with its buffers (virtio 1.2, section 2.7).
//!
//! One run of memory holds the descriptor table, the available ring, the used ring, and the buffers; descriptor `n` is buffer `n`
//! for ever.

use core::sync::atomic::{Ordering, fence};

use super::super::dma::Dma;
use super::{Doorbell, Rings};
use crate::virtio::{Direction, VirtioError};

const DESCRIPTOR_LEN: usize = 16;
/// A descriptor's flag: the device writes.
const WRITE: u16 = 2;
/// The available ring's flag: the device need not interrupt.
const NO_INTERRUPT: u16 = 1;
/// The used ring's flag: the driver need not notify.
const NO_NOTIFY: u16 = 1;
/// The longest ring.
const MAX_LEN: u16 = 1024;

/// A queue of a device, and its buffers.
#[derive(Debug)]
pub struct Queue {
    memory: Dma,
    len: u16,
    buffer_len: usize,
    direction: Direction,
    doorbell: Option<Doorbell>,
    /// How many buffers were handed to the device at least once, when it is to read them.
    fresh: u16,
    /// How many buffers were handed to the device, ever, modulo 2^16.
    posted: u16,
    /// How many of them were taken back.
    taken: u16,
    /// The buffer that is being read, how many bytes it has, and how many of them were read.
    current: Option<(u16, usize, usize)>,
}

impl Queue {
    pub(super) fn new(
        len: u16,
        buffer_len: usize,
        direction: Direction,
    ) -> Result<Self, VirtioError> {
        if len > MAX_LEN || u32::try_from(buffer_len).is_err() {
            return Err(VirtioError::OutOfFrames);
        }
        let size = buffers_offset(len) + usize::from(len) * buffer_len;
        let mut queue = Self {
            memory: Dma::create(size).ok_or(VirtioError::OutOfFrames)?,
            len,
            buffer_len,
            direction,
            doorbell: None,
            fresh: 0,
            posted: 0,
            taken: 0,
            current: None,
        };
        queue.describe_buffers();
        match direction {
            Direction::FromDevice => (0..len).for_each(|buffer| queue.post(buffer)),
            Direction::ToDevice => queue.tell(NO_INTERRUPT),
        }
        Ok(queue)
    }

    fn describe_buffers(&self) {
        let flags = match self.direction {
            Direction::ToDevice => 0,
            Direction::FromDevice => WRITE,
        };
        for buffer in 0..self.len {
            let at = usize::from(buffer) * DESCRIPTOR_LEN;
            self.memory
                .write64(at, self.memory.physical(self.buffer_offset(buffer)));
            self.memory.write32(at + 8, self.buffer_len as u32);
            self.memory.write16(at + 12, flags);
        }
    }

    pub(super) fn rings(&self) -> Rings {
        Rings {
            len: self.len,
            descriptors: self.memory.physical(0),
            available: self.memory.physical(available_offset(self.len)),
            used: self.memory.physical(used_offset(self.len)),
        }
    }

    pub(super) fn connect(&mut self, doorbell: Doorbell) {
        self.doorbell = Some(doorbell);
    }

    /// Copies bytes to a free buffer and hands it to the device. Returns how many: at most a buffer's length, 0 when all buffers
    /// are in flight. The device's interrupt then ends [`cpu::wait`](crate::cpu::wait) when one is free.
    pub fn try_send(&mut self, bytes: &[u8]) -> usize {
        if self.direction != Direction::ToDevice || bytes.is_empty() {
            return 0;
        }
        let Some(buffer) = self.free_buffer() else {
            return 0;
        };
        let len = bytes.len().min(self.buffer_len);
        self.memory
            .copy_to(self.buffer_offset(buffer), &bytes[..len]);
        self.memory
            .write32(usize::from(buffer) * DESCRIPTOR_LEN + 8, len as u32);
        self.post(buffer);
        self.notify();
        len
    }

    /// Whether [`try_send`](Self::try_send) has a buffer. If not, the device's interrupt ends
    /// [`cpu::wait`](crate::cpu::wait) when one is free.
    pub fn can_send(&mut self) -> bool {
        self.fresh < self.len || self.with_interrupt(|queue| queue.used() != queue.taken)
    }

    /// Whether the device has used everything that was sent. If not, its interrupt ends [`cpu::wait`](crate::cpu::wait).
    pub fn is_drained(&mut self) -> bool {
        self.with_interrupt(|queue| queue.used() == queue.posted)
    }

    /// Copies bytes from the oldest buffer that the device wrote, and returns how many; 0 when there are none. What did not fit
    /// stays for the next call; a buffer that was read whole is handed back to the device.
    pub fn try_receive(&mut self, target: &mut [u8]) -> usize {
        while self.has_received() {
            let Some((buffer, len, done)) = self.current else {
                break;
            };
            let count = (len - done).min(target.len());
            self.memory
                .copy_from(self.buffer_offset(buffer) + done, &mut target[..count]);
            if done + count == len {
                self.current = None;
                self.post(buffer);
                self.notify();
            } else {
                self.current = Some((buffer, len, done + count));
            }
            // An empty buffer is no news.
            if count > 0 || target.is_empty() {
                return count;
            }
        }
        0
    }

    /// Whether [`try_receive`](Self::try_receive) has a buffer to read.
    pub fn has_received(&mut self) -> bool {
        if self.direction == Direction::FromDevice && self.current.is_none() {
            self.current = self.take().map(|(buffer, len)| (buffer, len, 0));
        }
        self.current.is_some()
    }

    /// Tells the device again that it has buffers. QEMU looks at its side of a port only when something happens, and opening a
    /// port is nothing that happens there: without this, what the host has to send may stay with it for ever.
    pub fn announce(&self) {
        self.notify();
    }

    /// A buffer that is not the device's.
    fn free_buffer(&mut self) -> Option<u16> {
        if self.fresh < self.len {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        if self.with_interrupt(|queue| queue.used() != queue.taken) {
            return self.take().map(|(buffer, _)| buffer);
        }
        None
    }

    /// The value of `condition`. If it is false, the device interrupts when it may have become true.
    fn with_interrupt(&mut self, condition: impl Fn(&Self) -> bool) -> bool {
        if condition(self) {
            if self.direction == Direction::ToDevice {
                self.tell(NO_INTERRUPT);
            }
            return true;
        }
        self.tell(0);
        // The device may have been done before it saw that.
        fence(Ordering::SeqCst);
        condition(self)
    }

    /// Sets the available ring's flags.
    fn tell(&self, flags: u16) {
        self.memory.write16(available_offset(self.len), flags);
    }

    /// How many buffers the device has used, ever, modulo 2^16.
    fn used(&self) -> u16 {
        let used = self.memory.read16(used_offset(self.len) + 2);
        // Before anything that the device wrote.
        fence(Ordering::Acquire);
        used
    }

    /// The oldest buffer that the device has used, and how many bytes it wrote.
    fn take(&mut self) -> Option<(u16, usize)> {
        if self.used() == self.taken {
            return None;
        }
        let at = used_offset(self.len) + 4 + usize::from(self.taken % self.len) * 8;
        let buffer = self.memory.read32(at) % u32::from(self.len);
        let written = self.memory.read32(at + 4) as usize;
        self.taken = self.taken.wrapping_add(1);
        Some((buffer as u16, written.min(self.buffer_len)))
    }

    /// Hands a buffer to the device.
    fn post(&mut self, buffer: u16) {
        let ring = available_offset(self.len) + 4;
        self.memory
            .write16(ring + usize::from(self.posted % self.len) * 2, buffer);
        self.posted = self.posted.wrapping_add(1);
        // The device must not see the new index before the entry.
        fence(Ordering::Release);
        self.memory
            .write16(available_offset(self.len) + 2, self.posted);
    }

    /// Tells the device, if it wants to be told.
    fn notify(&self) {
        // The device looks at the index after it says so; so the index must be out before this looks.
        fence(Ordering::SeqCst);
        let is_told = self.memory.read16(used_offset(self.len)) & NO_NOTIFY == 0;
        if let Some(doorbell) = self.doorbell.filter(|_| is_told) {
            doorbell.ring();
        }
    }

    fn buffer_offset(&self, buffer: u16) -> usize {
        buffers_offset(self.len) + usize::from(buffer) * self.buffer_len
    }
}

fn available_offset(len: u16) -> usize {
    usize::from(len) * DESCRIPTOR_LEN
}

fn used_offset(len: u16) -> usize {
    (available_offset(len) + 6 + usize::from(len) * 2).next_multiple_of(4)
}

fn buffers_offset(len: u16) -> usize {
    (used_offset(len) + 6 + usize::from(len) * 8).next_multiple_of(16)
}
