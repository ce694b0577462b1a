//! What the process says about signals, and those that wait for it.

use super::info::Info;
use super::pending::Pending;
use super::{Action, Disposition, SIGNALS, Signal, SignalSet};
use crate::errno::Errno;

/// `SIG_IGN`.
const IGNORE: u64 = 1;

/// Whom a signal was sent to. With one thread it is the same whoever takes it, but a thread's own come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// The process.
    Process,
    /// The thread.
    Thread,
}

/// The signals of the process. With one thread its mask is here; with more it becomes the thread's.
pub(crate) struct Signals {
    actions: [Action; SIGNALS as usize],
    /// Blocked ones.
    pub(crate) blocked: SignalSet,
    /// Those that were blocked before a system call that waits with a mask of its own (sigsuspend(2), ppoll(2)): they are again
    /// when the handler that ended the wait returns.
    pub(crate) blocked_before: Option<SignalSet>,
    own: Pending,
    shared: Pending,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            actions: [Action::default(); SIGNALS as usize],
            blocked: SignalSet::default(),
            blocked_before: None,
            own: Pending::default(),
            shared: Pending::default(),
        }
    }
}

impl Signals {
    /// What a signal does.
    pub(crate) fn action(&self, signal: Signal) -> Action {
        self.actions.get(index(signal)).copied().unwrap_or_default()
    }

    /// Changes what a signal does. One that is now ignored no longer waits.
    pub(crate) fn set_action(&mut self, signal: Signal, action: Action) {
        if let Some(slot) = self.actions.get_mut(index(signal)) {
            *slot = action;
        }
        if self.disposition(signal) == Disposition::Ignored {
            self.own.forget(signal);
            self.shared.forget(signal);
        }
    }

    /// What becomes of a signal.
    pub(crate) fn disposition(&self, signal: Signal) -> Disposition {
        let action = self.action(signal);
        match action.handler {
            0 if signal.is_ignored_by_default() => Disposition::Ignored,
            0 => Disposition::Fatal,
            IGNORE => Disposition::Ignored,
            _ => Disposition::Handled(action),
        }
    }

    /// Sends a signal. One that is ignored and not blocked is gone at once: `false`. `EAGAIN` when too many wait.
    pub(crate) fn send(&mut self, to: To, signal: Signal, info: Info) -> Result<bool, Errno> {
        if self.disposition(signal) == Disposition::Ignored && !self.blocked.has(signal) {
            return Ok(false);
        }
        let pending = match to {
            To::Process => &mut self.shared,
            To::Thread => &mut self.own,
        };
        pending.add(signal, info).map(|()| true)
    }

    /// Those that wait.
    pub(crate) fn pending(&self) -> SignalSet {
        SignalSet(self.own.set().0 | self.shared.set().0)
    }

    /// Whether a signal waits that is not blocked.
    #[inline]
    pub(crate) fn has_deliverable(&self) -> bool {
        self.pending().0 & !self.blocked.0 != 0
    }

    /// Whether a signal waits that is neither blocked nor ignored.
    pub(crate) fn has_interrupting(&self) -> bool {
        let set = self.pending().without(self.blocked);
        set.iter()
            .any(|signal| self.disposition(signal) != Disposition::Ignored)
    }

    /// Takes the next one out of a set.
    pub(crate) fn take(&mut self, set: SignalSet) -> Option<(Signal, Info)> {
        for pending in [&mut self.own, &mut self.shared] {
            if let Some(signal) = pending.set().within(set).first() {
                return pending.take(signal).map(|info| (signal, info));
            }
        }
        None
    }

    /// Takes the next one that is not blocked.
    pub(super) fn take_deliverable(&mut self) -> Option<(Signal, Info)> {
        self.take(SignalSet(!self.blocked.0))
    }

    /// Waits with another mask: blocks these, until [`Self::blocked_before`] is put back.
    pub(crate) fn block_while_waiting(&mut self, blocked: SignalSet) {
        self.blocked_before = Some(core::mem::replace(&mut self.blocked, blocked.blockable()));
    }
}

fn index(signal: Signal) -> usize {
    usize::try_from(signal.0.saturating_sub(1)).unwrap_or(usize::MAX)
}
