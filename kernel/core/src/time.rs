//! Clocks: the time-stamp counter as nanoseconds, and the wall clock that the host told.
//!
//! Nothing is calibrated by waiting. The counter's rate is the launch record's, else the processor's own statement. Where neither
//! is there, [`ASSUMED_HZ`] is taken: clocks then run at a wrong rate, but they do run, and in one direction.

use unikernel_machine::time;

/// Nanoseconds in a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// The rate that is assumed where nobody states one.
const ASSUMED_HZ: u64 = SECOND;

/// Binary places of [`Clock::scale`].
const SHIFT: u32 = 32;

/// A point in time or a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Timestamp {
    /// Whole seconds; since 1970 in UTC for a point of the wall clock.
    pub(crate) seconds: i64,
    /// Further nanoseconds, below a thousand million.
    pub(crate) nanos: u32,
}

impl Timestamp {
    /// So many nanoseconds.
    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Self {
            seconds: (nanos / SECOND).cast_signed(),
            nanos: u32::try_from(nanos % SECOND).unwrap_or(0),
        }
    }

    /// A whole second.
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Nanoseconds a tick, with [`SHIFT`] binary places.
    scale: u64,
    /// Ticks a second.
    hz: u64,
    /// The wall clock at the kernel's first instruction, in nanoseconds since 1970.
    unix_at_entry: u64,
    entry_ticks: u64,
}

impl Clock {
    /// Clocks for a counter of `tsc_hz` ticks a second, and a wall clock that showed `unix_ns` at the kernel's entry.
    pub(crate) fn new(tsc_hz: Option<u64>, unix_ns: u64) -> Self {
        let stated = tsc_hz
            .or_else(time::tsc_hz_hint)
            .filter(|hz| *hz >= 1_000_000);
        let hz = stated.unwrap_or(ASSUMED_HZ);
        let scale = (u128::from(SECOND) << SHIFT)
            .checked_div(u128::from(hz))
            .unwrap_or(1 << SHIFT);
        Self {
            scale: u64::try_from(scale).unwrap_or(u64::MAX),
            hz,
            unix_at_entry: unix_ns,
            entry_ticks: time::entry_ticks(),
        }
    }

    /// Nanoseconds since the kernel's entry: `CLOCK_MONOTONIC`.
    pub(crate) fn monotonic(&self) -> u64 {
        self.nanos_of(time::ticks().saturating_sub(self.entry_ticks))
    }

    /// Nanoseconds since 1970: `CLOCK_REALTIME`.
    pub(crate) fn unix(&self) -> u64 {
        self.unix_at_entry.saturating_add(self.monotonic())
    }

    /// The wall clock for a file's times.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.unix())
    }

    /// The counter's rate in ticks a second.
    pub(crate) fn hz(&self) -> u64 {
        self.hz
    }

    /// What the wall clock showed at the kernel's entry.
    pub(crate) fn unix_at_entry(&self) -> u64 {
        self.unix_at_entry
    }

    /// What the vDSO has to know to show the same.
    pub(crate) fn vdso_data(&self) -> unikernel_vdso::Data {
        unikernel_vdso::Data {
            scale: self.scale,
            start_ticks: self.entry_ticks,
            start_unix: self.unix_at_entry,
        }
    }

    /// The tick at which the monotonic clock shows `nanos`.
    pub(crate) fn tick_of(&self, nanos: u64) -> u64 {
        let ticks = u128::from(nanos)
            .saturating_mul(u128::from(self.hz))
            .div_ceil(u128::from(SECOND));
        u64::try_from(ticks)
            .unwrap_or(u64::MAX)
            .saturating_add(self.entry_ticks)
    }

    fn nanos_of(&self, ticks: u64) -> u64 {
        let nanos = u128::from(ticks).saturating_mul(u128::from(self.scale)) >> SHIFT;
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_nanoseconds_and_back() {
        for hz in [1_000_000_000, 2_399_876_543, 24_000_000] {
            let clock = Clock::new(Some(hz), 0);
            let tick = clock.tick_of(5 * SECOND);
            let nanos = clock.nanos_of(tick.saturating_sub(clock.entry_ticks));
            assert!(nanos.abs_diff(5 * SECOND) < 100, "{hz} Hz: {nanos}");
        }
    }

    #[test]
    fn wall_clock_goes_on_from_what_the_host_told() {
        let clock = Clock::new(None, 1_700_000_000 * SECOND);
        assert_eq!(clock.now().seconds, 1_700_000_000);
    }

    #[test]
    fn an_absurd_rate_is_not_believed() {
        assert_eq!(Clock::new(Some(0), 0).hz, 1_000_000_000);
    }
}
