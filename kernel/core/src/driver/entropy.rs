//! A virtio source of entropy (virtio 1.2, section 5.4): one queue, from which buffers come back full of random bytes.

use unikernel_machine::virtio::{Direction, Queue, VirtioDevice, VirtioError};
use unikernel_machine::{cpu, time};

use crate::time::Clock;

/// How long the device may take for one request, in nanoseconds.
const PATIENCE: u64 = 1_000_000_000;

/// The driver's state.
pub(crate) struct EntropyDevice {
    queue: Queue,
}

impl EntropyDevice {
    /// Starts the device; `None` when it doesn't work.
    pub(crate) fn new(device: &mut VirtioDevice) -> Option<Self> {
        Self::start(device).ok()
    }

    fn start(device: &mut VirtioDevice) -> Result<Self, VirtioError> {
        device.negotiate(0)?;
        let queue = device.queue(0, 2, 64, Direction::FromDevice)?;
        device.start();
        queue.announce();
        Ok(Self { queue })
    }

    /// Fills `target`; `false` when the device does not answer in time.
    pub(crate) fn fill(&mut self, target: &mut [u8], clock: &Clock) -> bool {
        let deadline = clock.monotonic().saturating_add(PATIENCE);
        let mut rest = target;
        while !rest.is_empty() {
            let count = self.queue.try_receive(rest);
            rest = rest.get_mut(count..).unwrap_or(&mut []);
            if count > 0 {
                continue;
            }
            if clock.monotonic() >= deadline {
                return false;
            }
            time::set_alarm(clock.tick_of(deadline));
            cpu::wait();
        }
        true
    }
}
