//! Saving and loading what the kernel leaves in the processor: x87, upper halves of vector registers, masks.

use core::arch::asm;

use super::features;
use crate::context::Context;
use crate::extended::{ExtendedState, Malformed};

/// Bytes of the state: as `CPUID` leaf 13 says for what is enabled, else of `FXSAVE`.
#[must_use]
pub fn len() -> usize {
    features::extended_len()
}

/// The components that are enabled, as `XCR0` has them; 0 where there is no `XSAVE`.
#[must_use]
pub fn components() -> u64 {
    features::extended_components()
}

/// The state of the thread that ran last, with what its context keeps.
pub(crate) fn save(context: &Context) -> ExtendedState {
    let mut state = live();
    state.put_xmm(&context.xmm);
    state
}

/// Loads the state for the thread that runs next, and puts into its context what that keeps.
pub(crate) fn load(context: &mut Context, state: &ExtendedState) -> Result<(), Malformed> {
    state.check(live().mxcsr_mask())?;
    let (low, high) = halves(components());
    let from = state.as_ptr();
    if components() == 0 {
        // SAFETY: 512 bytes, aligned, without bits that do not exist. Kernel code keeps no value in these registers here.
        unsafe {
            asm!("fxrstor64 [{}]", in(reg) from, clobber_abi("C"), options(nostack, readonly));
        }
    } else {
        // SAFETY: the enabled components' bytes, aligned, checked as the instruction checks them. As above.
        unsafe {
            asm!("xrstor64 [{}]", in(reg) from, in("eax") low, in("edx") high, clobber_abi("C"), options(nostack, readonly));
        }
    }
    context.xmm = state.xmm();
    Ok(())
}

/// What the registers hold now; of `xmm0` to `xmm15` the kernel's values.
fn live() -> ExtendedState {
    let mut state = ExtendedState::zeroed();
    let (low, high) = halves(components());
    let to = state.as_mut_ptr();
    if components() == 0 {
        // SAFETY: 512 bytes, aligned.
        unsafe { asm!("fxsave64 [{}]", in(reg) to, options(nostack, preserves_flags)) };
    } else {
        // SAFETY: room for the enabled components, aligned, its header zero.
        unsafe {
            asm!("xsave64 [{}]", in(reg) to, in("eax") low, in("edx") high, options(nostack, preserves_flags));
        }
    }
    state
}

fn halves(components: u64) -> (u32, u32) {
    (components as u32, (components >> 32) as u32)
}
