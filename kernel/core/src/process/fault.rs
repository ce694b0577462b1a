//! What the program did and the processor refused.

use alloc::vec;
use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_abi::bytes::{u16_at, u32_at};
use unikernel_abi::report::Report;
use unikernel_machine::address::{USER_END, UserAddr};
use unikernel_machine::user::Access;

use super::place;
use super::signal::Signal;
use super::signal::frame::Trap;
use super::signal::info::{self, Info};
use crate::kernel::{Ending, Kernel};
use crate::memory::fault::Refusal;

/// A signal and its `si_code` (sigaction(2)).
type Cause = (u32, u32);

/// `SI_KERNEL`: sent by the kernel, without an address.
const BY_KERNEL: u32 = info::BY_KERNEL.unsigned_abs();

/// How a report numbers what is neither read, written nor executed.
const OTHER: u64 = 3;

/// Vectors below this are exceptions.
const EXCEPTIONS: u64 = 32;

/// The vectors of a general protection fault and of a page fault.
const PROTECTION: u64 = 13;
const PAGE_FAULT: u64 = 14;

/// What the error code of a page fault has wherever the program touched what is not its own: it was the program, and what is there
/// is not its to know, so that something is (`sanitize_error_code` in Linux's `arch/x86/mm/fault.c`).
const BEYOND_PROGRAM: u64 = 4 | 1;

/// What the processor does for `INT3`: the exception comes behind the instruction.
const BREAKPOINT: u8 = 3;

/// The bytes of `SYSCALL`.
const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// The longest instruction (Intel SDM volume 2, section 2.3.11).
const MAX_INSTRUCTION: usize = 15;

impl Kernel {
    /// Gives the program the page that it touched, or the signal for what it did.
    pub(crate) fn page_fault(&mut self, address: UserAddr, access: Access) {
        let result = self.memory.resolve(address, access);
        self.settle_memory();
        let Err(refusal) = result else {
            return;
        };
        let cause = match refusal {
            Refusal::NotMapped => (linux::SIGSEGV, linux::SEGV_MAPERR),
            Refusal::Denied => (linux::SIGSEGV, linux::SEGV_ACCERR),
            Refusal::BeyondFile => (linux::SIGBUS, linux::BUS_ADRERR),
            Refusal::OutOfMemory => return self.out_of_memory(),
        };
        let (access, error) = match access {
            Access::Read => (0, 0),
            Access::Write => (1, 2),
            Access::Execute => (2, 0x10),
        };
        if !is_canonical(address.0) {
            // The program shall go on there, which the machine saw before the processor could refuse it.
            return self.fault((linux::SIGSEGV, BY_KERNEL), 0, OTHER, (PROTECTION, 0));
        }
        self.thread.trap.address = address.0;
        let trap = if address.0 < USER_END {
            self.thread.context.trap()
        } else {
            (PAGE_FAULT, error | BEYOND_PROGRAM)
        };
        self.fault(cause, address.0, access, trap);
    }

    /// Gives the program the signal for an exception of the processor (`arch/x86/kernel/traps.c`).
    pub(crate) fn exception(&mut self, vector: u8) {
        let instruction = self.thread.context.rip;
        let (cause, address) = match vector {
            0 => ((linux::SIGFPE, linux::FPE_INTDIV), instruction),
            1 => ((linux::SIGTRAP, linux::TRAP_TRACE), instruction),
            BREAKPOINT => ((linux::SIGTRAP, BY_KERNEL), 0),
            6 => ((linux::SIGILL, linux::ILL_ILLOPN), instruction),
            11 | 12 => ((linux::SIGBUS, BY_KERNEL), 0),
            16 | 19 => ((linux::SIGFPE, self.arithmetic(vector)), instruction),
            17 => ((linux::SIGBUS, linux::BUS_ADRALN), 0),
            _ => ((linux::SIGSEGV, BY_KERNEL), 0),
        };
        self.fault(cause, address, OTHER, self.thread.context.trap());
    }

    /// Which exception of arithmetic it was: of x87 (vector 16) or SSE, the first that is not masked.
    fn arithmetic(&self, vector: u8) -> u32 {
        let state = self.thread.context.extended_state();
        let bytes = state.bytes();
        let raised = if vector == 16 {
            let control = u16_at(bytes, 0).unwrap_or(0);
            u32::from(u16_at(bytes, 2).unwrap_or(0) & !control)
        } else {
            let control = u32_at(bytes, 24).unwrap_or(0);
            control & !(control >> 7)
        };
        arithmetic_code(raised)
    }

    fn fault(
        &mut self,
        (signal, code): Cause,
        address: u64,
        access: u64,
        (vector, error): (u64, u64),
    ) {
        let Some(number) = Signal::new(signal) else {
            return;
        };
        let last = self.thread.trap.address;
        self.thread.trap = Trap {
            vector,
            error,
            address: last,
        };
        if !self.has_handler_for_fault(number) {
            self.report_last_stack();
            let start = self.instruction();
            let place = place::place(self, start);
            let instruction = self.code_at(start);
            self.report(&Report::Fault {
                signal: u64::from(signal),
                code: u64::from(code),
                address,
                access,
                at: place.as_place(),
                instruction: &instruction,
            });
        }
        let info = Info::of_fault(number, code.cast_signed(), address);
        self.force_signal(number, info);
    }

    /// Where the instruction stands that the thread stopped at: `rip` itself, unless what stopped it comes behind an instruction.
    pub(super) fn instruction(&mut self) -> u64 {
        let next = self.thread.context.rip;
        let behind = match self.thread.context.trap() {
            // Its last byte, if it is the form with two.
            (vector, _) if vector == u64::from(BREAKPOINT) => 1,
            (vector, _) if vector < EXCEPTIONS => return next,
            _ => {
                let mut before = [0; SYSCALL.len()];
                let start = next.saturating_sub(SYSCALL.len() as u64);
                match self.memory.read(UserAddr(start), &mut before) {
                    Ok(()) if before == SYSCALL => SYSCALL.len() as u64,
                    _ => 0,
                }
            }
        };
        next.saturating_sub(behind)
    }

    /// The bytes of the program from `start` on that can belong to one instruction.
    fn code_at(&mut self, start: u64) -> Vec<u8> {
        let mut code = vec![0; MAX_INSTRUCTION];
        while !code.is_empty() && self.memory.read(UserAddr(start), &mut code).is_err() {
            code.pop();
        }
        code
    }

    /// Ends the program because there is no memory for what it already has, as Linux's out-of-memory killer does.
    fn out_of_memory(&mut self) {
        self.report(&Report::OutOfMemory {
            total: self.memory_total,
        });
        self.end(Ending::Killed(linux::SIGKILL));
    }
}

/// Whether a register of 64 bits is an address of 48: the upper bits are as bit 47 (Intel SDM volume 1, section 3.3.7.1).
fn is_canonical(address: u64) -> bool {
    matches!(address >> 47, 0 | 0x1_ffff)
}

/// `FPE_*` for the flags that x87 and SSE have in common (`fpu__exception_code` of Linux).
fn arithmetic_code(raised: u32) -> u32 {
    match raised {
        _ if raised & 0x01 != 0 => linux::FPE_FLTINV,
        _ if raised & 0x04 != 0 => linux::FPE_FLTDIV,
        _ if raised & 0x08 != 0 => linux::FPE_FLTOVF,
        _ if raised & 0x12 != 0 => linux::FPE_FLTUND,
        _ if raised & 0x20 != 0 => linux::FPE_FLTRES,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_addresses_have_48_bits() {
        for address in [0, 0x7fff_ffff_ffff, 0xffff_8000_0000_0000, u64::MAX] {
            assert!(is_canonical(address), "{address:#x}");
        }
        for address in [1 << 47, 1 << 63, 0xffff_7fff_ffff_ffff] {
            assert!(!is_canonical(address), "{address:#x}");
        }
    }

    #[test]
    fn arithmetic_exceptions_have_their_codes() {
        assert_eq!(arithmetic_code(0x04), linux::FPE_FLTDIV);
        assert_eq!(arithmetic_code(0x05), linux::FPE_FLTINV);
        assert_eq!(arithmetic_code(0x02), linux::FPE_FLTUND);
        assert_eq!(arithmetic_code(0x20), linux::FPE_FLTRES);
    }
}
