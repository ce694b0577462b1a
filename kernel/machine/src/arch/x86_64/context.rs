//! Into the program and back: what has to be right before, and what came of it.

use core::arch::asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering};

use super::instruction::{fault_address, write_msr};
use super::trap;
use crate::address::{USER_END, UserAddr};
use crate::context::{Context, Event};
use crate::user::Access;

// trap.s has the same numbers.
const _: () = assert!(offset_of!(Context, xmm) == 0);
const _: () = assert!(offset_of!(Context, r15) == 256);
const _: () = assert!(offset_of!(Context, rax) == 368);
const _: () = assert!(offset_of!(Context, vector) == 376);
const _: () = assert!(offset_of!(Context, rip) == 392);
const _: () = assert!(offset_of!(Context, rflags) == 408);
const _: () = assert!(offset_of!(Context, rsp) == 416);
const _: () = assert!(offset_of!(Context, ss) == 424);
const _: () = assert!(align_of::<Context>() == 16);

/// The flags that a program may have as it likes: the arithmetic ones, TF, DF, AC, ID.
const FREE_FLAGS: u64 = 0x24_0dd5;
const TRAP_FLAG: u64 = 1 << 8;
/// The flags that it always has: IF, and the bit that is always set.
const FIXED_FLAGS: u64 = 0x202;

const MSR_FS_BASE: u32 = 0xc000_0100;
const MSR_GS_BASE: u32 = 0xc000_0101;

/// What trap.s gives as the vector of a system call.
const SYSCALL: u64 = 0x100;
/// As a vector: the program went to where no address is.
const NOWHERE: u64 = 0x101;
/// Addresses of the program have no bit from this one on.
const CANONICAL_BITS: u32 = 47;
const PAGE_FAULT: u64 = 14;
/// The first vector that is no exception.
const FIRST_INTERRUPT: u64 = 32;

/// What the processor has as bases of `fs` and `gs`.
static BASES: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

unsafe extern "C" {
    fn unikernel_enter(context: *mut Context);
    fn unikernel_return(context: *mut Context);
}

/// The two ways into the program.
macro_rules! enter {
    ($routine:ident, $context:ident) => {
        // SAFETY: the flags, the address and the bases are such that entering the program does not fault; the processor and the
        // routine write to nothing but the context. The routine keeps only rbx and rbp: it is on the way of every system call.
        unsafe {
            asm!(
                "call {routine}",
                routine = sym $routine,
                inout("rdi") core::ptr::from_mut($context) => _,
                out("r12") _, out("r13") _, out("r14") _, out("r15") _,
                clobber_abi("C"),
            );
        }
    };
}

#[inline]
pub(crate) fn run(context: &mut Context) -> bool {
    if is_as_behind_a_call(context) {
        enter!(unikernel_return, context);
    } else {
        prepare(context);
        if context.rip >= USER_END {
            // IRETQ to a non-canonical address would fault in the kernel; any other one there faults in the program at once.
            context.vector = NOWHERE;
            return false;
        }
        enter!(unikernel_enter, context);
    }
    context.vector == SYSCALL
}

/// Whether the processor has the program's bases and SYSRET brings it back. With TF it would trap before the program's next
/// instruction, not behind it, and so for ever. One sum of differences instead of many branches: every system call ends here.
#[inline]
fn is_as_behind_a_call(context: &Context) -> bool {
    let rip = context.rcx ^ context.rip | context.rip >> CANONICAL_BITS;
    let flags = context.rflags & !(FREE_FLAGS & !TRAP_FLAG) ^ FIXED_FLAGS;
    let bases = BASES[0].load(Ordering::Relaxed) ^ context.fs_base
        | BASES[1].load(Ordering::Relaxed) ^ context.gs_base;
    rip | context.r11 ^ context.rflags | flags | bases == 0
}

/// Loads the bases, and takes the flags away that a program may not change.
#[inline(never)]
fn prepare(context: &mut Context) {
    load_base(&BASES[0], MSR_FS_BASE, context.fs_base);
    load_base(&BASES[1], MSR_GS_BASE, context.gs_base);
    context.rflags = context.rflags & FREE_FLAGS | FIXED_FLAGS;
}

/// Why the program stopped.
pub(crate) fn event(context: &Context) -> Event {
    match context.vector {
        PAGE_FAULT => page_fault(context.error),
        NOWHERE => Event::PageFault {
            address: UserAddr(context.rip),
            access: Access::Execute,
            present: false,
        },
        SYSCALL => Event::Syscall,
        vector if vector < FIRST_INTERRUPT => Event::Exception {
            vector: vector as u8,
            error: context.error,
        },
        vector => {
            trap::interrupt(vector);
            Event::Interrupt
        }
    }
}

/// Loads a segment's base. One outside of the program's half counts as 0.
fn load_base(loaded: &AtomicU64, register: u32, base: u64) {
    if loaded.load(Ordering::Relaxed) == base {
        return;
    }
    let base = if base < USER_END { base } else { 0 };
    loaded.store(base, Ordering::Relaxed);
    // SAFETY: every x86-64 processor has the register; the kernel uses neither segment; the base is canonical.
    unsafe { write_msr(register, base) };
}

/// The error code's bits: Intel SDM volume 3, figure 5-12.
fn page_fault(error: u64) -> Event {
    Event::PageFault {
        address: UserAddr(fault_address()),
        access: match error {
            _ if error & 1 << 4 != 0 => Access::Execute,
            _ if error & 1 << 1 != 0 => Access::Write,
            _ => Access::Read,
        },
        present: error & 1 != 0,
    }
}
