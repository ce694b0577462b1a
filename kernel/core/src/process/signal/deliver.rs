//! Acting upon signals: running a handler, coming back from it, ending the process.

use alloc::vec;

use linux_raw_sys::general as linux;
use unikernel_abi::stream::Control;
use unikernel_machine::address::UserAddr;
use unikernel_machine::extended::ExtendedState;

use super::frame::{self, Place, Remembered};
use super::info::{self, Info};
use super::state::To;
use super::{Action, Disposition, Signal};
use crate::errno::Errno;
use crate::kernel::{Ending, Kernel};
use crate::process::signal::stack::SignalStack;

/// `SA_RESTORER`, without which there is nowhere to return to.
const HAS_RESTORER: u64 = 0x0400_0000;

/// Flags that a handler does not inherit: direction, single step, resume.
const NOT_INHERITED: u64 = 1 << 8 | 1 << 10 | 1 << 16;

/// Length of `SYSCALL`.
const SYSCALL_LEN: u64 = 2;

impl Kernel {
    /// Acts upon the signals that wait and are not blocked, and settles what becomes of a system call that they interrupted.
    #[inline(never)]
    pub(crate) fn deliver_signals(&mut self) {
        loop {
            while self.ending.is_none()
                && let Some((signal, info)) = self.signals.take_deliverable()
            {
                let info = self.taken(info);
                self.trace_signal(signal, &info);
                match self.signals.disposition(signal) {
                    Disposition::Ignored => {}
                    Disposition::Fatal => self.kill(signal),
                    Disposition::Handled(action) => self.run_handler(signal, &info, action),
                }
            }
            // No handler ran: the call is made again, as if nothing had happened, and what was blocked is blocked again.
            if let Some(number) = self.thread.interrupted.take() {
                self.thread.context.rip = self.thread.context.rip.wrapping_sub(SYSCALL_LEN);
                self.thread.context.rax = number;
            }
            match self.signals.blocked_before.take() {
                Some(before) => self.signals.blocked = before,
                None => return,
            }
        }
    }

    /// Ends the process by a signal; the host learns where it was, if the signal is about that.
    pub(crate) fn kill(&mut self, signal: Signal) {
        if signal.dumps_core() {
            self.report_last_stack();
        }
        self.end(Ending::Killed(signal.number()));
    }

    /// Sends the signal for what an instruction of the program's did. It can be neither blocked nor ignored: where it is, the
    /// process ends (`force_sig` of Linux).
    pub(crate) fn force_signal(&mut self, signal: Signal, info: Info) {
        let is_handled = self.has_handler_for_fault(signal);
        if !is_handled {
            self.signals.set_action(signal, Action::default());
            self.signals.blocked.remove(signal);
        }
        // A standard signal always finds room.
        let _ = self.signals.send(To::Thread, signal, info);
    }

    /// Whether a handler will run for a signal that an instruction caused.
    pub(crate) fn has_handler_for_fault(&self, signal: Signal) -> bool {
        !self.signals.blocked.has(signal)
            && matches!(self.signals.disposition(signal), Disposition::Handled(_))
    }

    fn run_handler(&mut self, signal: Signal, info: &Info, action: Action) {
        let flag = |flag: u32| action.flags & u64::from(flag) != 0;
        if let Some(number) = self.thread.interrupted.take() {
            if flag(linux::SA_RESTART) {
                self.thread.context.rip = self.thread.context.rip.wrapping_sub(SYSCALL_LEN);
                self.thread.context.rax = number;
            } else {
                self.thread.context.set_result(Errno::EINTR.to_result());
            }
        }
        if flag(linux::SA_RESETHAND) {
            let default = Action {
                handler: 0,
                ..action
            };
            self.signals.set_action(signal, default);
        }
        if self.enter_handler(signal, info, action).is_err() {
            return self.no_frame(signal);
        }
        self.signals.blocked.0 |= action.mask;
        if !flag(linux::SA_NODEFER) {
            self.signals.blocked.add(signal);
        }
        if self.thread.signal_stack.disarms() {
            self.thread.signal_stack = SignalStack::NONE;
        }
    }

    /// Writes the frame and lets the thread go on in the handler.
    fn enter_handler(&mut self, signal: Signal, info: &Info, action: Action) -> Result<(), Errno> {
        if action.flags & HAS_RESTORER == 0 {
            return Err(Errno::EFAULT);
        }
        let place = self.frame_place(action)?;
        let blocked = self.signals.blocked;
        let remembered = Remembered {
            blocked: self.signals.blocked_before.unwrap_or(blocked),
            stack: self.thread.signal_stack,
            state: place.state,
        };
        let context = &self.thread.context;
        let mut state = context.extended_state();
        let bytes = frame::encode(context, self.thread.trap, remembered, action.restorer, info);
        self.memory
            .write(UserAddr(place.state), &frame::encode_state(&mut state))?;
        self.memory.write(UserAddr(place.frame), &bytes)?;
        self.signals.blocked_before = None;
        let context = &mut self.thread.context;
        context.rdi = u64::from(signal.number());
        context.rsi = place.frame.saturating_add(frame::INFO);
        context.rdx = place.frame.saturating_add(frame::CONTEXT);
        context.rax = 0;
        context.rsp = place.frame;
        context.rip = action.handler;
        context.rflags &= !NOT_INHERITED;
        // The initial state is well-formed.
        let _ = context.set_extended_state(&ExtendedState::initial());
        Ok(())
    }

    /// Where the frame goes: below what the thread uses of its stack, or to the top of the alternate one.
    fn frame_place(&self, action: Action) -> Result<Place, Errno> {
        let stack = self.thread.signal_stack;
        let pointer = self.thread.context.rsp;
        let is_nested = stack.is_in_use(pointer);
        let below = pointer.wrapping_sub(frame::RED_ZONE);
        let wants_stack = action.flags & u64::from(linux::SA_ONSTACK) != 0 && stack.len != 0;
        let enters = wants_stack && !stack.is_in_use(below);
        let top = if enters {
            stack.start.wrapping_add(stack.len)
        } else {
            below
        };
        let place = Place::below(top).ok_or(Errno::EFAULT)?;
        if (is_nested || enters) && !stack.holds(place.frame) {
            return Err(Errno::EFAULT);
        }
        Ok(place)
    }

    /// There is no room for the frame of a handler: that is itself a fault, and for a handler of that fault the end.
    fn no_frame(&mut self, signal: Signal) {
        let Some(fault) = Signal::new(linux::SIGSEGV) else {
            return;
        };
        if signal == fault {
            self.signals.set_action(fault, Action::default());
        }
        self.force_signal(fault, Info::new(fault, info::BY_KERNEL));
    }

    /// Comes back from a handler: the registers, blocked signals and the alternate stack are what the frame says
    /// (rt_sigreturn(2)). A frame that can't be is a fault.
    pub(crate) fn leave_handler(&mut self) {
        if self.read_frame().is_err()
            && let Some(fault) = Signal::new(linux::SIGSEGV)
        {
            self.force_signal(fault, Info::new(fault, info::BY_KERNEL));
        }
    }

    fn read_frame(&mut self) -> Result<(), Errno> {
        // The handler's return took the address from the frame.
        let at = UserAddr(self.thread.context.rsp.wrapping_sub(8));
        let mut bytes = [0; frame::LEN];
        self.memory.read(at, &mut bytes)?;
        let mut context = self.thread.context.clone();
        let remembered = frame::decode(&bytes, &mut context);
        let state = if remembered.state == 0 {
            ExtendedState::initial()
        } else {
            let mut bytes = vec![0; frame::state_bytes()];
            self.memory.read(UserAddr(remembered.state), &mut bytes)?;
            frame::decode_state(remembered.state, &bytes).ok_or(Errno::EFAULT)?
        };
        context
            .set_extended_state(&state)
            .map_err(|_| Errno::EFAULT)?;
        self.thread.context = context;
        self.signals.blocked = remembered.blocked;
        let pointer = self.thread.context.rsp;
        // As on Linux a stack that can't be is left out.
        if let Ok(stack) = self
            .thread
            .signal_stack
            .replaced_by(remembered.stack, pointer)
        {
            self.thread.signal_stack = stack;
        }
        Ok(())
    }

    /// Looks what the host asked for.
    pub(crate) fn look_at_host(&mut self) {
        while let Some(control) = self.streams.borrow_mut().control() {
            if control == Control::Terminate
                && let Some(signal) = Signal::new(linux::SIGTERM)
            {
                // A standard signal always finds room.
                let _ = self
                    .signals
                    .send(To::Process, signal, Info::new(signal, info::BY_KILL));
            }
        }
    }

    /// Ends the running thread's traces in the program's memory, as Linux does when a thread ends (set_tid_address(2)).
    pub(crate) fn clear_thread(&mut self) {
        let address = core::mem::replace(&mut self.thread.clear_at_exit, UserAddr(0));
        if address.0 != 0 {
            // Nobody is told when the address is bad; nor does Linux tell.
            let _ = self.memory.write(address, &0_u32.to_le_bytes());
        }
    }
}
