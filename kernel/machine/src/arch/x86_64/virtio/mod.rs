//! Virtio devices of this machine: behind memory-mapped registers, or on the PCI bus.

mod mmio;
mod pci;
mod queue;

use alloc::vec::Vec;

use self::mmio::MmioTransport;
use self::pci::PciTransport;
pub use self::queue::Queue;
use super::apic::{FIRST_DEVICE_VECTOR, SPURIOUS_VECTOR};
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

/// Where a queue's parts lie, for the device.
struct Rings {
    len: u16,
    descriptors: u64,
    available: u64,
    used: u64,
}

/// How a queue tells the device that there is something to do.
#[derive(Debug, Clone, Copy)]
struct Doorbell {
    register: super::mmio::Mmio,
    value: u16,
    /// MMIO has a register of 32 bits, PCI one of 16.
    wide: bool,
}

impl Doorbell {
    fn ring(self) {
        if self.wide {
            self.register.write32(0, u32::from(self.value));
        } else {
            self.register.write16(0, self.value);
        }
    }
}

/// The devices that the loader's command line names and that the PCI bus has, those on PCI last.
pub(crate) fn find(info: &StartInfo) -> Vec<VirtioDevice> {
    let mut found = Vec::new();
    let mut add = |id, transport| {
        let kind = DeviceKind::from_id(id);
        found.push(VirtioDevice { kind, transport });
    };
    for (id, transport) in info.words().filter_map(MmioTransport::from_word) {
        add(id, Transport::Mmio(transport));
    }
    for (id, transport) in super::pci::functions().filter_map(PciTransport::new) {
        add(id, Transport::Pci(transport));
    }
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
        self.set_status(0);
        while self.status() != 0 {
            core::hint::spin_loop();
        }
        self.set_status(ACKNOWLEDGE);
        self.set_status(ACKNOWLEDGE | DRIVER);
        let offered = self.offered_features();
        if offered & VERSION_1 == 0 {
            return Err(VirtioError::Legacy);
        }
        let accepted = offered & (wanted | VERSION_1);
        self.accept_features(accepted);
        self.set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        if self.status() & FEATURES_OK == 0 {
            return Err(VirtioError::Features);
        }
        self.connect_interrupt()?;
        Ok(accepted)
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
        buffer_len: usize,
        direction: Direction,
    ) -> Result<Queue, VirtioError> {
        let longest = match &self.transport {
            Transport::Mmio(mmio) => mmio.select_queue(index),
            Transport::Pci(pci) => pci.select_queue(index),
        };
        if !buffers.is_power_of_two() || longest < buffers {
            return Err(VirtioError::Queue(index));
        }
        let mut queue = Queue::new(buffers, buffer_len, direction)?;
        let doorbell = match &self.transport {
            Transport::Mmio(mmio) => mmio.enable_queue(index, &queue.rings())?,
            Transport::Pci(pci) => pci.enable_queue(index, &queue.rings())?,
        };
        queue.connect(doorbell);
        Ok(queue)
    }

    /// Tells the device that its driver is ready. What its queues were handed before, it sees now.
    pub fn start(&mut self) {
        self.set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
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

    fn config(&self, offset: usize, len: usize) -> Option<super::mmio::Mmio> {
        if !offset.is_multiple_of(len) {
            return None;
        }
        match &self.transport {
            Transport::Mmio(mmio) => mmio.config(),
            Transport::Pci(pci) => pci.config(),
        }?
        .part(offset, len)
    }

    fn status(&self) -> u8 {
        match &self.transport {
            Transport::Mmio(mmio) => mmio.status(),
            Transport::Pci(pci) => pci.status(),
        }
    }

    fn set_status(&self, status: u8) {
        match &self.transport {
            Transport::Mmio(mmio) => mmio.set_status(status),
            Transport::Pci(pci) => pci.set_status(status),
        }
    }

    fn offered_features(&self) -> u64 {
        match &self.transport {
            Transport::Mmio(mmio) => mmio.offered_features(),
            Transport::Pci(pci) => pci.offered_features(),
        }
    }

    fn accept_features(&self, features: u64) {
        match &self.transport {
            Transport::Mmio(mmio) => mmio.accept_features(features),
            Transport::Pci(pci) => pci.accept_features(features),
        }
    }

    fn connect_interrupt(&mut self) -> Result<(), VirtioError> {
        match &mut self.transport {
            Transport::Mmio(mmio) => mmio.connect_interrupt(),
            Transport::Pci(pci) => pci.connect_interrupt(),
        }
    }
}
