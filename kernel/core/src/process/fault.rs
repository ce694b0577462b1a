//! What the program did and the processor refused.

use linux_raw_sys::general as linux;
use unikernel_abi::report::Report;
use unikernel_machine::address::UserAddr;
use unikernel_machine::user::Access;

use super::caller;
use crate::kernel::{Ending, Kernel};
use crate::memory::fault::Refusal;

/// A signal and its `si_code` (sigaction(2)).
type Cause = (u32, u32);

/// `SI_KERNEL`: sent by the kernel, without an address.
const BY_KERNEL: u32 = 0x80;

/// How a report numbers what is neither read, written nor executed.
const OTHER: u64 = 3;

impl Kernel {
    /// Gives the program the page that it touched, or ends it.
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
        let access = match access {
            Access::Read => 0,
            Access::Write => 1,
            Access::Execute => 2,
        };
        self.fault(cause, address.0, access);
    }

    /// Ends the program for an exception of the processor, by the signal that Linux gives for it (`arch/x86/kernel/traps.c`).
    pub(crate) fn exception(&mut self, vector: u8) {
        let instruction = self.thread.context.rip;
        let (cause, address) = match vector {
            0 => ((linux::SIGFPE, linux::FPE_INTDIV), instruction),
            1 => ((linux::SIGTRAP, linux::TRAP_TRACE), instruction),
            3 => ((linux::SIGTRAP, BY_KERNEL), 0),
            6 => ((linux::SIGILL, linux::ILL_ILLOPN), instruction),
            11 | 12 => ((linux::SIGBUS, BY_KERNEL), 0),
            16 | 19 => ((linux::SIGFPE, linux::FPE_FLTINV), instruction),
            17 => ((linux::SIGBUS, linux::BUS_ADRALN), instruction),
            _ => ((linux::SIGSEGV, BY_KERNEL), 0),
        };
        self.fault(cause, address, OTHER);
    }

    fn fault(&mut self, (signal, code): Cause, address: u64, access: u64) {
        let place = caller::place(self, self.thread.context.rip);
        self.report(&Report::Fault {
            signal: u64::from(signal),
            code: u64::from(code),
            address,
            access,
            at: place.as_place(),
        });
        self.force_signal(signal);
    }

    /// Ends the program because there is no memory for what it already has, as Linux's out-of-memory killer does.
    fn out_of_memory(&mut self) {
        self.report(&Report::OutOfMemory {
            total: self.memory_total,
        });
        self.end(Ending::Killed(linux::SIGKILL));
    }
}
