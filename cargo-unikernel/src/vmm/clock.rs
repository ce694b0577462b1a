//! What the guest is told about time, so that it need not measure.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::cache::Cache;
use crate::sys;

/// How long the time stamp counter is watched: two readings are some 100 ns apart from the clock's, so the rate is right to
/// some ten millionths.
const WATCH: Duration = Duration::from_millis(20);

/// Ticks of the time stamp counter in a second, on this host; a guest's runs at the same rate under KVM, and under TCG too.
pub(super) fn tsc_hz(cache: &mut Cache) -> u64 {
    const NAME: &str = "tsc-hz";
    if let Some(known) = cache.get(NAME).and_then(|text| text.parse().ok()) {
        return known;
    }
    let hz = measure();
    cache.put(NAME, &hz.to_string());
    hz
}

fn measure() -> u64 {
    let (clock, ticks) = (Instant::now(), sys::ticks());
    thread::sleep(WATCH);
    let (ns, ticks) = (
        clock.elapsed().as_nanos(),
        sys::ticks().saturating_sub(ticks),
    );
    let hz = u128::from(ticks) * 1_000_000_000 / ns.max(1);
    u64::try_from(hz).unwrap_or(u64::MAX)
}

/// The wall clock in nanoseconds since 1970-01-01T00:00:00Z.
pub(super) fn unix_time_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_found_again() {
        let (first, second) = (measure(), measure());
        assert!(first.abs_diff(second) < first / 100, "{first} {second}");
        assert!(first > 100_000_000, "{first}");
    }
}
