//! Waiting: the one place where a system call lets time pass.

use linux_raw_sys::general as linux;
use unikernel_abi::stream::Control;
use unikernel_machine::{cpu, time};

use super::timers::Basis;
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
    /// For calls that go on behind a handler with `SA_RESTART`; others give `EINTR` themselves (signal(7)).
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::TimedOut => Self::ETIMEDOUT,
            Unmet::Interrupted => Self::RESTART,
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
        let mut has_waited = false;
        let result = loop {
            if let Some(value) = condition(self) {
                break Ok(value);
            }
            self.look_outside();
            // What just came may be what is waited for: sigtimedwait(2) takes a signal before it interrupts.
            if let Some(value) = condition(self) {
                break Ok(value);
            }
            if self.signals.has_interrupting() {
                break Err(Unmet::Interrupted);
            }
            let now = self.clock.monotonic();
            if deadline.is_some_and(|deadline| now >= deadline) {
                break Err(Unmet::TimedOut);
            }
            let poll = self.must_poll().then(|| now.saturating_add(POLL_INTERVAL));
            let timer = self.next_timer(&[Basis::Monotonic]);
            if let Some(alarm) = deadline.into_iter().chain(poll).chain(timer).min() {
                time::set_alarm(self.clock.tick_of(alarm));
            }
            cpu::wait();
            has_waited = true;
            self.waited = self
                .waited
                .saturating_add(self.clock.monotonic().saturating_sub(now));
        };
        if has_waited {
            self.set_program_alarm();
        }
        result
    }

    /// Looks at the host and the clock: what they want becomes signals.
    pub(crate) fn look_outside(&mut self) {
        self.look_at_host();
        self.look_at_timers();
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
            self.set_program_alarm();
            cpu::wait();
        }
    }

    /// Whether the host can't interrupt.
    pub(crate) fn must_poll(&self) -> bool {
        self.streams.borrow().must_be_polled()
    }
}
