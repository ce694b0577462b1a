//! Segments, the task state, and the table of interrupt gates: what long mode still wants of them.

use core::arch::asm;
use core::mem::size_of;
use core::ptr;

use super::instruction::write_msr;

/// Selector of the kernel's code.
pub(crate) const KERNEL_CODE: u16 = 0x08;
const TASK_STATE: u16 = 0x28;
/// Length of the task state in bytes.
const TASK_STATE_LEN: u64 = 104;
/// Vectors with a stub.
pub(crate) const VECTORS: usize = 64;
const STUB_LEN: usize = 16;
/// The interrupt stack (1 to 7) for what may come while no stack is good: NMI, double fault, machine check.
const FATAL_STACK: u64 = 1;

const EFER_MASKED_FLAGS: u64 = 0x4_7700;
const MSR_STAR: u32 = 0xc000_0081;
const MSR_LSTAR: u32 = 0xc000_0082;
const MSR_SFMASK: u32 = 0xc000_0084;

unsafe extern "C" {
    static mut unikernel_task_state: u8;
    safe static unikernel_fault_stack_top: u8;
    safe static unikernel_stubs: u8;
    safe static unikernel_syscall: u8;
}

/// Null, kernel code, kernel data, program data, program code, task state (two entries). `SYSRET` wants the program's two in
/// this order.
static mut SEGMENTS: [u64; 7] = [
    0,
    0x00af_9b00_0000_ffff,
    0x00cf_9300_0000_ffff,
    0x00cf_f300_0000_ffff,
    0x00af_fb00_0000_ffff,
    0,
    0,
];

static mut GATES: [[u64; 2]; VECTORS] = [[0; 2]; VECTORS];

#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

/// Loads all of them.
pub(crate) fn install() {
    install_task_state();
    install_gates();
    let segments = pointer(&raw const SEGMENTS);
    let gates = pointer(&raw const GATES);
    // SAFETY: the table is a static, and its code segment is the one that is loaded.
    unsafe {
        asm!("lgdt [{}]", in(reg) &raw const segments, options(readonly, nostack, preserves_flags));
    };
    // SAFETY: the selector is the task state's.
    unsafe { asm!("ltr {:x}", in(reg) TASK_STATE, options(nostack, preserves_flags)) };
    // SAFETY: the table is a static; its gates lead to the stubs.
    unsafe {
        asm!("lidt [{}]", in(reg) &raw const gates, options(readonly, nostack, preserves_flags));
    };
    install_syscall();
}

fn pointer<T>(table: *const T) -> Pointer {
    Pointer {
        limit: (size_of::<T>() - 1) as u16,
        base: table.addr() as u64,
    }
}

fn install_task_state() {
    let state = &raw mut unikernel_task_state;
    let fault_stack = (&raw const unikernel_fault_stack_top).addr() as u64;
    // SAFETY: the first interrupt stack is at offset 36 of the task state, which nothing else writes yet.
    unsafe { ptr::write_unaligned(state.wrapping_add(36).cast(), fault_stack) };
    // SAFETY: the offset of the I/O permissions is at offset 102: behind the end, there are none.
    unsafe { ptr::write_unaligned(state.wrapping_add(102).cast(), TASK_STATE_LEN as u16) };
    let base = state.addr() as u64;
    let descriptor =
        (TASK_STATE_LEN - 1) | (base & 0xff_ffff) << 16 | 0x89 << 40 | (base >> 24 & 0xff) << 56;
    let segments = (&raw mut SEGMENTS).cast::<u64>();
    // SAFETY: within the table, which is not loaded yet.
    unsafe { segments.wrapping_add(5).write(descriptor) };
    // SAFETY: within the table, which is not loaded yet.
    unsafe { segments.wrapping_add(6).write(base >> 32) };
}

/// The gates but for the address of their stubs.
const GATE_KINDS: [u64; VECTORS] = {
    let mut kinds = [0; VECTORS];
    let mut vector = 0;
    while vector < VECTORS {
        let stack = if matches!(vector, 2 | 8 | 18) {
            FATAL_STACK
        } else {
            0
        };
        // The program may raise the breakpoint and overflow exceptions by instructions of their own.
        let ring = if matches!(vector, 3 | 4) { 3 } else { 0 };
        kinds[vector] = (KERNEL_CODE as u64) << 16 | stack << 32 | (0x8e | ring << 5) << 40;
        vector += 1;
    }
    kinds
};

fn install_gates() {
    let mut stub = &raw const unikernel_stubs;
    let gates = (&raw mut GATES).cast::<[u64; 2]>();
    for (vector, kind) in GATE_KINDS.iter().enumerate() {
        let address = stub.addr() as u64;
        let low = (address & 0xffff) | kind | (address >> 16 & 0xffff) << 48;
        // SAFETY: within the table, which is not loaded yet.
        unsafe { gates.wrapping_add(vector).write([low, address >> 32]) };
        stub = stub.wrapping_add(STUB_LEN);
    }
}

fn install_syscall() {
    // SAFETY: every x86-64 processor has it; the bases make SYSCALL and SYSRET use the table's segments.
    unsafe { write_msr(MSR_STAR, 0x0010_0008 << 32) };
    // SAFETY: the entry switches to a stack of the kernel's first.
    unsafe { write_msr(MSR_LSTAR, (&raw const unikernel_syscall).addr() as u64) };
    // SAFETY: as on every trap, interrupts and all that the program may have set are off: AC, NT, IOPL, DF, IF, TF.
    unsafe { write_msr(MSR_SFMASK, EFER_MASKED_FLAGS) };
}
