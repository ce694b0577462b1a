//! A split queue with its buffers (virtio 1.2, section 2.7).

use core::sync::atomic::{Ordering, fence};

use super::Doorbell;
use super::rings::Rings;
use crate::virtio::Direction;

/// A descriptor's flag: the device writes.
const WRITE: u16 = 2;
/// The available ring's flag: the device need not interrupt.
const NO_INTERRUPT: u16 = 1;
/// The used ring's flag: the driver need not notify.
const NO_NOTIFY: u16 = 1;

/// A queue of a device, and its buffers.
///
/// The device interrupts only when somebody looked for something that was not there yet.
#[derive(Debug)]
pub struct Queue {
    rings: Rings,
    doorbell: Doorbell,
    direction: Direction,
    /// How many buffers were handed to the device at least once, when it is to read them.
    fresh: u16,
    /// How many buffers were handed to the device, ever, modulo 2^16.
    posted: u16,
    /// How many of them were taken back.
    taken: u16,
    /// How many bytes were read of the next one to be taken back.
    read: usize,
}

impl Queue {
    /// A queue whose rings the device knows.
    pub(super) fn new(rings: Rings, doorbell: Doorbell, direction: Direction) -> Self {
        let mut queue = Self {
            rings,
            doorbell,
            direction,
            fresh: 0,
            posted: 0,
            taken: 0,
            read: 0,
        };
        queue.mute();
        if direction == Direction::FromDevice {
            for buffer in 0..queue.rings.len() {
                queue.post_empty(buffer);
            }
        }
        queue
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
        let len = self.rings.fill(buffer, bytes);
        self.post(buffer, len as u32, 0);
        self.announce();
        len
    }

    /// Whether [`try_send`](Self::try_send) has a buffer. If not, the device's interrupt ends
    /// [`cpu::wait`](crate::cpu::wait) when one is free.
    pub fn can_send(&mut self) -> bool {
        self.fresh < self.rings.len() || self.has_used()
    }

    /// Whether the device has used everything that was sent. If not, its interrupt ends [`cpu::wait`](crate::cpu::wait).
    pub fn is_drained(&mut self) -> bool {
        self.with_interrupt(|queue| queue.rings.used_count() == queue.posted)
    }

    /// Copies bytes from the oldest buffer that the device wrote, and returns how many; 0 when there are none: the device's
    /// interrupt then ends [`cpu::wait`](crate::cpu::wait) when some come. What did not fit stays for the next call; a buffer that
    /// was read whole is handed back to the device.
    pub fn try_receive(&mut self, target: &mut [u8]) -> usize {
        while self.has_received() {
            let (buffer, written) = self.rings.used_buffer(self.taken);
            let count = self.rings.read(buffer, self.read, written, target);
            self.read = self.read.saturating_add(count);
            if self.read >= written {
                self.read = 0;
                self.taken = self.taken.wrapping_add(1);
                self.post_empty(buffer);
                self.announce();
            }
            // An empty buffer is no news.
            if count > 0 || target.is_empty() {
                return count;
            }
        }
        0
    }

    /// Whether [`try_receive`](Self::try_receive) has a buffer to read. If not, the device's interrupt ends
    /// [`cpu::wait`](crate::cpu::wait) when one comes.
    pub fn has_received(&mut self) -> bool {
        self.direction == Direction::FromDevice && self.has_used()
    }

    /// Lets the device not interrupt until somebody looks again for what is not there.
    pub fn mute(&mut self) {
        self.rings.set_flags(NO_INTERRUPT);
    }

    /// Tells the device that it has buffers, if it wants to be told. QEMU looks at its side of a port only when something happens,
    /// and opening a port is nothing that happens there: without this, what the host has to send may stay with it for ever.
    // Three would inline it, and nobody is in a hurry: what it does leaves the guest.
    #[inline(never)]
    pub fn announce(&self) {
        // The device looks at the index after it says so; so the index must be out before this looks.
        fence(Ordering::SeqCst);
        if self.rings.device_flags() & NO_NOTIFY == 0 {
            self.doorbell.ring();
        }
    }

    /// A buffer that is not the device's.
    fn free_buffer(&mut self) -> Option<u16> {
        if self.fresh < self.rings.len() {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        if !self.has_used() {
            return None;
        }
        let (buffer, _) = self.rings.used_buffer(self.taken);
        self.taken = self.taken.wrapping_add(1);
        Some(buffer)
    }

    /// Whether the device has used a buffer that was not taken back.
    fn has_used(&mut self) -> bool {
        self.with_interrupt(|queue| queue.rings.used_count() != queue.taken)
    }

    /// The value of `condition`. If it is false, the device interrupts when it may have become true.
    fn with_interrupt(&mut self, condition: impl Fn(&Self) -> bool) -> bool {
        if condition(self) {
            self.mute();
            return true;
        }
        self.rings.set_flags(0);
        // The device may have been done before it saw that.
        fence(Ordering::SeqCst);
        condition(self)
    }

    /// Hands a whole buffer to the device, to be written.
    fn post_empty(&mut self, buffer: u16) {
        let len = self.rings.buffer_len();
        self.post(buffer, len, WRITE);
    }

    /// Hands `len` bytes of a buffer to the device.
    fn post(&mut self, buffer: u16, len: u32, flags: u16) {
        self.rings.hand_over(self.posted, buffer, len, flags);
        self.posted = self.posted.wrapping_add(1);
    }
}
