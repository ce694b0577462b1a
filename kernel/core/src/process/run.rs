//! Runs the program until it ends.

use unikernel_machine::context::Event;
use unikernel_machine::time;

use super::timers::Basis;
use super::wait::POLL_INTERVAL;
use crate::kernel::{Ending, Kernel};
use crate::syscall;

impl Kernel {
    /// Runs the program until it ends; how it did.
    pub(crate) fn run(&mut self) -> Ending {
        // From here on the host interrupts the program when it wants something; no timer runs so far.
        self.look_at_host();
        if self.must_poll() {
            self.set_program_alarm();
        }
        loop {
            if self.thread.context.run() {
                syscall::handle(self);
            } else {
                self.handle_trap();
            }
            if self.signals.has_deliverable() {
                self.deliver_signals();
            }
            if let Some(ending) = self.ending {
                self.clear_thread();
                return ending;
            }
        }
    }

    /// Apart from the loop, which stays small: it is on the way of every system call.
    #[inline(never)]
    fn handle_trap(&mut self) {
        match self.thread.context.event() {
            Event::PageFault {
                address, access, ..
            } => self.page_fault(address, access),
            Event::Exception { vector, .. } => self.exception(vector),
            Event::Syscall | Event::Interrupt => {
                self.look_outside();
                self.set_program_alarm();
            }
        }
    }

    /// Lets the program be interrupted when a timer expires, and after a while where the host can't do so itself.
    pub(crate) fn set_program_alarm(&self) {
        let poll = self
            .must_poll()
            .then(|| self.clock.monotonic().saturating_add(POLL_INTERVAL));
        if let Some(alarm) = poll
            .into_iter()
            .chain(self.next_timer(&[Basis::Monotonic, Basis::Processor]))
            .min()
        {
            time::set_alarm(self.clock.tick_of(alarm));
        }
    }
}
