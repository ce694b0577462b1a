//! Timers that send signals: timer_create(2), setitimer(2), alarm(2).

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::time::{is_own_processor_clock, read_timespec, to_nanos};
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::signal::Signal;
use crate::process::signal::state::To;
use crate::process::thread::PROCESS_ID;
use crate::process::timers::{Basis, INTERVALS, Notice, Setting, Timer, interval_kind};
use crate::time::SECOND;

/// `TIMER_ABSTIME`.
const ABSOLUTE: u32 = 1;

/// Microseconds in a second, nanoseconds in a microsecond.
const MICROS: u64 = 1_000_000;
const MICRO: u64 = 1000;

/// Length of a `struct sigevent`.
const EVENT: usize = 64;

pub(super) fn alarm(kernel: &mut Kernel, seconds: u32) -> SysResult {
    let nanos = u64::from(seconds).saturating_mul(SECOND);
    let wanted = armed(kernel, Basis::Monotonic, nanos, 0);
    let (left, _) = replace_interval(kernel, 0, wanted)?;
    // Never 0 for one that was armed, else to the nearest second, as Linux has it.
    let seconds = match left {
        0 => 0,
        left => (left.saturating_add(SECOND / 2) / SECOND).max(1),
    };
    usize::try_from(seconds).map_err(|_| Errno::EINVAL)
}

pub(super) fn getitimer(kernel: &mut Kernel, which: usize, to: UserAddr) -> SysResult {
    let (basis, _) = interval_kind(which).ok_or(Errno::EINVAL)?;
    let now = kernel.now_of(basis);
    let setting = kernel.timers.intervals.get(which).ok_or(Errno::EINVAL)?;
    let state = (setting.left(now), setting.interval);
    write_interval(kernel, to, state)?;
    Ok(0)
}

pub(super) fn setitimer(
    kernel: &mut Kernel,
    which: usize,
    new: UserAddr,
    old: UserAddr,
) -> SysResult {
    let (basis, _) = interval_kind(which).ok_or(Errno::EINVAL)?;
    let (value, interval) = match new.0 {
        // As Linux has it, against its own manual: a missing value disarms.
        0 => (0, 0),
        _ => {
            let interval = read_timeval(kernel, new)?;
            let value = new.checked_add(16).ok_or(Errno::EFAULT)?;
            (read_timeval(kernel, value)?, interval)
        }
    };
    let wanted = armed(kernel, basis, value, interval);
    let before = replace_interval(kernel, which, wanted)?;
    if old.0 != 0 {
        write_interval(kernel, old, before)?;
    }
    Ok(0)
}

/// A setting for `value` nanoseconds from now; 0 disarms.
fn armed(kernel: &Kernel, basis: Basis, value: u64, interval: u64) -> Setting {
    let deadline = kernel.now_of(basis).saturating_add(value);
    Setting {
        deadline: (value != 0).then_some(deadline),
        interval,
    }
}

/// Sets a timer of setitimer(2); what was left of it, and its interval.
fn replace_interval(
    kernel: &mut Kernel,
    which: usize,
    wanted: Setting,
) -> Result<(u64, u64), Errno> {
    const _: () = assert!(INTERVALS == 3);
    let (basis, _) = interval_kind(which).ok_or(Errno::EINVAL)?;
    // What is due by now was sent before.
    kernel.look_at_timers();
    let now = kernel.now_of(basis);
    let slot = kernel
        .timers
        .intervals
        .get_mut(which)
        .ok_or(Errno::EINVAL)?;
    let before = core::mem::replace(slot, wanted);
    kernel.set_program_alarm();
    Ok((before.left(now), before.interval))
}

fn read_timeval(kernel: &mut Kernel, from: UserAddr) -> Result<u64, Errno> {
    let seconds = kernel.memory.read_u64(from)?;
    let micros = kernel
        .memory
        .read_u64(from.checked_add(8).ok_or(Errno::EFAULT)?)?;
    if seconds.cast_signed() < 0 || micros >= MICROS {
        return Err(Errno::EINVAL);
    }
    Ok(seconds
        .saturating_mul(SECOND)
        .saturating_add(micros.saturating_mul(MICRO)))
}

/// Writes a `struct itimerval`: interval, then what is left, never 0 for one that is armed.
fn write_interval(
    kernel: &mut Kernel,
    to: UserAddr,
    (left, interval): (u64, u64),
) -> Result<(), Errno> {
    let left = left.div_ceil(MICRO).saturating_mul(MICRO);
    let words = [interval, left]
        .map(|nanos| [nanos / SECOND, nanos % SECOND / MICRO].map(u64::to_le_bytes));
    kernel.memory.write(to, words.as_flattened().as_flattened())
}

pub(super) fn timer_create(
    kernel: &mut Kernel,
    clock: u32,
    event: UserAddr,
    to: UserAddr,
) -> SysResult {
    if event.0 != 0 {
        // That it can be read comes before what is in it, and before the clock.
        kernel.memory.read(event, &mut [0; EVENT])?;
    }
    let (basis, offset) = match clock {
        linux::CLOCK_REALTIME | linux::CLOCK_TAI => {
            (Basis::Monotonic, kernel.clock.unix_at_entry())
        }
        linux::CLOCK_MONOTONIC | linux::CLOCK_BOOTTIME => (Basis::Monotonic, 0),
        clock if is_own_processor_clock(clock) => (Basis::Processor, 0),
        linux::CLOCK_MONOTONIC_RAW
        | linux::CLOCK_REALTIME_COARSE
        | linux::CLOCK_MONOTONIC_COARSE
        | linux::CLOCK_REALTIME_ALARM
        | linux::CLOCK_BOOTTIME_ALARM => return Err(Errno::EOPNOTSUPP),
        _ => return Err(Errno::EINVAL),
    };
    let notice = match event.0 {
        0 => None,
        _ => Some(read_event(kernel, event)?),
    };
    let unasked = Signal::new(linux::SIGALRM).ok_or(Errno::EINVAL)?;
    let default = Notice::Signal(unasked, To::Process, 0);
    let timer = Timer::new(basis, offset, notice.unwrap_or(default));
    let number = kernel.timers.add(timer)?;
    if notice.is_none() {
        // Without an event the value is the timer's number.
        kernel.timers.get(number)?.notice = Notice::Signal(unasked, To::Process, u64::from(number));
    }
    let written = kernel.memory.write(to, &number.to_le_bytes());
    if written.is_err() {
        kernel.timers.remove(number)?;
    }
    written.map(|()| 0)
}

/// Reads a `struct sigevent`: value, signal, kind of notice, thread.
fn read_event(kernel: &mut Kernel, from: UserAddr) -> Result<Notice, Errno> {
    let field = |offset| from.checked_add(offset).ok_or(Errno::EFAULT);
    let value = kernel.memory.read_u64(from)?;
    let signal = kernel.memory.read_u32(field(8)?)?;
    let kind = kernel.memory.read_u32(field(12)?)?;
    let thread = kernel.memory.read_u32(field(16)?)?;
    let to = match kind {
        linux::SIGEV_NONE => return Ok(Notice::None),
        // SIGEV_THREAD is the C library's own; to the kernel it is a signal.
        linux::SIGEV_SIGNAL | linux::SIGEV_THREAD => To::Process,
        _ if kind == linux::SIGEV_THREAD_ID && thread == PROCESS_ID => To::Thread,
        _ => return Err(Errno::EINVAL),
    };
    let signal = Signal::new(signal).ok_or(Errno::EINVAL)?;
    Ok(Notice::Signal(signal, to, value))
}

pub(super) fn timer_settime(
    kernel: &mut Kernel,
    number: u32,
    flags: u32,
    new: UserAddr,
    old: UserAddr,
) -> SysResult {
    if new.0 == 0 {
        return Err(Errno::EINVAL);
    }
    let interval = to_nanos(read_timespec(kernel, new)?).ok_or(Errno::EINVAL)?;
    let value_at = new.checked_add(16).ok_or(Errno::EFAULT)?;
    let value = to_nanos(read_timespec(kernel, value_at)?).ok_or(Errno::EINVAL)?;
    let timer = *kernel.timers.get(number)?;
    let before = state(kernel, &timer);
    let wanted = if flags & ABSOLUTE != 0 && value != 0 {
        Setting {
            deadline: Some(value.saturating_sub(timer.offset)),
            interval,
        }
    } else {
        armed(kernel, timer.basis, value, interval)
    };
    let slot = kernel.timers.get(number)?;
    slot.setting = wanted;
    slot.overrun = 0;
    kernel.look_at_timers();
    kernel.set_program_alarm();
    if old.0 != 0 {
        write_state(kernel, old, before)?;
    }
    Ok(0)
}

pub(super) fn timer_gettime(kernel: &mut Kernel, number: u32, to: UserAddr) -> SysResult {
    let timer = *kernel.timers.get(number)?;
    let state = state(kernel, &timer);
    write_state(kernel, to, state)?;
    Ok(0)
}

/// What is left, and the interval. One without notices goes on unseen: it is looked at now.
fn state(kernel: &Kernel, timer: &Timer) -> (u64, u64) {
    let now = kernel.now_of(timer.basis);
    let mut setting = timer.setting;
    setting.expire(now);
    (setting.left(now), setting.interval)
}

/// Writes a `struct itimerspec`.
fn write_state(
    kernel: &mut Kernel,
    to: UserAddr,
    (left, interval): (u64, u64),
) -> Result<(), Errno> {
    let words =
        [interval, left].map(|nanos| [nanos / SECOND, nanos % SECOND].map(u64::to_le_bytes));
    kernel.memory.write(to, words.as_flattened().as_flattened())
}

pub(super) fn timer_getoverrun(kernel: &mut Kernel, number: u32) -> SysResult {
    usize::try_from(kernel.timers.get(number)?.overrun).map_err(|_| Errno::EINVAL)
}

pub(super) fn timer_delete(kernel: &mut Kernel, number: u32) -> SysResult {
    kernel.timers.remove(number)?;
    Ok(0)
}
