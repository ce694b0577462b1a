//! What the processor can, and switching on what protects the kernel.

use core::arch::asm;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::instruction::{cpuid, enable_in_cr4};
use crate::extended::{LEGACY_LEN, MAX_LEN};

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
/// x87, SSE and AVX.
const SMALL_VECTOR_STATE: u32 = 0b111;

/// What [`enable`] switched on of [`VECTOR_STATE`], and how many bytes it takes.
static COMPONENTS: AtomicU64 = AtomicU64::new(0);
static EXTENDED_LEN: AtomicUsize = AtomicUsize::new(LEGACY_LEN);

/// What leaf 1 says in ECX.
static BASIC: AtomicU32 = AtomicU32::new(0);

/// Whether pages of 1 GiB exist.
pub(crate) fn has_huge_pages() -> bool {
    cpuid(0x8000_0001, 0).edx & 1 << 26 != 0
}

/// Whether `RDRAND` exists.
pub(crate) fn has_rdrand() -> bool {
    BASIC.load(Ordering::Relaxed) & 1 << 30 != 0
}

/// Whether the local APIC's timer can wait for a value of the time-stamp counter.
pub(crate) fn has_tsc_deadline() -> bool {
    BASIC.load(Ordering::Relaxed) & 1 << 24 != 0
}

/// Whether there is a hypervisor, and leaves of its own.
pub(crate) fn is_hypervised() -> bool {
    BASIC.load(Ordering::Relaxed) & 1 << 31 != 0
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
    let basic = cpuid(1, 0).ecx;
    BASIC.store(basic, Ordering::Relaxed);
    let has_xsave = basic & 1 << 26 != 0;
    if has_xsave {
        bits |= CR4_OSXSAVE;
    }
    // SAFETY: the processor says that it has them; the kernel has no page that the program may touch.
    unsafe { enable_in_cr4(bits) };
    if has_xsave {
        enable_extended_state(cpuid(0xd, 0).eax & VECTOR_STATE);
        if extended_len() > MAX_LEN {
            enable_extended_state(cpuid(0xd, 0).eax & SMALL_VECTOR_STATE);
        }
    }
}

/// Switches components of the extended state on. The processor must have `XSAVE` and them.
fn enable_extended_state(components: u32) {
    // SAFETY: the processor says that it has that state; the kernel uses none of it but SSE.
    unsafe {
        asm!("xsetbv", in("ecx") 0, in("eax") components, in("edx") 0, options(nomem, nostack, preserves_flags));
    };
    COMPONENTS.store(u64::from(components), Ordering::Relaxed);
    EXTENDED_LEN.store(cpuid(0xd, 0).ebx as usize, Ordering::Relaxed);
}

/// The components of the extended state that are enabled; 0 without `XSAVE`.
pub(crate) fn extended_components() -> u64 {
    COMPONENTS.load(Ordering::Relaxed)
}

/// The bytes that they take.
pub(crate) fn extended_len() -> usize {
    EXTENDED_LEN.load(Ordering::Relaxed)
}
