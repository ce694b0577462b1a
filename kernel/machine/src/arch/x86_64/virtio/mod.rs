//! Virtio devices of this machine: behind memory-mapped registers, or on the PCI bus.

mod mmio;
mod pci;
mod queue;
mod rings;

use alloc::vec::Vec;

use self::mmio::MmioTransport;
use self::pci::PciTransport;
pub use self::queue::Queue;
use self::rings::Rings;
use super::apic::{FIRST_DEVICE_VECTOR, SPURIOUS_VECTOR};
use super::mmio::{Mmio, Register};
use super::start_info::StartInfo;
use crate::virtio::{DeviceKind, Direction, VirtioError};

pub(crate) use self::mmio::acknowledge;

const ACKNOWLEDGE: u8 = 1;
const DRIVER: u8 = 2;
const DRIVER_OK: u8 = 4;
const FEATURES_OK: u8 = 8;
/// `VIRTIO_F_VERSION_1`.
const VERSION_1: u64 = 1 << 32;

/// A virtio device.
#[derive(Debug)]
pub struct VirtioDevice {
    kind: DeviceKind,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Mmio(MmioTransport),
    Pci(PciTransport),
}

/// A device's registers, wherever they are.
trait Registers {
    fn status(&self) -> u8;
    fn set_status(&self, status: u8);
    fn offered_features(&self) -> u64;
    fn accept_features(&self, features: u64);
    fn connect_interrupt(&mut self) -> Result<(), VirtioError>;
    /// Selects a queue, and returns how long it can be; 0 when it is in use.
    fn select_queue(&self, index: u16) -> u16;
    /// Enables the selected queue.
    fn enable_queue(&self, index: u16, rings: &Rings) -> Result<Doorbell, VirtioError>;
    /// The device's own configuration.
    fn config(&self) -> Option<Mmio>;
}

/// How a queue tells the device that there is something to do: the queue's number, and where to write it.
#[derive(Debug, Clone, Copy)]
enum Doorbell {
    Mmio(u32, Register<u32>),
    Pci(u16, Register<u16>),
}

impl Doorbell {
    fn ring(self) {
        match self {
            Self::Mmio(queue, register) => register.write(queue),
            Self::Pci(queue, register) => register.write(queue),
        }
    }
}

/// The devices that the loader's command line names and that the PCI bus has, those on PCI last.
pub(crate) fn find(info: &StartInfo) -> Vec<VirtioDevice> {
    let mut found = Vec::new();
    for (id, transport) in info.words().filter_map(MmioTransport::from_word) {
        found.push(VirtioDevice {
            kind: DeviceKind::from_id(id),
            transport: Transport::Mmio(transport),
        });
    }
    super::pci::each_function(|function| {
        if let Some((id, transport)) = PciTransport::new(function) {
            found.push(VirtioDevice {
                kind: DeviceKind::from_id(id),
                transport: Transport::Pci(transport),
            });
        }
    });
    found
}

/// A vector for the next device; they share them when there are more devices than vectors.
fn vector_of(nth: usize) -> u64 {
    FIRST_DEVICE_VECTOR + nth as u64 % (SPURIOUS_VECTOR - FIRST_DEVICE_VECTOR)
}

impl VirtioDevice {
    /// What the device is.
    #[must_use]
    pub fn kind(&self) -> DeviceKind {
        self.kind
    }

    /// Resets the device and settles on features (virtio 1.2, section 3.1.1): those of `wanted` that it offers, and version 1.
    ///
    /// # Errors
    /// When it is older than virtio 1.0, or refuses the features.
    pub fn negotiate(&mut self, wanted: u64) -> Result<u64, VirtioError> {
        match &mut self.transport {
            Transport::Mmio(mmio) => negotiate(mmio, wanted),
            Transport::Pci(pci) => negotiate(pci, wanted),
        }
    }

    /// Makes queue `index` with `buffers` (a power of two) of `buffer_len` bytes each, and, when the device is to write them,
    /// hands all of them to it.
    ///
    /// # Errors
    /// When the device has no such queue or only a shorter one, its interrupt cannot be delivered, or there is no memory.
    pub fn queue(
        &mut self,
        index: u16,
        buffers: u16,
        buffer_len: u32,
        direction: Direction,
    ) -> Result<Queue, VirtioError> {
        let longest = self.registers().select_queue(index);
        if longest < buffers {
            return Err(VirtioError::Queue(index));
        }
        let rings = Rings::create(buffers, buffer_len).ok_or(VirtioError::OutOfFrames)?;
        let doorbell = self.registers().enable_queue(index, &rings)?;
        Ok(Queue::new(rings, doorbell, direction))
    }

    /// Tells the device that its driver is ready. What its queues were handed before, it sees now.
    pub fn start(&mut self) {
        self.registers()
            .set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /// Two bytes of the device's own configuration, at an even offset; 0 behind its end.
    #[must_use]
    pub fn config_u16(&self, offset: usize) -> u16 {
        self.config(offset, 2).map_or(0, |place| place.read16(0))
    }

    /// Four bytes of the device's own configuration, at an offset that is a multiple of 4; 0 behind its end.
    #[must_use]
    pub fn config_u32(&self, offset: usize) -> u32 {
        self.config(offset, 4).map_or(0, |place| place.read32(0))
    }

    fn config(&self, offset: usize, len: usize) -> Option<Mmio> {
        if !offset.is_multiple_of(len) {
            return None;
        }
        self.registers().config()?.part(offset, len)
    }

    fn registers(&self) -> &dyn Registers {
        match &self.transport {
            Transport::Mmio(mmio) => mmio,
            Transport::Pci(pci) => pci,
        }
    }
}

fn negotiate(registers: &mut impl Registers, wanted: u64) -> Result<u64, VirtioError> {
    registers.set_status(0);
    while registers.status() != 0 {
        core::hint::spin_loop();
    }
    registers.set_status(ACKNOWLEDGE);
    registers.set_status(ACKNOWLEDGE | DRIVER);
    let offered = registers.offered_features();
    if offered & VERSION_1 == 0 {
        return Err(VirtioError::Legacy);
    }
    let accepted = offered & (wanted | VERSION_1);
    registers.accept_features(accepted);
    registers.set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    if registers.status() & FEATURES_OK == 0 {
        return Err(VirtioError::Features);
    }
    registers.connect_interrupt()?;
    Ok(accepted)
}
