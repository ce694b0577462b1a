//! Runs the program until it ends.

use unikernel_machine::context::Event;
use unikernel_machine::time;

use super::wait::POLL_INTERVAL;
use crate::kernel::{Ending, Kernel};
use crate::syscall;

impl Kernel {
    /// Runs the program until it ends; how it did.
    pub(crate) fn run(&mut self) -> Ending {
        self.set_poll_alarm();
        loop {
            match self.thread.context.run() {
                Event::Syscall => syscall::handle(self),
                Event::PageFault {
                    address, access, ..
                } => self.page_fault(address, access),
                Event::Exception { vector, .. } => self.exception(vector),
                Event::Interrupt => {
                    self.look_at_host();
                    self.set_poll_alarm();
                }
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

    /// Lets the program be interrupted after a while, where the host can't do so itself.
    pub(crate) fn set_poll_alarm(&self) {
        if self.must_poll() {
            let alarm = self.clock.monotonic().saturating_add(POLL_INTERVAL);
            time::set_alarm(self.clock.tick_of(alarm));
        }
    }
}
