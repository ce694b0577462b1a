//! Virtio on the PCI bus, as virtio 1.0 and later have it (virtio 1.2, section 4.1), with MSI-X.

use super::super::apic::{self, FIRST_DEVICE_VECTOR};
use super::super::mmio::Mmio;
use super::super::pci::Function;
use super::rings::Rings;
use super::{Doorbell, Registers};
use crate::virtio::VirtioError;

const VENDOR: u32 = 0x1af4;
const TRANSITIONAL_IDS: core::ops::Range<u32> = 0x1000..0x1040;
const MODERN_IDS: core::ops::Range<u32> = 0x1040..0x1080;
const SUBSYSTEM: u8 = 0x2c;

const CAPABILITY_VENDOR: u8 = 0x09;
const CAPABILITY_MSIX: u8 = 0x11;
const COMMON: u8 = 1;
const NOTIFY: u8 = 2;
const DEVICE: u8 = 4;

const DEVICE_FEATURES_SELECT: usize = 0x00;
const DEVICE_FEATURES: usize = 0x04;
const DRIVER_FEATURES_SELECT: usize = 0x08;
const DRIVER_FEATURES: usize = 0x0c;
const CONFIG_VECTOR: usize = 0x10;
const STATUS: usize = 0x14;
const QUEUE_SELECT: usize = 0x16;
const QUEUE_LEN: usize = 0x18;
const QUEUE_VECTOR: usize = 0x1a;
const QUEUE_ENABLE: usize = 0x1c;
const QUEUE_NOTIFY: usize = 0x1e;
const QUEUE_DESCRIPTORS: usize = 0x20;
const QUEUE_AVAILABLE: usize = 0x28;
const QUEUE_USED: usize = 0x30;
const COMMON_LEN: usize = 0x38;

const NO_VECTOR: u16 = 0xffff;
const MSIX_ENABLE: u32 = 1 << 31;
const MSIX_MASK_ALL: u32 = 1 << 30;
const MSIX_ENTRY_LEN: usize = 16;
/// Where messages that are interrupts go; the controller's number is in bits 12 to 19.
const MESSAGE_ADDRESS: u32 = 0xfee0_0000;
/// The longest piece of a register area that is mapped.
const MAX_AREA: u32 = 1 << 20;

#[derive(Debug)]
pub(super) struct PciTransport {
    function: Function,
    common: Mmio,
    notify: Mmio,
    notify_step: u32,
    device: Option<Mmio>,
}

impl PciTransport {
    /// The virtio device that a function is, with its device id.
    pub(super) fn new(function: Function) -> Option<(u32, Self)> {
        let (vendor, device) = function.id();
        let id = match device {
            _ if vendor != VENDOR => return None,
            device if MODERN_IDS.contains(&device) => device - MODERN_IDS.start,
            device if TRANSITIONAL_IDS.contains(&device) => function.read(SUBSYSTEM) >> 16,
            _ => return None,
        };
        function.enable();
        let notify = find_area(function, NOTIFY)?;
        let transport = Self {
            function,
            common: map_area(function, find_area(function, COMMON)?)
                .filter(|area| area.len() >= COMMON_LEN)?,
            notify: map_area(function, notify)?,
            notify_step: function.read(notify + 16),
            device: find_area(function, DEVICE).and_then(|area| map_area(function, area)),
        };
        Some((id, transport))
    }

    fn capability_msix(&self) -> Option<u8> {
        let mut all = self.function.capabilities();
        all.find(|(id, _)| *id == CAPABILITY_MSIX).map(|(_, at)| at)
    }
}

impl Registers for PciTransport {
    fn status(&self) -> u8 {
        self.common.read8(STATUS)
    }

    fn set_status(&self, status: u8) {
        self.common.write8(STATUS, status);
    }

    fn offered_features(&self) -> u64 {
        self.common.write32(DEVICE_FEATURES_SELECT, 1);
        let high = self.common.read32(DEVICE_FEATURES);
        self.common.write32(DEVICE_FEATURES_SELECT, 0);
        u64::from(high) << 32 | u64::from(self.common.read32(DEVICE_FEATURES))
    }

    fn accept_features(&self, features: u64) {
        self.common.write32(DRIVER_FEATURES_SELECT, 1);
        self.common
            .write32(DRIVER_FEATURES, (features >> 32) as u32);
        self.common.write32(DRIVER_FEATURES_SELECT, 0);
        self.common.write32(DRIVER_FEATURES, features as u32);
    }

    /// Makes the first message of the device's MSI-X table an interrupt; all queues use that one.
    fn connect_interrupt(&mut self) -> Result<(), VirtioError> {
        let at = self.capability_msix().ok_or(VirtioError::Interrupt)?;
        let place = self.function.read(at + 4);
        let table = self
            .function
            .memory((place & 7) as u8)
            .ok_or(VirtioError::Interrupt)?;
        // SAFETY: the device says that its table lies there.
        let entry = unsafe { Mmio::map(table + u64::from(place & !7), MSIX_ENTRY_LEN) };
        let entry = entry.ok_or(VirtioError::OutOfFrames)?;
        entry.write32(0, MESSAGE_ADDRESS | apic::id() << 12);
        entry.write32(4, 0);
        entry.write32(8, FIRST_DEVICE_VECTOR as u32);
        entry.write32(12, 0);
        let control = self.function.read(at);
        self.function
            .write(at, control & !MSIX_MASK_ALL | MSIX_ENABLE);
        self.common.write16(CONFIG_VECTOR, NO_VECTOR);
        Ok(())
    }

    fn select_queue(&self, index: u16) -> u16 {
        self.common.write16(QUEUE_SELECT, index);
        if self.common.read16(QUEUE_ENABLE) != 0 {
            return 0;
        }
        self.common.read16(QUEUE_LEN)
    }

    fn enable_queue(&self, index: u16, rings: &Rings) -> Result<Doorbell, VirtioError> {
        self.common.write16(QUEUE_LEN, rings.len());
        self.common.write64(QUEUE_DESCRIPTORS, rings.descriptors());
        self.common.write64(QUEUE_AVAILABLE, rings.available());
        self.common.write64(QUEUE_USED, rings.used());
        self.common.write16(QUEUE_VECTOR, 0);
        if self.common.read16(QUEUE_VECTOR) == NO_VECTOR {
            return Err(VirtioError::Interrupt);
        }
        let offset = self.notify_step as usize * usize::from(self.common.read16(QUEUE_NOTIFY));
        let register = self.notify.register(offset);
        let register = register.ok_or(VirtioError::Queue(index))?;
        self.common.write16(QUEUE_ENABLE, 1);
        Ok(Doorbell::Pci(index, register))
    }

    fn config(&self) -> Option<Mmio> {
        self.device
    }
}

/// The capability that says where an area of registers lies.
fn find_area(function: Function, kind: u8) -> Option<u8> {
    let mut all = function.capabilities();
    all.find(|(id, at)| *id == CAPABILITY_VENDOR && (function.read(*at) >> 24) as u8 == kind)
        .map(|(_, at)| at)
}

fn map_area(function: Function, at: u8) -> Option<Mmio> {
    let bar = function.read(at + 4) as u8;
    let offset = function.read(at + 8);
    let len = function.read(at + 12).min(MAX_AREA);
    let address = function.memory(bar)?.checked_add(u64::from(offset))?;
    // SAFETY: the device says that its registers lie there.
    unsafe { Mmio::map(address, len as usize) }
}
