//! Virtio devices and their queues, without a word about what the devices do (virtio 1.2, chapters 2 to 4).
//!
//! A driver negotiates features, asks for its queues, starts the device, and then moves bytes. Buffers and rings belong to the
//! machine; a driver never sees device memory. Interrupts only end [`cpu::wait`](crate::cpu::wait), and the program's run: drivers
//! look at their queues. A queue interrupts only after somebody looked for what was not there yet.

use core::fmt;

pub use crate::arch::virtio::{Queue, VirtioDevice};

/// What a device is (virtio 1.2, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A network card.
    Network,
    /// A disk.
    Block,
    /// A console, perhaps with several ports.
    Console,
    /// A source of entropy.
    Entropy,
    /// Something else, with its device id.
    Other(u32),
}

impl DeviceKind {
    /// The kind with this device id.
    #[must_use]
    pub const fn from_id(id: u32) -> Self {
        match id {
            1 => Self::Network,
            2 => Self::Block,
            3 => Self::Console,
            4 => Self::Entropy,
            other => Self::Other(other),
        }
    }
}

/// Whose turn it is to write a queue's buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The driver writes, the device reads.
    ToDevice,
    /// The device writes, the driver reads.
    FromDevice,
}

/// Why a device cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtioError {
    /// The device is older than virtio 1.0.
    Legacy,
    /// The device did not accept the features.
    Features,
    /// It has no queue with this index, or only a shorter one.
    Queue(u16),
    /// Its interrupt cannot be delivered.
    Interrupt,
    /// There is no memory for its buffers.
    OutOfFrames,
}

impl fmt::Display for VirtioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Legacy => f.write_str("the virtio device is older than virtio 1.0"),
            Self::Features => f.write_str("the virtio device did not accept the features"),
            Self::Queue(index) => {
                write!(
                    f,
                    "the virtio device has no queue {index} that is long enough"
                )
            }
            Self::Interrupt => f.write_str("the virtio device's interrupt cannot be delivered"),
            Self::OutOfFrames => f.write_str("there is no memory for the virtio device's buffers"),
        }
    }
}
