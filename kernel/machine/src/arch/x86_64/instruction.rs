//! Single instructions that the language has no word for.

use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, CpuidResult};

/// Writes a byte to an I/O port.
///
/// # Safety
/// The port's device must not touch memory that Rust code owns because of it.
pub(crate) unsafe fn out8(port: u16, value: u8) {
    // SAFETY: the caller's promise.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nostack, preserves_flags)) };
}

/// Writes four bytes to an I/O port.
///
/// # Safety
/// As for [`out8`].
pub(crate) unsafe fn out32(port: u16, value: u32) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!("out dx, eax", in("dx") port, in("eax") value, options(nostack, preserves_flags));
    };
}

/// Reads a byte from an I/O port.
pub(crate) fn in8(port: u16) -> u8 {
    let value;
    // SAFETY: reading a port of this machine's devices has at most effects on that device.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nostack, preserves_flags)) };
    value
}

/// Reads four bytes from an I/O port.
pub(crate) fn in32(port: u16) -> u32 {
    let value;
    // SAFETY: reading a port of this machine's devices has at most effects on that device.
    unsafe {
        asm!("in eax, dx", in("dx") port, out("eax") value, options(nostack, preserves_flags));
    };
    value
}

/// Reads a model-specific register.
///
/// # Safety
/// The processor must have it.
pub(crate) unsafe fn read_msr(register: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: the caller's promise.
    unsafe {
        asm!("rdmsr", in("ecx") register, out("eax") low, out("edx") high, options(nostack, preserves_flags));
    };
    u64::from(high) << 32 | u64::from(low)
}

/// Writes a model-specific register.
///
/// # Safety
/// The processor must have it, and what it changes must not be relied on by Rust code.
pub(crate) unsafe fn write_msr(register: u32, value: u64) {
    let (low, high) = (value as u32, (value >> 32) as u32);
    // SAFETY: the caller's promise.
    unsafe {
        asm!("wrmsr", in("ecx") register, in("eax") low, in("edx") high, options(nostack, preserves_flags));
    };
}

/// What the processor says about itself; all zero when it does not know the leaf.
#[inline(never)]
pub(crate) fn cpuid(leaf: u32, part: u32) -> CpuidResult {
    let known = __cpuid_count(leaf & 0xffff_0000, 0).eax;
    if leaf > known && leaf & 0xffff_0000 != 0x4000_0000 {
        return CpuidResult {
            eax: 0,
            ebx: 0,
            ecx: 0,
            edx: 0,
        };
    }
    __cpuid_count(leaf, part)
}

/// The time-stamp counter.
pub(crate) fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and ring 0 may use it.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// The address of the last page fault.
pub(crate) fn fault_address() -> u64 {
    let address;
    // SAFETY: reading the register has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// Adds to the feature bits in CR4.
///
/// # Safety
/// The processor must have them, and Rust code must not rely on their being off.
pub(crate) unsafe fn enable_in_cr4(bits: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!("mov {old}, cr4", "or {old}, {bits}", "mov cr4, {old}", old = out(reg) _, bits = in(reg) bits, options(nostack));
    }
}

/// Switches to the page table at this physical address.
///
/// # Safety
/// It must map the kernel as it is mapped now.
pub(crate) unsafe fn load_page_table(root: u64) {
    // SAFETY: the caller's promise.
    unsafe { asm!("mov cr3, {}", in(reg) root, options(nostack, preserves_flags)) };
}

/// Forgets the translation of the page at `address`.
pub(crate) fn forget_page(address: u64) {
    // SAFETY: the next access looks the translation up again.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}
