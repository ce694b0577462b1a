//! The tests' side of the simulated machine.

extern crate std;

use std::boxed::Box;
use std::collections::VecDeque;
use std::vec::Vec;

use crate::arch::state;
use crate::arch::virtio::Messages;
use crate::archive::Archive;
use crate::context::{Context, Event};
use crate::serial::Serial;
use crate::virtio::{DeviceKind, VirtioDevice};

/// What [`crate::power::off`] unwinds with: the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoweredOff(pub u8);

/// Limits the frames that this thread's machine hands out at the same time, those that are taken included.
pub fn set_frames(total: usize) {
    state::with(|state| state.frames_total = total);
}

/// Takes the machine's entropy away.
pub fn remove_entropy() {
    state::with(|state| state.entropy = None);
}

/// Appends a step to the script of the program: it changes the registers and says why it stopped.
pub fn program_does(step: impl FnOnce(&mut Context) -> Event + 'static) {
    state::with(|state| state.program.push_back(Box::new(step)));
}

/// Appends something that happens during a wait.
pub fn happens_while_waiting(happening: impl FnOnce() + 'static) {
    state::with(|state| state.happenings.push_back(Box::new(happening)));
}

/// An archive with these bytes.
#[must_use]
pub fn archive(bytes: &'static [u8]) -> Archive {
    Archive(bytes)
}

/// The test's end of a simulated virtio device.
#[derive(Debug, Clone)]
pub struct DevicePeer(Messages);

/// A device of this kind that offers these features, and the test's end of it.
#[must_use]
pub fn virtio_device(kind: DeviceKind, features: u64, config: &[u8]) -> (VirtioDevice, DevicePeer) {
    let messages = Messages::default();
    let device = VirtioDevice {
        kind,
        features,
        config: config.to_vec(),
        messages: messages.clone(),
    };
    (device, DevicePeer(messages))
}

impl DevicePeer {
    /// Puts a message into a queue that the driver receives from.
    pub fn send(&self, queue: u16, message: &[u8]) {
        self.0
            .borrow_mut()
            .entry(queue)
            .or_default()
            .push_back(message.to_vec());
    }

    /// Takes all bytes out of a queue that the driver sends to.
    pub fn take(&self, queue: u16) -> Vec<u8> {
        let mut messages = self.0.borrow_mut();
        let taken: VecDeque<Vec<u8>> = messages
            .get_mut(&queue)
            .map(core::mem::take)
            .unwrap_or_default();
        taken.into_iter().flatten().collect()
    }
}

/// The test's end of a simulated serial line.
#[derive(Debug, Clone)]
pub struct SerialPeer(Serial);

/// A serial line, and the test's end of it.
#[must_use]
pub fn serial() -> (Serial, SerialPeer) {
    let serial = Serial::default();
    (serial.clone(), SerialPeer(serial))
}

impl SerialPeer {
    /// Sends bytes to the machine.
    pub fn send(&self, bytes: &[u8]) {
        self.0.coming.borrow_mut().extend(bytes);
    }

    /// Takes what the machine sent.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        core::mem::take(&mut *self.0.sent.borrow_mut())
    }
}

/// Runs `f` until it ends the machine; the code that it gave to [`crate::power::off`].
///
/// # Panics
/// When `f` panics itself.
pub fn until_powered_off(f: impl FnOnce()) -> PoweredOff {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    match result {
        Ok(()) => panic!("the machine is still on"),
        Err(payload) => match payload.downcast::<PoweredOff>() {
            Ok(off) => *off,
            Err(payload) => std::panic::resume_unwind(payload),
        },
    }
}
