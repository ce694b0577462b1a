//! PCI configuration space of bus 0, through the ports that every PC host bridge has (PCI 3.0, section 3.2.2.3.2).

use super::instruction::{in32, out32};

const ADDRESS: u16 = 0xcf8;
const DATA: u16 = 0xcfc;
const ENABLE: u32 = 1 << 31;
/// What absent devices read as.
const ABSENT: u32 = u32::MAX;

const COMMAND: u8 = 0x04;
const HEADER: u8 = 0x0c;
const CAPABILITIES: u8 = 0x34;
const MEMORY_AND_MASTER: u32 = 1 << 1 | 1 << 2;
const INTERRUPT_DISABLE: u32 = 1 << 10;
const HAS_CAPABILITIES: u32 = 1 << 20;
const MULTIFUNCTION: u32 = 1 << 23;
/// More capabilities than fit in configuration space: a list that is longer runs in a circle.
const MAX_CAPABILITIES: usize = 48;

/// One function of a device on bus 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function(u32);

/// Shows all functions on bus 0 to `look`; none on machines without a PCI host bridge.
pub(crate) fn each_function(mut look: impl FnMut(Function)) {
    if Function::at(0, 0).read(0) == ABSENT {
        return;
    }
    for device in 0..32 {
        let first = Function::at(device, 0);
        let count = match first.read(0) {
            ABSENT => 0,
            _ if first.read(HEADER) & MULTIFUNCTION != 0 => 8,
            _ => 1,
        };
        (0..count)
            .map(|function| Function::at(device, function))
            .filter(|function| function.read(0) != ABSENT)
            .for_each(&mut look);
    }
}

impl Function {
    const fn at(device: u32, function: u32) -> Self {
        Self(ENABLE | device << 11 | function << 8)
    }

    /// The register at `offset`, a multiple of 4.
    pub(crate) fn read(self, offset: u8) -> u32 {
        self.select(offset);
        in32(DATA)
    }

    pub(crate) fn write(self, offset: u8, value: u32) {
        self.select(offset);
        // SAFETY: configuration registers that this architecture writes: command, and MSI-X control. Neither makes a device
        // touch memory by itself.
        unsafe { out32(DATA, value) };
    }

    fn select(self, offset: u8) {
        // SAFETY: only the data port looks at it.
        unsafe { out32(ADDRESS, self.0 | u32::from(offset & 0xfc)) };
    }

    /// Vendor and device.
    pub(crate) fn id(self) -> (u32, u32) {
        let id = self.read(0);
        (id & 0xffff, id >> 16)
    }

    /// The capabilities: id and offset of each.
    pub(crate) fn capabilities(self) -> impl Iterator<Item = (u8, u8)> {
        let first = if self.read(COMMAND) & HAS_CAPABILITIES != 0 {
            self.read(CAPABILITIES) as u8
        } else {
            0
        };
        let mut at = first & 0xfc;
        core::iter::from_fn(move || {
            if at == 0 {
                return None;
            }
            let header = self.read(at);
            let found = (header as u8, at);
            at = (header >> 8) as u8 & 0xfc;
            Some(found)
        })
        .take(MAX_CAPABILITIES)
    }

    /// The physical address of the memory behind a base address register; `None` when it is none, or nobody assigned one.
    pub(crate) fn memory(self, bar: u8) -> Option<u64> {
        if bar > 5 {
            return None;
        }
        let low = self.read(0x10 + bar * 4);
        let high = if low & 0b110 == 0b100 && bar < 5 {
            self.read(0x14 + bar * 4)
        } else {
            0
        };
        let address = u64::from(high) << 32 | u64::from(low & !0xf);
        (low & 1 == 0 && address != 0).then_some(address)
    }

    /// Lets the device answer in memory and reach memory, without its interrupt line.
    pub(crate) fn enable(self) {
        let command = self.read(COMMAND) & 0xffff;
        self.write(COMMAND, command | MEMORY_AND_MASTER | INTERRUPT_DISABLE);
    }
}
