//! x86-64: PVH entry, four-level paging, SYSCALL, local APIC, virtio over MMIO and PCI.
//!
//! What the modules share, lowest first: [`one_cpu`] (statics), [`instruction`] (single instructions), [`layout`] (where things
//! lie), [`frame`], [`paging`] (page tables), [`mmio`] and [`dma`] (memory of devices). [`start`] brings all of it up.

use core::arch::global_asm;

pub(crate) mod archive;
pub(crate) mod context;
pub(crate) mod cpu;
pub(crate) mod extended;
pub(crate) mod frame;
pub(crate) mod panic;
pub(crate) mod power;
pub(crate) mod random;
pub(crate) mod serial;
pub(crate) mod space;
pub(crate) mod time;
pub(crate) mod user;
pub(crate) mod virtio;

mod apic;
mod dma;
mod features;
mod heap;
mod instruction;
mod ioapic;
mod layout;
mod leaf;
mod mmio;
mod one_cpu;
mod paging;
mod pci;
mod pic;
mod seal;
mod segment;
mod start;
mod start_info;
mod tables;
mod trap;

global_asm!(include_str!("entry.s"));
global_asm!(include_str!("trap.s"));
global_asm!(include_str!("copy.s"));
