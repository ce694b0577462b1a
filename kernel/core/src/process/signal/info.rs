//! What is told about a signal: `siginfo_t` (sigaction(2)).

use super::Signal;
use crate::process::thread::PROCESS_ID;

/// Sent by the kernel.
pub(crate) const BY_KERNEL: i32 = 0x80;
/// Sent by kill(2).
pub(crate) const BY_KILL: i32 = 0;
/// Sent by tkill(2) or tgkill(2).
pub(crate) const BY_TKILL: i32 = -6;
/// A timer of timer_create(2) expired.
pub(crate) const BY_TIMER: i32 = -2;

const CODE: usize = 8;
const FIRST: usize = 16;
const SECOND: usize = 20;
const VALUE: usize = 24;

/// The part of a `siginfo_t` that has a meaning; zeros follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Info([u8; Info::LEN]);

impl Info {
    /// Its length in bytes.
    pub(crate) const LEN: usize = 48;

    /// Length of a `siginfo_t`: zeros behind it.
    pub(crate) const WHOLE_LEN: usize = 128;

    /// A signal with a code, and nothing else.
    pub(crate) fn new(signal: Signal, code: i32) -> Self {
        Self([0; Self::LEN])
            .with(0, &signal.number().to_le_bytes())
            .with(CODE, &code.to_le_bytes())
    }

    /// One that an instruction caused, and the address that it is about.
    pub(crate) fn of_fault(signal: Signal, code: i32, address: u64) -> Self {
        Self::new(signal, code).with(FIRST, &address.to_le_bytes())
    }

    /// One that the process sent itself. The user is root: 0.
    pub(crate) fn of_sender(signal: Signal, code: i32) -> Self {
        Self::new(signal, code).with(FIRST, &PROCESS_ID.to_le_bytes())
    }

    /// One of a timer of timer_create(2), with the value that it was given.
    pub(crate) fn of_timer(signal: Signal, timer: u32, value: u64) -> Self {
        Self::new(signal, BY_TIMER)
            .with(FIRST, &timer.to_le_bytes())
            .with(VALUE, &value.to_le_bytes())
    }

    /// What a program gave to rt_sigqueueinfo(2), for this signal.
    pub(crate) fn of_bytes(signal: Signal, bytes: [u8; Self::LEN]) -> Self {
        Self(bytes).with(0, &signal.number().to_le_bytes())
    }

    /// With the number of expirations beyond the one that is told.
    pub(crate) fn with_overrun(self, overrun: i32) -> Self {
        self.with(SECOND, &overrun.to_le_bytes())
    }

    /// `si_code`.
    pub(crate) fn code(&self) -> i32 {
        self.u32_at(CODE).cast_signed()
    }

    /// What follows the code: the address of a fault, or the process (lower half) and user that sent it, or the timer (lower
    /// half) and its overrun.
    pub(crate) fn about(&self) -> u64 {
        unikernel_abi::bytes::u64_at(&self.0, FIRST).unwrap_or(0)
    }

    /// The timer that it is about.
    pub(crate) fn timer(&self) -> Option<u32> {
        (self.code() == BY_TIMER).then(|| self.u32_at(FIRST))
    }

    /// As a program gets it.
    pub(crate) fn whole(&self) -> [u8; Self::WHOLE_LEN] {
        let mut whole = [0; Self::WHOLE_LEN];
        for (to, from) in whole.iter_mut().zip(self.0) {
            *to = from;
        }
        whole
    }

    fn u32_at(&self, offset: usize) -> u32 {
        unikernel_abi::bytes::u32_at(&self.0, offset).unwrap_or(0)
    }

    fn with(mut self, offset: usize, bytes: &[u8]) -> Self {
        for (to, from) in self.0.iter_mut().skip(offset).zip(bytes) {
            *to = *from;
        }
        self
    }
}
