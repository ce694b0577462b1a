//! The I/O interrupt controller: brings a device's line to the processor (Intel 82093AA datasheet).

use super::apic;
use super::mmio::{Head, Mmio};

/// Where every PC, and QEMU's microvm, has the first one.
const BASE: u64 = 0xfec0_0000;
const SELECT: usize = 0x00;
const WINDOW: usize = 0x10;
const LEN: usize = 0x20;
const VERSION: u32 = 1;
const FIRST_ENTRY: u32 = 0x10;
const LEVEL: u32 = 1 << 15;

/// Brings `line` to the processor as `vector`, for as long as the device asserts it. `None` when there is no such line.
pub(crate) fn connect(line: u32, vector: u64) -> Option<()> {
    // SAFETY: the controller's registers lie there on every machine that this architecture boots on.
    let registers: Head<LEN> = unsafe { Mmio::map(BASE, LEN) }?.head()?;
    registers.write32(SELECT, VERSION);
    let last = registers.read32(WINDOW) >> 16 & 0xff;
    if line > last {
        return None;
    }
    registers.write32(SELECT, FIRST_ENTRY + 2 * line + 1);
    registers.write32(WINDOW, apic::id() << 24);
    registers.write32(SELECT, FIRST_ENTRY + 2 * line);
    registers.write32(WINDOW, LEVEL | vector as u32);
    Some(())
}
