//! The time-stamp counter, and one alarm by the local APIC's timer.
//!
//! Where the timer cannot wait for a value of the counter, it counts by a clock whose rate nobody tells. The rate is learnt from
//! the alarms themselves: one that was set to `n` and came after `d` ticks shows a rate of at least `n / d`. So the estimate only
//! grows towards the truth, and no alarm comes late because of it; the first ones come early.

use core::sync::atomic::{AtomicU64, Ordering};

use super::features::{has_tsc_deadline, is_hypervised};
use super::instruction::cpuid;
use super::one_cpu::OneCpu;
use super::{apic, instruction};

/// Fixed point of [`Alarm::rate`].
const SHIFT: u32 = 32;
/// Alarms shorter than this teach nothing: their delay is mostly the interrupt's own.
const SHORTEST_LESSON: u64 = 1 << 16;

static ENTRY: AtomicU64 = AtomicU64::new(0);

static ALARM: OneCpu<Alarm> = OneCpu::new(Alarm {
    // One for 256: slower than any known timer clock (25 MHz) beside any known counter (5 GHz).
    rate: 1 << (SHIFT - 8),
    set_at: 0,
    count: 0,
    by_deadline: false,
});

struct Alarm {
    /// Timer ticks for a tick of the counter, times 2^[`SHIFT`].
    rate: u64,
    /// When it was set last.
    set_at: u64,
    /// To how many timer ticks; 0 when it is not set.
    count: u32,
    by_deadline: bool,
}

/// The time-stamp counter.
#[must_use]
pub fn ticks() -> u64 {
    instruction::ticks()
}

/// The time-stamp counter at the kernel's first instruction.
#[must_use]
pub fn entry_ticks() -> u64 {
    ENTRY.load(Ordering::Relaxed)
}

pub(crate) fn init(entry_ticks: u64) {
    ENTRY.store(entry_ticks, Ordering::Relaxed);
    ALARM.borrow().by_deadline = has_tsc_deadline();
}

/// Ends [`cpu::wait`](crate::cpu::wait), and the program's run, when the counter reaches `ticks`, or earlier: whoever waits looks
/// at the time and sets the alarm again. `u64::MAX` takes the alarm back. There is one alarm; setting it again replaces it.
pub fn set_alarm(ticks: u64) {
    let mut alarm = ALARM.borrow();
    if alarm.by_deadline {
        return apic::fire_at(if ticks == u64::MAX { 0 } else { ticks.max(1) });
    }
    if ticks == u64::MAX {
        alarm.count = 0;
        return apic::fire_after(0);
    }
    let now = instruction::ticks();
    let wait = (u128::from(ticks.saturating_sub(now)) * u128::from(alarm.rate)) >> SHIFT;
    alarm.count = u32::try_from(wait).unwrap_or(u32::MAX).max(1);
    alarm.set_at = now;
    apic::fire_after(alarm.count);
}

/// The timer's interrupt came.
pub(crate) fn alarm_fired() {
    let mut alarm = ALARM.borrow();
    // The interrupt may be that of an alarm that was replaced when it was on its way: it says nothing about this one.
    if alarm.by_deadline || apic::left() > 0 {
        return;
    }
    let elapsed = instruction::ticks().wrapping_sub(alarm.set_at);
    if alarm.count > 0 && elapsed >= SHORTEST_LESSON {
        let shown = (u64::from(alarm.count) << SHIFT) / elapsed;
        alarm.rate = alarm.rate.max(shown);
    }
    alarm.count = 0;
}

/// The counter's rate in Hz, when the processor (Intel SDM volume 2, CPUID leaves 0x15 and 0x16) or the hypervisor (leaf
/// 0x4000_0010, as VMware and KVM have it) tells.
#[must_use]
pub fn tsc_hz_hint() -> Option<u64> {
    if is_hypervised() && cpuid(0x4000_0000, 0).eax >= 0x4000_0010 {
        let khz = cpuid(0x4000_0010, 0).eax;
        if khz != 0 {
            return Some(u64::from(khz) * 1000);
        }
    }
    let crystal = cpuid(0x15, 0);
    if crystal.eax != 0 && crystal.ebx != 0 && crystal.ecx != 0 {
        return Some(u64::from(crystal.ecx) * u64::from(crystal.ebx) / u64::from(crystal.eax));
    }
    let mhz = cpuid(0x16, 0).eax & 0xffff;
    (mhz != 0).then_some(u64::from(mhz) * 1_000_000)
}
