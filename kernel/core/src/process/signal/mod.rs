//! Signals (signal(7)): what they do, which are blocked, which wait, and running a program's handlers.
//!
//! [`info`] is what a handler is told about one, [`pending`] those that wait, [`state`] what the process says about them,
//! [`deliver`] acting upon them, [`frame`] what a handler finds on its stack, [`stack`] which stack that is.

pub(crate) mod deliver;
pub(crate) mod frame;
pub(crate) mod info;
pub(crate) mod pending;
pub(crate) mod stack;
pub(crate) mod state;
#[cfg(test)]
mod tests;

use linux_raw_sys::general as linux;

/// The number of signals; they count from 1.
pub(crate) const SIGNALS: u32 = 64;

/// The first real-time signal of the kernel's; C libraries keep some of them for themselves.
const FIRST_REAL_TIME: u32 = 32;

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

/// What becomes of a signal that is acted upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Nothing.
    Ignored,
    /// The process ends.
    Fatal,
    /// A handler runs.
    Handled(Action),
}

impl Signal {
    /// The signal with this number.
    pub(crate) fn new(number: u32) -> Option<Self> {
        (1..=SIGNALS).contains(&number).then_some(Self(number))
    }

    /// Its number.
    pub(crate) fn number(self) -> u32 {
        self.0
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

    /// Whether each one that is sent waits, and not just the first.
    fn queues(self) -> bool {
        self.0 >= FIRST_REAL_TIME
    }

    /// Whether its default action is none: `SIGCONT`'s, too, for a process that is not stopped, and those that stop, because
    /// nobody would be there to continue it (as for an orphaned process group of Linux).
    fn is_ignored_by_default(self) -> bool {
        self.stops()
            || matches!(
                self.0,
                linux::SIGCHLD | linux::SIGURG | linux::SIGWINCH | linux::SIGCONT
            )
    }

    /// Whether its default action leaves a core dump: it is about what the program did, and where.
    pub(crate) fn dumps_core(self) -> bool {
        matches!(
            self.0,
            linux::SIGQUIT
                | linux::SIGILL
                | linux::SIGTRAP
                | linux::SIGABRT
                | linux::SIGBUS
                | linux::SIGFPE
                | linux::SIGSEGV
                | linux::SIGXCPU
                | linux::SIGXFSZ
                | linux::SIGSYS
        )
    }
}

impl SignalSet {
    /// Those that instructions cause: they are acted upon first.
    const BY_INSTRUCTIONS: Self = Self(
        1 << (linux::SIGSEGV - 1)
            | 1 << (linux::SIGBUS - 1)
            | 1 << (linux::SIGILL - 1)
            | 1 << (linux::SIGTRAP - 1)
            | 1 << (linux::SIGFPE - 1)
            | 1 << (linux::SIGSYS - 1),
    );

    /// Those that can't be blocked.
    const UNSTOPPABLE: Self = Self(1 << (linux::SIGKILL - 1) | 1 << (linux::SIGSTOP - 1));

    /// Whether it holds a signal.
    pub(crate) fn has(self, signal: Signal) -> bool {
        self.0 & signal.bit() != 0
    }

    /// Adds a signal.
    pub(crate) fn add(&mut self, signal: Signal) {
        self.0 |= signal.bit();
    }

    /// Takes a signal out.
    pub(crate) fn remove(&mut self, signal: Signal) {
        self.0 &= !signal.bit();
    }

    /// Without those that can't be blocked.
    pub(crate) fn blockable(self) -> Self {
        self.without(Self::UNSTOPPABLE)
    }

    /// Without those of another set.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Its signals that are in another set, too.
    pub(crate) fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Its signals by number.
    pub(crate) fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=SIGNALS).map(Signal).filter(move |one| self.has(*one))
    }

    /// The signal of it that is acted upon first.
    pub(crate) fn first(self) -> Option<Signal> {
        let urgent = self.within(Self::BY_INSTRUCTIONS);
        let set = if urgent.0 == 0 { self } else { urgent };
        Signal::new(set.0.trailing_zeros().saturating_add(1))
    }
}
