//! Timers that send signals: timer_create(2), setitimer(2), alarm(2).
//!
//! A timer whose signal still waits is not looked at: what it missed is made up for when the signal is taken, as on Linux. So a
//! program that blocks a signal is not woken for it.

use alloc::vec::Vec;

use linux_raw_sys::general as linux;

use super::signal::Signal;
use super::signal::info::{self, Info};
use super::signal::state::To;
use crate::errno::Errno;
use crate::kernel::Kernel;

/// Most timers of timer_create(2) (`RLIMIT_SIGPENDING` bounds them on Linux).
const MAX_TIMERS: usize = 1024;

/// How many timers setitimer(2) has.
pub(crate) const INTERVALS: usize = 3;

/// What a timer goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The monotonic clock, and the wall clock, which is as steady here.
    Monotonic,
    /// The time that the program had the processor.
    Processor,
}

/// What happens when a timer expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Nothing (`SIGEV_NONE`).
    None,
    /// A signal with a value.
    Signal(Signal, To, u64),
}

/// A point in time and the distance of those that follow, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Setting {
    /// When it expires next, as its clock counts; `None` when it is not armed.
    pub(crate) deadline: Option<u64>,
    /// After how long again; 0 for once.
    pub(crate) interval: u64,
}

/// A timer of timer_create(2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer {
    /// What it goes by.
    pub(crate) basis: Basis,
    /// What the wall clock is ahead of its basis; 0 for other clocks.
    pub(crate) offset: u64,
    /// What happens.
    pub(crate) notice: Notice,
    /// When.
    pub(crate) setting: Setting,
    /// Expirations beyond the one that the last signal told (timer_getoverrun(2)).
    pub(crate) overrun: i32,
    /// Its signal waits.
    is_waiting: bool,
}

/// All timers of the process.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// By number; empty places are free.
    created: Vec<Option<Timer>>,
    /// `ITIMER_REAL`, `ITIMER_VIRTUAL`, `ITIMER_PROF`.
    pub(crate) intervals: [Setting; INTERVALS],
}

impl Setting {
    /// How often it expired until `now`; moves it on behind that.
    pub(crate) fn expire(&mut self, now: u64) -> u64 {
        let Some(late) = self.deadline.and_then(|deadline| now.checked_sub(deadline)) else {
            return 0;
        };
        let Some(missed) = late.checked_div(self.interval) else {
            self.deadline = None;
            return 1;
        };
        let times = missed.saturating_add(1);
        let step = times.saturating_mul(self.interval);
        self.deadline = self.deadline.map(|deadline| deadline.saturating_add(step));
        times
    }

    /// How long until it expires; 0 when it is not armed.
    pub(crate) fn left(&self, now: u64) -> u64 {
        self.deadline
            .map_or(0, |deadline| deadline.saturating_sub(now).max(1))
    }
}

impl Timer {
    /// One that is not armed.
    pub(crate) fn new(basis: Basis, offset: u64, notice: Notice) -> Self {
        Self {
            basis,
            offset,
            notice,
            setting: Setting::default(),
            overrun: 0,
            is_waiting: false,
        }
    }
}

impl Timers {
    /// Adds a timer; its number. `EAGAIN` when there are too many.
    pub(crate) fn add(&mut self, timer: Timer) -> Result<u32, Errno> {
        let free = self.created.iter().position(Option::is_none);
        let index = free.unwrap_or(self.created.len());
        if index >= MAX_TIMERS {
            return Err(Errno::EAGAIN);
        }
        match self.created.get_mut(index) {
            Some(place) => *place = Some(timer),
            None => self.created.push(Some(timer)),
        }
        u32::try_from(index).map_err(|_| Errno::EAGAIN)
    }

    /// The timer with this number.
    pub(crate) fn get(&mut self, number: u32) -> Result<&mut Timer, Errno> {
        self.place(number)?.as_mut().ok_or(Errno::EINVAL)
    }

    /// Removes a timer.
    pub(crate) fn remove(&mut self, number: u32) -> Result<(), Errno> {
        self.place(number)?.take().map(drop).ok_or(Errno::EINVAL)
    }

    fn place(&mut self, number: u32) -> Result<&mut Option<Timer>, Errno> {
        let index = usize::try_from(number).map_err(|_| Errno::EINVAL)?;
        self.created.get_mut(index).ok_or(Errno::EINVAL)
    }

    /// Timers whose signal does not wait yet, and their numbers.
    fn running(&self) -> impl Iterator<Item = (u32, &Timer)> {
        (0..)
            .zip(&self.created)
            .filter_map(|(number, timer)| Some((number, timer.as_ref()?)))
            .filter(|(_, timer)| !timer.is_waiting && timer.notice != Notice::None)
    }
}

/// What a timer of setitimer(2) goes by, and its signal. User time is all processor time here.
pub(crate) fn interval_kind(which: usize) -> Option<(Basis, Signal)> {
    let (basis, signal) = match which {
        0 => (Basis::Monotonic, linux::SIGALRM),
        1 => (Basis::Processor, linux::SIGVTALRM),
        2 => (Basis::Processor, linux::SIGPROF),
        _ => return None,
    };
    Signal::new(signal).map(|signal| (basis, signal))
}

impl Kernel {
    /// What a basis shows now.
    pub(crate) fn now_of(&self, basis: Basis) -> u64 {
        match basis {
            Basis::Monotonic => self.clock.monotonic(),
            Basis::Processor => self.processor_time(),
        }
    }

    /// Sends the signals of timers that expired.
    pub(crate) fn look_at_timers(&mut self) {
        for which in 0..INTERVALS {
            self.look_at_interval(which);
        }
        let is_due = |timer: &Timer| {
            let now = self.now_of(timer.basis);
            timer
                .setting
                .deadline
                .is_some_and(|deadline| deadline <= now)
        };
        let due: Vec<u32> = self
            .timers
            .running()
            .filter(|(_, timer)| is_due(timer))
            .map(|(number, _)| number)
            .collect();
        for number in due {
            self.expire(number);
        }
    }

    fn look_at_interval(&mut self, which: usize) {
        let Some((basis, signal)) = interval_kind(which) else {
            return;
        };
        let now = self.now_of(basis);
        // One whose signal still waits goes on when that was taken.
        if self.signals.pending().has(signal) {
            return;
        }
        let Some(setting) = self.timers.intervals.get_mut(which) else {
            return;
        };
        if setting.expire(now) > 0 {
            // A standard signal always finds room.
            let _ = self
                .signals
                .send(To::Process, signal, Info::new(signal, info::BY_KERNEL));
        }
    }

    fn expire(&mut self, number: u32) {
        let Ok(timer) = self.timers.get(number) else {
            return;
        };
        let Notice::Signal(signal, to, value) = timer.notice else {
            return;
        };
        let basis = timer.basis;
        let info = Info::of_timer(signal, number, value);
        let sent = self.signals.send(to, signal, info);
        let now = self.now_of(basis);
        if let Ok(timer) = self.timers.get(number) {
            timer.is_waiting = sent == Ok(true);
            if !timer.is_waiting {
                timer.setting.expire(now);
            }
        }
    }

    /// A signal is about to be acted upon: the timer that sent it goes on, and the signal tells how much was missed.
    pub(crate) fn taken(&mut self, info: Info) -> Info {
        let Some(number) = info.timer() else {
            if info.code() == info::BY_KERNEL {
                self.set_program_alarm();
            }
            return info;
        };
        let Ok(timer) = self.timers.get(number) else {
            return info;
        };
        let basis = timer.basis;
        let now = self.now_of(basis);
        let Ok(timer) = self.timers.get(number) else {
            return info;
        };
        timer.is_waiting = false;
        let missed = timer.setting.expire(now).saturating_sub(1);
        timer.overrun = i32::try_from(missed).unwrap_or(i32::MAX);
        let info = info.with_overrun(timer.overrun);
        self.set_program_alarm();
        info
    }

    /// When the next timer that goes by one of `bases` expires, on the monotonic clock, if the program runs on until then.
    pub(crate) fn next_timer(&self, bases: &[Basis]) -> Option<u64> {
        let intervals = self
            .timers
            .intervals
            .iter()
            .enumerate()
            .filter_map(|(which, setting)| {
                let (basis, signal) = interval_kind(which)?;
                let is_waiting = self.signals.pending().has(signal);
                Some((basis, setting.deadline.filter(|_| !is_waiting)?))
            });
        let created = self
            .timers
            .running()
            .filter_map(|(_, timer)| Some((timer.basis, timer.setting.deadline?)));
        intervals
            .chain(created)
            .filter(|(basis, _)| bases.contains(basis))
            .map(|(basis, deadline)| match basis {
                Basis::Monotonic => deadline,
                Basis::Processor => deadline.saturating_add(self.waited),
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(deadline: u64, interval: u64, now: u64, expected: (u64, Option<u64>)) {
        let mut setting = Setting {
            deadline: Some(deadline),
            interval,
        };
        assert_eq!((setting.expire(now), setting.deadline), expected);
    }

    #[test]
    fn expirations_are_counted() {
        check(100, 0, 99, (0, Some(100)));
        check(100, 0, 100, (1, None));
        check(100, 10, 100, (1, Some(110)));
        check(100, 10, 135, (4, Some(140)));
        check(u64::MAX, 10, u64::MAX, (1, Some(u64::MAX)));
    }

    #[test]
    fn an_armed_timer_has_time_left() {
        let setting = Setting {
            deadline: Some(5),
            interval: 0,
        };
        assert_eq!(setting.left(9), 1);
        assert_eq!(Setting::default().left(9), 0);
    }
}
