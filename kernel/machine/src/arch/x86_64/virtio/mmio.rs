//! Virtio over memory-mapped registers (virtio 1.2, section 4.2).

use super::super::ioapic;
use super::super::mmio::{Head, Mmio};
use super::super::one_cpu::OneCpu;
use super::rings::Rings;
use super::{Doorbell, Registers, vector_of};
use crate::virtio::VirtioError;

const MAGIC: usize = 0x000;
const VERSION: usize = 0x004;
const DEVICE_ID: usize = 0x008;
const DEVICE_FEATURES: usize = 0x010;
const DEVICE_FEATURES_SELECT: usize = 0x014;
const DRIVER_FEATURES: usize = 0x020;
const DRIVER_FEATURES_SELECT: usize = 0x024;
const QUEUE_SELECT: usize = 0x030;
const QUEUE_LEN_MAX: usize = 0x034;
const QUEUE_LEN: usize = 0x038;
const QUEUE_READY: usize = 0x044;
const QUEUE_NOTIFY: usize = 0x050;
const INTERRUPT_STATUS: usize = 0x060;
const INTERRUPT_ACK: usize = 0x064;
const STATUS: usize = 0x070;
const QUEUE_DESCRIPTORS: usize = 0x080;
const QUEUE_AVAILABLE: usize = 0x090;
const QUEUE_USED: usize = 0x0a0;
const CONFIG: usize = 0x100;

/// `virt`.
const MAGIC_VALUE: u32 = 0x7472_6976;
/// The version of the registers that virtio 1.0 and later have.
const MODERN: u32 = 2;
/// The letters of numbers, as digits.
const G: u32 = 16;
const K: u32 = 20;
const M: u32 = 22;
const X: u32 = 33;
/// More devices than QEMU's microvm has slots.
const MAX_DEVICES: usize = 32;

/// The devices with an interrupt, by number; each holds its line until it is told that the interrupt was seen.
static CONNECTED: OneCpu<([Option<Head<CONFIG>>; MAX_DEVICES], usize)> =
    OneCpu::new(([None; MAX_DEVICES], 0));

/// Tells the devices on `vector` that their interrupt was seen.
pub(crate) fn acknowledge(vector: u64) {
    let connected = CONNECTED.borrow();
    for (nth, device) in connected.0.iter().enumerate().take(connected.1) {
        if let Some(registers) = device.filter(|_| vector_of(nth) == vector) {
            registers.write32(INTERRUPT_ACK, registers.read32(INTERRUPT_STATUS));
        }
    }
}

#[derive(Debug)]
pub(super) struct MmioTransport {
    registers: Head<CONFIG>,
    all: Mmio,
    line: u32,
    is_connected: bool,
}

impl MmioTransport {
    /// The device that a word `virtio_mmio.device=SIZE@BASE:IRQ` of the command line names (Linux's
    /// `Documentation/admin-guide/kernel-parameters.txt`), with its device id.
    pub(super) fn from_word(word: &[u8]) -> Option<(u32, Self)> {
        let [len, base, line] = numbers(word.strip_prefix(b"virtio_mmio.device=")?)?;
        // SAFETY: the loader's command line says that there are registers.
        let all = unsafe { Mmio::map(base, len as usize) }?;
        let registers = all.head()?;
        let id = registers.read32(DEVICE_ID);
        let is_virtio = registers.read32(MAGIC) == MAGIC_VALUE && id != 0;
        let transport = Self {
            registers,
            all,
            line: u32::try_from(line).ok()?,
            is_connected: false,
        };
        is_virtio.then_some((id, transport))
    }
}

impl Registers for MmioTransport {
    fn status(&self) -> u8 {
        self.registers.read32(STATUS) as u8
    }

    fn set_status(&self, status: u8) {
        self.registers.write32(STATUS, u32::from(status));
    }

    /// Nothing when the registers are of the old kind: those mean something else.
    fn offered_features(&self) -> u64 {
        if self.registers.read32(VERSION) != MODERN {
            return 0;
        }
        self.registers.write32(DEVICE_FEATURES_SELECT, 1);
        let high = self.registers.read32(DEVICE_FEATURES);
        self.registers.write32(DEVICE_FEATURES_SELECT, 0);
        u64::from(high) << 32 | u64::from(self.registers.read32(DEVICE_FEATURES))
    }

    fn accept_features(&self, features: u64) {
        self.registers.write32(DRIVER_FEATURES_SELECT, 1);
        self.registers
            .write32(DRIVER_FEATURES, (features >> 32) as u32);
        self.registers.write32(DRIVER_FEATURES_SELECT, 0);
        self.registers.write32(DRIVER_FEATURES, features as u32);
    }

    fn connect_interrupt(&mut self) -> Result<(), VirtioError> {
        if self.is_connected {
            return Ok(());
        }
        let mut connected = CONNECTED.borrow();
        let nth = connected.1;
        *connected.0.get_mut(nth).ok_or(VirtioError::Interrupt)? = Some(self.registers);
        ioapic::connect(self.line, vector_of(nth)).ok_or(VirtioError::Interrupt)?;
        connected.1 += 1;
        self.is_connected = true;
        Ok(())
    }

    fn select_queue(&self, index: u16) -> u16 {
        self.registers.write32(QUEUE_SELECT, u32::from(index));
        if self.registers.read32(QUEUE_READY) != 0 {
            return 0;
        }
        self.registers.read32(QUEUE_LEN_MAX).min(0xffff) as u16
    }

    fn enable_queue(&self, index: u16, rings: &Rings) -> Result<Doorbell, VirtioError> {
        self.registers.write32(QUEUE_LEN, u32::from(rings.len()));
        self.registers
            .write64(QUEUE_DESCRIPTORS, rings.descriptors());
        self.registers.write64(QUEUE_AVAILABLE, rings.available());
        self.registers.write64(QUEUE_USED, rings.used());
        self.registers.write32(QUEUE_READY, 1);
        let register = self.registers.register(QUEUE_NOTIFY);
        Ok(Doorbell::Mmio(u32::from(index), register))
    }

    fn config(&self) -> Option<Mmio> {
        self.all.part(CONFIG, self.all.len().checked_sub(CONFIG)?)
    }
}

/// The numbers of `SIZE@BASE:IRQ[:ID]` but for the last, as C writes them, with K, M or G behind them.
fn numbers(text: &[u8]) -> Option<[u64; 3]> {
    let mut numbers = [0_u64; 3];
    let (mut nth, mut radix) = (0, 10);
    for byte in text {
        let number = numbers.get_mut(nth)?;
        // Letters are digits, too, from 10 on.
        match char::from(*byte).to_digit(36) {
            Some(digit) if digit < radix => {
                *number = number.checked_mul(u64::from(radix))?;
                *number = number.checked_add(u64::from(digit))?;
            }
            Some(X) => radix = 16,
            Some(K) => *number = number.checked_mul(1 << 10)?,
            Some(M) => *number = number.checked_mul(1 << 20)?,
            Some(G) => *number = number.checked_mul(1 << 30)?,
            Some(_) => return None,
            // A number for the device may follow.
            None if nth == 2 => break,
            None => (nth, radix) = (nth + 1, 10),
        }
    }
    (nth == 2).then_some(numbers)
}
