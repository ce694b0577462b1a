//! Waiting: the one place where a system call lets time pass.

use linux_raw_sys::general as linux;
use unikernel_abi::stream::Control;
use unikernel_machine::{cpu, time};

use crate::errno::Errno;
use crate::kernel::{Ending, Kernel};

/// How often a host that can't interrupt is looked at, in nanoseconds.
pub(crate) const POLL_INTERVAL: u64 = 20_000_000;

/// Why a wait ended without its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmet {
    /// The deadline passed.
    TimedOut,
    /// A signal wants to be acted upon.
    Interrupted,
}

impl From<Unmet> for Errno {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::TimedOut => Self::ETIMEDOUT,
            Unmet::Interrupted => Self::EINTR,
        }
    }
}

impl Kernel {
    /// Waits until `condition` gives something, the monotonic clock shows `deadline` (nanoseconds), or a signal comes.
    pub(crate) fn wait_until<T>(
        &mut self,
        deadline: Option<u64>,
        mut condition: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T, Unmet> {
        loop {
            if let Some(value) = condition(self) {
                return Ok(value);
            }
            self.look_at_host();
            if self.signals.has_deliverable() {
                return Err(Unmet::Interrupted);
            }
            let now = self.clock.monotonic();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return Err(Unmet::TimedOut);
            }
            let poll = self.must_poll().then(|| now.saturating_add(POLL_INTERVAL));
            if let Some(alarm) = deadline.into_iter().chain(poll).min() {
                time::set_alarm(self.clock.tick_of(alarm));
            }
            cpu::wait();
            self.waited = self
                .waited
                .saturating_add(self.clock.monotonic().saturating_sub(now));
        }
    }

    /// Waits until the host wants the program to start, or to end.
    pub(crate) fn wait_for_start(&mut self) {
        loop {
            let control = self.streams.borrow_mut().control();
            match control {
                Some(Control::Start) => return,
                Some(Control::Terminate) => return self.end(Ending::Killed(linux::SIGTERM)),
                None => {}
            }
            self.set_poll_alarm();
            cpu::wait();
        }
    }

    /// Whether the host can't interrupt.
    pub(crate) fn must_poll(&self) -> bool {
        self.streams.borrow().must_be_polled()
    }
}
