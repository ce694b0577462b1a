//! What the processor can, and switching on what protects the kernel.

use core::arch::asm;
use core::ptr;

use super::instruction::{cpuid, enable_in_cr4};

unsafe extern "C" {
    /// Whether user copies have to open SMAP: copy.s reads it.
    static mut unikernel_smap: u8;
}

const CR4_UMIP: u64 = 1 << 11;
const CR4_OSXSAVE: u64 = 1 << 18;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
/// x87, SSE, AVX and the three parts of AVX-512 (Intel SDM volume 1, section 13.1).
const VECTOR_STATE: u32 = 0b1110_0111;

/// Whether pages of 1 GiB exist.
pub(crate) fn has_huge_pages() -> bool {
    cpuid(0x8000_0001, 0).edx & 1 << 26 != 0
}

/// Whether `RDRAND` exists.
pub(crate) fn has_rdrand() -> bool {
    cpuid(1, 0).ecx & 1 << 30 != 0
}

/// Whether the local APIC's timer can wait for a value of the time-stamp counter.
pub(crate) fn has_tsc_deadline() -> bool {
    cpuid(1, 0).ecx & 1 << 24 != 0
}

/// Switches on SMEP, SMAP and UMIP as far as the processor has them, and the vector registers for the program.
pub(crate) fn enable() {
    let extended = cpuid(7, 0);
    let mut bits = 0;
    if extended.ebx & 1 << 7 != 0 {
        bits |= CR4_SMEP;
    }
    if extended.ebx & 1 << 20 != 0 {
        bits |= CR4_SMAP;
        let smap = &raw mut unikernel_smap;
        // SAFETY: nothing else writes it, and copies run only later.
        unsafe { ptr::write_volatile(smap, 1) };
    }
    if extended.ecx & 1 << 2 != 0 {
        bits |= CR4_UMIP;
    }
    let has_xsave = cpuid(1, 0).ecx & 1 << 26 != 0;
    if has_xsave {
        bits |= CR4_OSXSAVE;
    }
    // SAFETY: the processor says that it has them; the kernel has no page that the program may touch.
    unsafe { enable_in_cr4(bits) };
    if has_xsave {
        let state = cpuid(0xd, 0).eax & VECTOR_STATE;
        // SAFETY: the processor says that it has that state; the kernel uses none of it but SSE.
        unsafe {
            asm!("xsetbv", in("ecx") 0, in("eax") state, in("edx") 0, options(nomem, nostack, preserves_flags));
        };
    }
}
