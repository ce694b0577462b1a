//! Virtio devices as queues of messages, whose other end a test holds.

use super::std::cell::RefCell;
use super::std::collections::{BTreeMap, VecDeque};
use super::std::rc::Rc;
use super::std::vec::Vec;

use crate::virtio::{DeviceKind, Direction, VirtioError};

/// Messages of each queue, shared with the test.
pub(crate) type Messages = Rc<RefCell<BTreeMap<u16, VecDeque<Vec<u8>>>>>;

/// A simulated device.
#[derive(Debug)]
pub struct VirtioDevice {
    pub(crate) kind: DeviceKind,
    pub(crate) features: u64,
    pub(crate) config: Vec<u8>,
    pub(crate) messages: Messages,
}

impl VirtioDevice {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> DeviceKind {
        self.kind
    }

    /// The features that both want.
    ///
    /// # Errors
    /// Never here.
    pub fn negotiate(&mut self, wanted: u64) -> Result<u64, VirtioError> {
        Ok(self.features & wanted)
    }

    /// Two bytes of its configuration.
    #[must_use]
    pub fn config_u16(&self, offset: usize) -> u16 {
        unikernel_abi::bytes::u16_at(&self.config, offset).unwrap_or(0)
    }

    /// Four bytes of its configuration.
    #[must_use]
    pub fn config_u32(&self, offset: usize) -> u32 {
        unikernel_abi::bytes::u32_at(&self.config, offset).unwrap_or(0)
    }

    /// One of its queues.
    ///
    /// # Errors
    /// Never here.
    pub fn queue(
        &mut self,
        index: u16,
        buffers: u16,
        buffer_len: u32,
        _direction: Direction,
    ) -> Result<Queue, VirtioError> {
        self.messages.borrow_mut().entry(index).or_default();
        Ok(Queue {
            index,
            buffers: usize::from(buffers),
            buffer_len: buffer_len as usize,
            messages: self.messages.clone(),
        })
    }

    /// Nothing waits for it here.
    pub fn start(&mut self) {}
}

/// A simulated queue.
#[derive(Debug)]
pub struct Queue {
    index: u16,
    buffers: usize,
    buffer_len: usize,
    messages: Messages,
}

impl Queue {
    fn with<T>(&self, f: impl FnOnce(&mut VecDeque<Vec<u8>>) -> T) -> T {
        f(self.messages.borrow_mut().entry(self.index).or_default())
    }

    /// Sends up to one buffer's bytes; 0 when the test has not taken enough away.
    pub fn try_send(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.buffer_len);
        let buffers = self.buffers;
        self.with(|messages| {
            if messages.len() >= buffers {
                return 0;
            }
            messages.push_back(bytes[..len].to_vec());
            len
        })
    }

    /// Whether a buffer is free.
    pub fn can_send(&mut self) -> bool {
        let buffers = self.buffers;
        self.with(|messages| messages.len() < buffers)
    }

    /// Whether the test has taken everything away.
    pub fn is_drained(&mut self) -> bool {
        self.with(|messages| messages.is_empty())
    }

    /// Nothing: nobody interrupts here.
    pub fn mute(&mut self) {}

    /// Nothing: the peer sees the buffers anyway.
    pub fn announce(&self) {}

    /// Bytes of the oldest message; the rest is kept for the next call.
    pub fn try_receive(&mut self, target: &mut [u8]) -> usize {
        self.with(|messages| {
            let Some(message) = messages.front_mut() else {
                return 0;
            };
            let len = message.len().min(target.len());
            target[..len].copy_from_slice(&message[..len]);
            message.drain(..len);
            if message.is_empty() {
                messages.pop_front();
            }
            len
        })
    }

    /// Whether a message is there.
    pub fn has_received(&mut self) -> bool {
        self.with(|messages| !messages.is_empty())
    }
}
