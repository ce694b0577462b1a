//! Ending the machine.

use core::arch::asm;

use unikernel_abi::stream::DEBUG_EXIT_PORT;

use super::instruction::out8;

/// Ends the machine; QEMU's `isa-debug-exit` device makes `code * 2 + 1` of the code. Without that device the processor is
/// stopped by a fault that it cannot handle, which resets the machine, or ends it where the VMM was told not to restart.
pub fn off(code: u8) -> ! {
    // SAFETY: the device only ends the machine.
    unsafe { out8(DEBUG_EXIT_PORT, code) };
    let no_gates = [0_u16; 5];
    // SAFETY: nothing runs after this.
    unsafe { asm!("lidt [{}]", "ud2", in(reg) &raw const no_gates, options(noreturn)) }
}
