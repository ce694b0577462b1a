//! Waiting: the only place where the kernel lets interrupts in.

use core::arch::asm;

/// Sleeps until an interrupt came.
///
/// Interrupts are off before and after. One that came since the caller looked is pending, and ends the wait at once: so a caller
/// that looks, then waits, then looks again misses nothing.
pub fn wait() {
    // SAFETY: the handlers change nothing that Rust code borrows: the caller borrows no static of this architecture.
    // The way into them keeps no vector registers.
    unsafe { asm!("sti", "hlt", "cli", clobber_abi("C"), options(nostack)) };
}
