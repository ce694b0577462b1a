//! Signals: what they do (signal(7)), which are blocked, which wait.
//!
//! Only default actions have an effect so far. A program may install handlers, and finds them installed; but a signal that
//! would run one ends the program after the host was told which part of the kernel was missing.

use linux_raw_sys::general as linux;
use unikernel_abi::report::Report;
use unikernel_abi::stream::Control;
use unikernel_machine::address::UserAddr;

use super::caller;
use crate::kernel::{Ending, Kernel};

/// The number of signals; they count from 1.
pub(crate) const SIGNALS: u32 = 64;

/// A signal's number, between 1 and [`SIGNALS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signal(u32);

/// A set of signals: signal n is bit n - 1 (`sigset_t`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SignalSet(pub(crate) u64);

/// What a program asked a signal to do (`struct kernel_sigaction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Action {
    /// The handler, or `SIG_DFL` (0) or `SIG_IGN` (1).
    pub(crate) handler: u64,
    /// `SA_*`.
    pub(crate) flags: u64,
    /// Where the handler returns to.
    pub(crate) restorer: u64,
    /// Signals that are blocked while it runs.
    pub(crate) mask: u64,
}

/// `SIG_IGN`.
const IGNORE: u64 = 1;

/// The signals of the process. With one thread its mask is here; with more it becomes the thread's.
pub(crate) struct Signals {
    actions: [Action; SIGNALS as usize],
    /// Blocked ones.
    pub(crate) blocked: SignalSet,
    /// Sent and not yet acted upon.
    pub(crate) pending: SignalSet,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            actions: [Action::default(); SIGNALS as usize],
            blocked: SignalSet::default(),
            pending: SignalSet::default(),
        }
    }
}

impl Signal {
    /// The signal with this number.
    pub(crate) fn new(number: u32) -> Option<Self> {
        (1..=SIGNALS).contains(&number).then_some(Self(number))
    }

    fn bit(self) -> u64 {
        1_u64.checked_shl(self.0.saturating_sub(1)).unwrap_or(0)
    }

    /// Whether it can be neither caught nor blocked nor ignored.
    pub(crate) fn is_unstoppable(self) -> bool {
        matches!(self.0, linux::SIGKILL | linux::SIGSTOP)
    }

    /// Whether its default action stops the process.
    pub(crate) fn stops(self) -> bool {
        matches!(
            self.0,
            linux::SIGSTOP | linux::SIGTSTP | linux::SIGTTIN | linux::SIGTTOU
        )
    }

    /// Whether its default action is none (`SIGCONT`'s, too, for a process that is not stopped).
    fn is_ignored_by_default(self) -> bool {
        matches!(
            self.0,
            linux::SIGCHLD | linux::SIGURG | linux::SIGWINCH | linux::SIGCONT
        )
    }
}

impl SignalSet {
    /// Whether it holds a signal.
    pub(crate) fn has(self, signal: Signal) -> bool {
        self.0 & signal.bit() != 0
    }

    /// Adds a signal.
    pub(crate) fn add(&mut self, signal: Signal) {
        self.0 |= signal.bit();
    }

    /// Without those that can't be blocked.
    pub(crate) fn blockable(self) -> Self {
        let unstoppable = [linux::SIGKILL, linux::SIGSTOP]
            .into_iter()
            .filter_map(Signal::new);
        Self(unstoppable.fold(self.0, |set, signal| set & !signal.bit()))
    }
}

impl Signals {
    /// What a signal does.
    pub(crate) fn action(&self, signal: Signal) -> Action {
        let index = usize::try_from(signal.0.saturating_sub(1)).unwrap_or(usize::MAX);
        self.actions.get(index).copied().unwrap_or_default()
    }

    /// Changes what a signal does. One that is now ignored no longer waits.
    pub(crate) fn set_action(&mut self, signal: Signal, action: Action) {
        let index = usize::try_from(signal.0.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(slot) = self.actions.get_mut(index) {
            *slot = action;
        }
        if self.is_ignored(signal) {
            self.pending.0 &= !signal.bit();
        }
    }

    /// Sends a signal to the process.
    pub(crate) fn send(&mut self, signal: Signal) {
        if !self.is_ignored(signal) || self.blocked.has(signal) {
            self.pending.add(signal);
        }
    }

    /// Whether a signal waits that is not blocked.
    pub(crate) fn has_deliverable(&self) -> bool {
        self.pending.0 & !self.blocked.0 != 0
    }

    fn is_ignored(&self, signal: Signal) -> bool {
        match self.action(signal).handler {
            0 => signal.is_ignored_by_default(),
            handler => handler == IGNORE,
        }
    }

    fn take_deliverable(&mut self) -> Option<Signal> {
        let set = self.pending.0 & !self.blocked.0;
        let signal = Signal::new(set.trailing_zeros().saturating_add(1))?;
        self.pending.0 &= !signal.bit();
        Some(signal)
    }
}

impl Kernel {
    /// Acts upon the signals that wait and are not blocked.
    pub(crate) fn deliver_signals(&mut self) {
        while let Some(signal) = self.signals.take_deliverable() {
            if self.signals.is_ignored(signal) {
                continue;
            }
            self.trace_signal(signal.0, linux::SI_USER, 0);
            let handler = self.signals.action(signal).handler;
            if handler > IGNORE {
                let place = caller::place(self, handler);
                self.report(&Report::Unknown {
                    number: u64::from(linux::__NR_rt_sigreturn),
                    at: place.as_place(),
                });
            }
            self.end(Ending::Killed(signal.0));
            return;
        }
    }

    /// Ends the program by a signal that its own instruction caused: it can't be blocked or ignored.
    pub(crate) fn force_signal(&mut self, number: u32) {
        self.end(Ending::Killed(number));
    }

    /// Looks whether the host asked for something.
    pub(crate) fn look_at_host(&mut self) {
        let control = self.streams.borrow_mut().control();
        if control == Some(Control::Terminate)
            && let Some(signal) = Signal::new(linux::SIGTERM)
        {
            self.signals.send(signal);
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
