//! Timers that send signals, and waits that they end.

use linux_raw_sys::general as linux;
use unikernel_abi::bytes::{u32_at, u64_at};

use crate::errno::Errno;
use crate::testing::Process;

const MILLI: u64 = 1_000_000;

/// Two times of two words each, as timers have them: interval and value.
fn times(process: &mut Process, interval: u64, value: u64) -> u64 {
    process.put(&[0, interval, 0, value].map(u64::to_le_bytes).concat())
}

fn block(process: &mut Process, signal: u32) -> u64 {
    let set = process.put(&(1_u64 << (signal - 1)).to_le_bytes());
    process
        .call(linux::__NR_rt_sigprocmask, &[0, set, 0, 8])
        .unwrap();
    set
}

/// A timer that sends a signal with a value; its number.
fn create(process: &mut Process, signal: u32) -> u64 {
    let mut event = [0; 64];
    event[..8].copy_from_slice(&77_u64.to_le_bytes());
    event[8..12].copy_from_slice(&signal.to_le_bytes());
    let event = process.put(&event);
    let to = process.room(8);
    process
        .call(linux::__NR_timer_create, &[1, event, to])
        .unwrap();
    u64::from(u32_at(&process.bytes(to, 4), 0).unwrap())
}

#[test]
fn timer_is_waited_for_and_tells_what_was_missed() {
    let mut process = Process::new();
    let set = block(&mut process, 34);
    let timer = create(&mut process, 34);
    let every = times(&mut process, MILLI, MILLI);
    process
        .call(linux::__NR_timer_settime, &[timer, 0, every, 0])
        .unwrap();
    let long = process.put(&[0_u64, 10 * MILLI].map(u64::to_le_bytes).concat());
    process.call(linux::__NR_nanosleep, &[long, 0]).unwrap();
    let info = process.room(128);
    let taken = process.call(linux::__NR_rt_sigtimedwait, &[set, info, 0, 8]);
    assert_eq!(taken, Ok(34));
    let info = process.bytes(info, 48);
    assert_eq!(u32_at(&info, 8), Some(-2_i32 as u32));
    assert_eq!(u64_at(&info, 24), Some(77));
    let overrun = u32_at(&info, 20).unwrap();
    assert!((8..12).contains(&overrun), "{overrun}");
    let told = process.call(linux::__NR_timer_getoverrun, &[timer]);
    assert_eq!(told, Ok(overrun as usize));
    assert_eq!(process.call(linux::__NR_timer_delete, &[timer]), Ok(0));
    let again = process.call(linux::__NR_timer_delete, &[timer]);
    assert_eq!(again, Err(Errno::EINVAL));
}

#[test]
fn alarm_ends_a_sleep_and_tells_the_rest() {
    let mut process = Process::new();
    let once = process.put(&[0_u64, 0, 0, 1000].map(u64::to_le_bytes).concat());
    process.call(linux::__NR_setitimer, &[0, once, 0]).unwrap();
    let long = process.put(&[9_u64, 0].map(u64::to_le_bytes).concat());
    let rest = process.room(16);
    let slept = process.call(linux::__NR_nanosleep, &[long, rest]);
    assert_eq!(slept, Err(Errno::EINTR));
    assert_eq!(u64_at(&process.bytes(rest, 16), 0), Some(8));
    process.kernel.deliver_signals();
    assert_eq!(
        process.kernel.ending,
        Some(crate::kernel::Ending::Killed(linux::SIGALRM))
    );
}

#[test]
fn alarms_tell_the_seconds_that_were_left() {
    let mut process = Process::new();
    assert_eq!(process.call(linux::__NR_alarm, &[100]), Ok(0));
    assert_eq!(process.call(linux::__NR_alarm, &[0]), Ok(100));
    assert_eq!(process.call(linux::__NR_alarm, &[0]), Ok(0));
}

#[test]
fn timers_that_can_not_be() {
    let mut process = Process::new();
    let to = process.room(8);
    let mut create =
        |clock: u64, event: u64| process.call(linux::__NR_timer_create, &[clock, event, to]);
    assert_eq!(create(55, 0), Err(Errno::EINVAL));
    assert_eq!(create(8, 0), Err(Errno::EOPNOTSUPP));
    assert_eq!(create(1, 8), Err(Errno::EFAULT));
    let bad = times(&mut process, 0, 1_000_000_000);
    let set = process.call(linux::__NR_timer_settime, &[0, 0, bad, 0]);
    assert_eq!(set, Err(Errno::EINVAL));
    let set = process.call(linux::__NR_setitimer, &[3, bad, 0]);
    assert_eq!(set, Err(Errno::EINVAL));
}

#[test]
fn processor_clocks_of_others_are_refused() {
    let mut process = Process::new();
    let to = process.room(16);
    let clock = |pid: i32| u64::from((!pid << 3 | 2).cast_unsigned());
    let mut read = |clock| process.call(linux::__NR_clock_gettime, &[clock, to]);
    assert_eq!(read(clock(1)), Ok(0));
    assert_eq!(read(clock(0)), Ok(0));
    assert_eq!(read(clock(2)), Err(Errno::EINVAL));
}
