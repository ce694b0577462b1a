//! Interrupts, and traps inside the kernel.

use super::instruction::fault_address;
use super::{apic, time, virtio};

/// What [`kernel_trap`] finds on the stack: trap.s pushes it.
#[repr(C)]
#[derive(Debug)]
struct KernelFrame {
    /// r15 to rbx.
    registers: [u64; 14],
    rax: u64,
    vector: u64,
    error: u64,
    rip: u64,
    cs: u64,
    rflags: u64,
    rsp: u64,
    ss: u64,
}

unsafe extern "C" {
    safe static unikernel_copy_start: u8;
    safe static unikernel_copy_end: u8;
    safe static unikernel_copy_fault: u8;
}

const PAGE_FAULT: u64 = 14;
const FIRST_INTERRUPT: u64 = 32;

/// A device or the timer: whatever the vector, the wait is over.
pub(crate) fn interrupt(vector: u64) {
    if vector == apic::TIMER_VECTOR {
        time::alarm_fired();
    }
    virtio::acknowledge(vector);
    if vector >= apic::TIMER_VECTOR && vector != apic::SPURIOUS_VECTOR {
        apic::end_of_interrupt();
    }
}

/// A trap while the kernel ran: an interrupt in `cpu::wait`, a fault in a copy, else a bug.
// SAFETY: the name is the one that trap.s calls; nothing else has it.
#[unsafe(no_mangle)]
extern "C" fn kernel_trap(frame: &mut KernelFrame) {
    if frame.vector >= FIRST_INTERRUPT {
        return interrupt(frame.vector);
    }
    let at = frame.rip as usize;
    let copying = (&raw const unikernel_copy_start).addr()..(&raw const unikernel_copy_end).addr();
    if frame.vector == PAGE_FAULT && copying.contains(&at) {
        frame.rax = fault_address();
        frame.rip = (&raw const unikernel_copy_fault).addr() as u64;
        return;
    }
    panic!(
        "trap {} (error {:#x}) at {:#x}, stack {:#x}, address {:#x}",
        frame.vector,
        frame.error,
        frame.rip,
        frame.rsp,
        fault_address()
    );
}
