//! Ticks that pass when they are looked at, and while waiting.

use super::state;

/// The counter, 100 ticks later at each look.
#[must_use]
pub fn ticks() -> u64 {
    state::with(|state| {
        state.ticks += 100;
        state.ticks
    })
}

/// The counter at the start.
#[must_use]
pub fn entry_ticks() -> u64 {
    1_000_000
}

/// Sets the alarm.
pub fn set_alarm(ticks: u64) {
    state::with(|state| state.alarm = Some(ticks));
}

/// One tick is a nanosecond.
#[must_use]
pub fn tsc_hz_hint() -> Option<u64> {
    Some(1_000_000_000)
}
