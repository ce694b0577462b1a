//! Load averages (proc_loadavg(5), sysinfo(2)).
//!
//! As in Linux (`kernel/sched/loadavg.c`) they decay every five seconds; what is averaged is the share of time in which the
//! program did not wait. It is taken since the averages were asked for last, so nothing has to be done in between.

use alloc::format;

use super::{Text, bytes};
use crate::kernel::Kernel;
use crate::process::thread::PROCESS_ID;
use crate::time::SECOND;

/// Binary places of an average.
const SHIFT: u32 = 11;

/// One, as an average.
pub(crate) const FIXED_POINT: u64 = 1 << SHIFT;

/// How often the averages decay.
const PERIOD: u64 = 5 * SECOND;

/// What is left after one period for 1, 5 and 15 minutes.
const DECAY: [u64; 3] = [1884, 2014, 2037];

/// The averages of 1, 5 and 15 minutes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    averages: [u64; 3],
    /// Up to when they count, in nanoseconds since the start.
    until: u64,
    /// How long the program had waited by then.
    waited: u64,
}

impl Load {
    /// The averages at a time by which the program had waited so long.
    fn at(mut self, now: u64, waited: u64) -> Self {
        let elapsed = now.saturating_sub(self.until);
        let periods = elapsed / PERIOD;
        if periods == 0 {
            return self;
        }
        let busy = elapsed.saturating_sub(waited.saturating_sub(self.waited));
        let share = (u128::from(busy) << SHIFT)
            .checked_div(u128::from(elapsed))
            .unwrap_or(0);
        let share = u64::try_from(share).unwrap_or(FIXED_POINT);
        for (average, decay) in self.averages.iter_mut().zip(DECAY) {
            let left = power(decay, periods);
            let grown = share.saturating_mul(FIXED_POINT.saturating_sub(left));
            *average = average.saturating_mul(left).saturating_add(grown) >> SHIFT;
        }
        self.until = now;
        self.waited = waited;
        self
    }
}

/// A share below one to a power.
fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut result, mut base) = (FIXED_POINT, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.saturating_mul(base) >> SHIFT;
        }
        base = base.saturating_mul(base) >> SHIFT;
        exponent >>= 1;
    }
    result
}

impl Kernel {
    /// The averages of 1, 5 and 15 minutes in units of 1/[`FIXED_POINT`].
    pub(crate) fn load_averages(&self) -> [u64; 3] {
        let load = self.shown.load.get();
        let load = load.at(self.clock.monotonic(), self.waited);
        self.shown.load.set(load);
        load.averages
    }
}

pub(super) fn loadavg(kernel: &mut Kernel) -> Text {
    let [one, five, fifteen] = kernel.load_averages().map(|average| {
        let hundredths = average.saturating_mul(100) >> SHIFT;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    });
    bytes(format!("{one} {five} {fifteen} 1/1 {PROCESS_ID}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_program_comes_near_one_and_falls_again() {
        let busy = Load::default().at(60 * SECOND, 0);
        let [one, five, _] = busy.averages;
        // 1 - 1/e after a minute.
        assert!(one.abs_diff(FIXED_POINT * 632 / 1000) < 30, "{one}");
        assert!(five < one);
        let idle = busy.at(660 * SECOND, 600 * SECOND);
        assert!(idle.averages[0] < 5);
        assert_eq!(busy.at(61 * SECOND, 0).averages, busy.averages);
    }
}
