//! Time: clock_gettime(2), clock_nanosleep(2), times(2).

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::thread::PROCESS_ID;
use crate::process::wait::Unmet;
use crate::program::stack::CLOCK_TICKS;
use crate::time::{SECOND, Timestamp};

/// `TIMER_ABSTIME`.
const ABSOLUTE: u32 = 1;

pub(super) fn clock_gettime(kernel: &mut Kernel, clock: u32, to: UserAddr) -> SysResult {
    let nanos = read_clock(kernel, clock)?;
    write_timespec(kernel, to, nanos)?;
    Ok(0)
}

pub(super) fn clock_getres(kernel: &mut Kernel, clock: u32, to: UserAddr) -> SysResult {
    read_clock(kernel, clock)?;
    if to.0 != 0 {
        write_timespec(kernel, to, 1)?;
    }
    Ok(0)
}

fn read_clock(kernel: &Kernel, clock: u32) -> Result<u64, Errno> {
    match clock {
        linux::CLOCK_REALTIME | linux::CLOCK_REALTIME_COARSE | linux::CLOCK_TAI => {
            Ok(kernel.clock.unix())
        }
        linux::CLOCK_MONOTONIC
        | linux::CLOCK_MONOTONIC_RAW
        | linux::CLOCK_MONOTONIC_COARSE
        | linux::CLOCK_BOOTTIME => Ok(kernel.clock.monotonic()),
        clock if is_own_processor_clock(clock) => Ok(kernel.processor_time()),
        _ => Err(Errno::EINVAL),
    }
}

/// Whether a clock counts the processor time of this process or its thread: also by the number that
/// clock_getcpuclockid(3) makes of a process id.
pub(super) fn is_own_processor_clock(clock: u32) -> bool {
    if matches!(
        clock,
        linux::CLOCK_PROCESS_CPUTIME_ID | linux::CLOCK_THREAD_CPUTIME_ID
    ) {
        return true;
    }
    // The id inverted, a bit for threads, and which time: user and system, user, or all that was scheduled.
    let id = !(clock.cast_signed() >> 3);
    clock.cast_signed() < 0 && clock & 3 != 3 && (id == 0 || id.cast_unsigned() == PROCESS_ID)
}

pub(super) fn gettimeofday(kernel: &mut Kernel, to: UserAddr, zone: UserAddr) -> SysResult {
    let nanos = kernel.clock.unix();
    if to.0 != 0 {
        write_pair(kernel, to, nanos / SECOND, nanos % SECOND / 1000)?;
    }
    if zone.0 != 0 {
        kernel.memory.write(zone, &[0; 8])?;
    }
    Ok(0)
}

/// The host says what time it is: nobody in the guest may.
pub(super) fn clock_settime(kernel: &mut Kernel, clock: u32, from: UserAddr) -> SysResult {
    if clock != linux::CLOCK_REALTIME {
        return Err(Errno::EINVAL);
    }
    to_nanos(read_timespec(kernel, from)?).ok_or(Errno::EINVAL)?;
    Err(Errno::EPERM)
}

/// As [`clock_settime`].
pub(super) fn settimeofday(kernel: &mut Kernel, from: UserAddr, zone: UserAddr) -> SysResult {
    if from.0 != 0 {
        let micros = from.checked_add(8).ok_or(Errno::EFAULT)?;
        kernel.memory.read_u64(from)?;
        if kernel.memory.read_u64(micros)? >= 1_000_000 {
            return Err(Errno::EINVAL);
        }
    }
    if zone.0 != 0 {
        kernel.memory.read_u64(zone)?;
    }
    Err(Errno::EPERM)
}

pub(super) fn time(kernel: &mut Kernel, to: UserAddr) -> SysResult {
    let seconds = kernel.clock.unix() / SECOND;
    if to.0 != 0 {
        kernel.memory.write(to, &seconds.to_le_bytes())?;
    }
    usize::try_from(seconds).map_err(|_| Errno::EOVERFLOW)
}

pub(super) fn nanosleep(kernel: &mut Kernel, length: UserAddr, left: UserAddr) -> SysResult {
    clock_nanosleep(kernel, linux::CLOCK_MONOTONIC, 0, length, left)
}

pub(super) fn clock_nanosleep(
    kernel: &mut Kernel,
    clock: u32,
    flags: u32,
    time: UserAddr,
    left: UserAddr,
) -> SysResult {
    check_sleep(clock)?;
    let nanos = to_nanos(read_timespec(kernel, time)?).ok_or(Errno::EINVAL)?;
    let is_absolute = flags & ABSOLUTE != 0;
    let deadline = match (clock, is_absolute) {
        (_, false) => kernel.clock.monotonic().saturating_add(nanos),
        (linux::CLOCK_REALTIME | linux::CLOCK_TAI, true) => {
            nanos.saturating_sub(kernel.clock.unix_at_entry())
        }
        (_, true) => nanos,
    };
    match kernel.wait_until::<()>(Some(deadline), |_| None) {
        Ok(()) | Err(Unmet::TimedOut) => Ok(0),
        Err(Unmet::Interrupted) => {
            if !is_absolute && left.0 != 0 {
                let rest = deadline.saturating_sub(kernel.clock.monotonic());
                write_timespec(kernel, left, rest)?;
            }
            Err(Errno::EINTR)
        }
    }
}

/// Whether a clock can be slept by. That comes before all other errors, and flags that are unknown are no error (against
/// clock_nanosleep(2)).
fn check_sleep(clock: u32) -> Result<(), Errno> {
    match clock {
        linux::CLOCK_REALTIME
        | linux::CLOCK_MONOTONIC
        | linux::CLOCK_BOOTTIME
        | linux::CLOCK_TAI => Ok(()),
        linux::CLOCK_PROCESS_CPUTIME_ID
        | linux::CLOCK_THREAD_CPUTIME_ID
        | linux::CLOCK_MONOTONIC_RAW
        | linux::CLOCK_REALTIME_COARSE
        | linux::CLOCK_MONOTONIC_COARSE
        | linux::CLOCK_REALTIME_ALARM
        | linux::CLOCK_BOOTTIME_ALARM => Err(Errno::EOPNOTSUPP),
        _ => Err(Errno::EINVAL),
    }
}

pub(super) fn times(kernel: &mut Kernel, to: UserAddr) -> SysResult {
    let ticks = |nanos: u64| nanos / (SECOND / CLOCK_TICKS);
    if to.0 != 0 {
        let user = ticks(kernel.processor_time());
        let fields = [user, 0, 0, 0].map(u64::to_le_bytes);
        kernel.memory.write(to, fields.as_flattened())?;
    }
    usize::try_from(ticks(kernel.clock.monotonic())).map_err(|_| Errno::EOVERFLOW)
}

/// Reads a `struct timespec`; `EINVAL` when its nanoseconds are a second or more.
pub(super) fn read_timespec(kernel: &mut Kernel, from: UserAddr) -> Result<Timestamp, Errno> {
    let seconds = kernel.memory.read_u64(from)?.cast_signed();
    let nanos = kernel
        .memory
        .read_u64(from.checked_add(8).ok_or(Errno::EFAULT)?)?;
    let nanos = u32::try_from(nanos)
        .ok()
        .filter(|nanos| u64::from(*nanos) < SECOND)
        .ok_or(Errno::EINVAL)?;
    Ok(Timestamp { seconds, nanos })
}

/// As nanoseconds, at most what fits; `None` for a time before 0.
pub(super) fn to_nanos(time: Timestamp) -> Option<u64> {
    let seconds = u64::try_from(time.seconds).ok()?;
    Some(
        seconds
            .saturating_mul(SECOND)
            .saturating_add(u64::from(time.nanos)),
    )
}

pub(super) fn write_timespec(kernel: &mut Kernel, to: UserAddr, nanos: u64) -> Result<(), Errno> {
    write_pair(kernel, to, nanos / SECOND, nanos % SECOND)
}

fn write_pair(kernel: &mut Kernel, to: UserAddr, first: u64, second: u64) -> Result<(), Errno> {
    kernel.memory.write(
        to,
        [first.to_le_bytes(), second.to_le_bytes()].as_flattened(),
    )
}
