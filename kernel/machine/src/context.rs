//! The registers of a thread of the program; running it until something happens.

use crate::address::UserAddr;
use crate::extended::{ExtendedState, Malformed};
use crate::user::Access;

/// The registers of a thread: all that the program can change without asking.
///
/// x87 state, the upper halves of the vector registers and the mask registers are not here: kernel code touches none of them, so
/// they stay in the processor. [`extended_state`](Context::extended_state) has all of them.
#[derive(Debug, Clone)]
#[repr(C, align(16))]
pub struct Context {
    /// `xmm0` to `xmm15`.
    pub xmm: [u128; 16],
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r15: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r14: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r13: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r12: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r11: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r10: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r9: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub r8: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub rbp: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub rdi: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub rsi: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub rdx: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub rcx: u64,
    #[expect(missing_docs, reason = "a register's name says all")]
    pub rbx: u64,
    /// At a system call: its number; the result goes here.
    pub rax: u64,
    /// Why the program stopped, as the architecture has it: a vector of the processor, or a number behind those.
    pub(crate) vector: u64,
    /// The vector's error code, or 0.
    pub(crate) error: u64,
    /// The next instruction.
    pub rip: u64,
    pub(crate) cs: u64,
    /// The flags. [`run`](Self::run) lets only those through that a program may change.
    pub rflags: u64,
    /// The stack pointer.
    pub rsp: u64,
    pub(crate) ss: u64,
    /// Base of the `fs` segment: the thread pointer.
    pub fs_base: u64,
    /// Base of the `gs` segment.
    pub gs_base: u64,
}

/// Why the program stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It made a system call: see [`Context::syscall`].
    Syscall,
    /// It touched a page that it may not touch, or not yet.
    PageFault {
        /// Where.
        address: UserAddr,
        /// How.
        access: Access,
        /// Whether a page is there and its protection forbids the access.
        present: bool,
    },
    /// The processor refused an instruction.
    Exception {
        /// Which exception (Intel SDM volume 3, section 7.3.1: 0 divide error, 3 breakpoint, 6 invalid opcode ...).
        vector: u8,
        /// Its error code; 0 when it has none.
        error: u64,
    },
    /// A device or the alarm wants attention; nothing about the program changed.
    Interrupt,
}

/// A system call as the program made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    /// Its number.
    pub number: u64,
    /// Its six arguments: `rdi`, `rsi`, `rdx`, `r10`, `r8`, `r9`.
    pub args: [u64; 6],
}

impl Context {
    /// Selector of the program's code segment.
    pub(crate) const USER_CODE: u64 = 0x23;
    /// Selector of the program's stack segment.
    pub(crate) const USER_DATA: u64 = 0x1b;
    /// Interrupts on, and the bit that is always set.
    const INITIAL_FLAGS: u64 = 0x202;

    /// A thread that starts at `entry` with its stack pointer at `stack` and everything else zero, as the psABI wants a process
    /// to start.
    #[must_use]
    pub fn new(entry: UserAddr, stack: UserAddr) -> Self {
        Self {
            xmm: [0; 16],
            r15: 0,
            r14: 0,
            r13: 0,
            r12: 0,
            r11: 0,
            r10: 0,
            r9: 0,
            r8: 0,
            rbp: 0,
            rdi: 0,
            rsi: 0,
            rdx: 0,
            rcx: 0,
            rbx: 0,
            rax: 0,
            vector: 0,
            error: 0,
            rip: entry.0,
            cs: Self::USER_CODE,
            rflags: Self::INITIAL_FLAGS,
            rsp: stack.0,
            ss: Self::USER_DATA,
            fs_base: 0,
            gs_base: 0,
        }
    }

    /// Runs the program with these registers until something happens; they are then as the program left them. Whether that is
    /// a system call; if not, [`event`](Self::event) says what, and has to be asked before anything else happens.
    ///
    /// The space that was activated last is the one that it runs in.
    #[inline]
    pub fn run(&mut self) -> bool {
        crate::arch::context::run(self)
    }

    /// Why [`run`](Self::run) came back.
    #[must_use]
    pub fn event(&self) -> Event {
        crate::arch::context::event(self)
    }

    /// The system call that the program is in, after [`Event::Syscall`].
    #[must_use]
    pub fn syscall(&self) -> Syscall {
        Syscall {
            number: self.rax,
            args: [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9],
        }
    }

    /// The vector by which the program stopped (Intel SDM volume 3, section 6.3.1), and its error code.
    #[must_use]
    pub fn trap(&self) -> (u64, u64) {
        (self.vector, self.error)
    }

    /// Selectors of the code and stack segments.
    #[must_use]
    pub fn selectors(&self) -> (u16, u16) {
        (Self::USER_CODE as u16, Self::USER_DATA as u16)
    }

    /// The extended state: that of the thread that ran last, which must be this one.
    #[must_use]
    pub fn extended_state(&self) -> ExtendedState {
        crate::arch::extended::save(self)
    }

    /// Loads the extended state for the thread that runs next, which must be this one.
    ///
    /// # Errors
    /// When the processor would refuse it; nothing is changed then.
    pub fn set_extended_state(&mut self, state: &ExtendedState) -> Result<(), Malformed> {
        crate::arch::extended::load(self, state)
    }

    /// Sets what the system call returns: a result, or the negative of an error number.
    pub fn set_result(&mut self, result: i64) {
        self.rax = result.cast_unsigned();
    }
}
