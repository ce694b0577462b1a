//! The process: its end, signals, what is refused, time.

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use crate::errno::Errno;
use crate::kernel::Ending;
use crate::testing::Process;

#[test]
fn status_has_eight_bits() {
    for (given, expected) in [(0, 0), (42, 42), (255, 255), (256, 0), (u64::MAX, 255)] {
        let mut process = Process::new();
        process.call(linux::__NR_exit_group, &[given]).unwrap();
        assert_eq!(process.kernel.ending, Some(Ending::Exited(expected)));
    }
}

fn kill(signal: u64) -> (crate::errno::SysResult, Option<Ending>) {
    let mut process = Process::new();
    let result = process.call(linux::__NR_tgkill, &[1, 1, signal]);
    process.kernel.deliver_signals();
    (result, process.kernel.ending)
}

#[test]
fn signals_do_what_they_do_by_default() {
    assert_eq!(kill(6), (Ok(0), Some(Ending::Killed(6))));
    assert_eq!(kill(64), (Ok(0), Some(Ending::Killed(64))));
    assert_eq!(kill(17), (Ok(0), None));
    assert_eq!(kill(0), (Ok(0), None));
    assert_eq!(kill(65), (Err(Errno::EINVAL), None));
    assert_eq!(kill(19), (Err(Errno::EPERM), None));
}

fn set_action(process: &mut Process, signal: u64, handler: u64) -> crate::errno::SysResult {
    let action = process.put(&[handler, 0, 0, 0].map(u64::to_le_bytes).concat());
    process.call(linux::__NR_rt_sigaction, &[signal, action, 0, 8])
}

#[test]
fn ignored_signal_does_nothing() {
    let mut process = Process::new();
    set_action(&mut process, 15, 1).unwrap();
    process.call(linux::__NR_kill, &[1, 15]).unwrap();
    assert!(!process.kernel.signals.has_deliverable());
    assert_eq!(set_action(&mut process, 9, 1), Err(Errno::EINVAL));
    assert_eq!(set_action(&mut process, 0, 1), Err(Errno::EINVAL));
}

#[test]
fn blocked_signal_waits() {
    let mut process = Process::new();
    let set = process.put(&(1_u64 << 14 | 1 << 8).to_le_bytes());
    process
        .call(linux::__NR_rt_sigprocmask, &[0, set, 0, 8])
        .unwrap();
    process.call(linux::__NR_kill, &[0, 15]).unwrap();
    assert!(!process.kernel.signals.has_deliverable());
    process
        .call(linux::__NR_rt_sigprocmask, &[1, set, 0, 8])
        .unwrap();
    assert!(process.kernel.signals.has_deliverable());
    process
        .call(linux::__NR_rt_sigprocmask, &[0, set, 0, 8])
        .unwrap();
    process.call(linux::__NR_kill, &[0, 9]).unwrap();
    process.kernel.deliver_signals();
    assert_eq!(process.kernel.ending, Some(Ending::Killed(9)));
}

#[test]
fn handler_is_remembered() {
    let mut process = Process::new();
    set_action(&mut process, 10, 0x1234).unwrap();
    let old = process.room(32);
    process
        .call(linux::__NR_rt_sigaction, &[10, 0, old, 8])
        .unwrap();
    assert_eq!(process.bytes(old, 8), 0x1234_u64.to_le_bytes());
}

#[test]
fn processes_are_refused() {
    let mut process = Process::new();
    // Each takes a good part of what a stream holds.
    for (number, args, told) in [
        (linux::__NR_fork, &[][..], "refused 57 UK001"),
        (linux::__NR_clone, &[17], "refused 56 UK001"),
        (linux::__NR_execve, &[], "refused 59 UK002"),
    ] {
        assert_eq!(process.call(number, args), Err(Errno::ENOSYS));
        assert_eq!(process.reports(), [told]);
    }
    assert_eq!(
        process.call(linux::__NR_clone, &[u64::from(linux::CLONE_THREAD)]),
        Err(Errno::ENOSYS)
    );
    assert_eq!(process.reports(), ["unknown 56"]);
    assert_eq!(process.call(linux::__NR_wait4, &[]), Err(Errno::ECHILD));
}

#[test]
fn unknown_call_is_told_once() {
    let mut process = Process::new();
    for _ in 0..3 {
        process.kernel.thread.context.rax = 425;
        crate::syscall::handle(&mut process.kernel);
        assert_eq!(process.kernel.thread.context.rax.cast_signed(), -38);
    }
    assert_eq!(process.reports(), ["unknown 425"]);
}

#[test]
fn no_number_of_a_call_panics() {
    let values = [
        0,
        1,
        4095,
        0x10_0000,
        0x10_0ff8,
        1 << 31,
        i64::MAX as u64,
        u64::MAX - 4095,
        u64::MAX,
    ];
    let mut random = crate::memory::layout::numbers(11);
    let endless = [
        linux::__NR_pause,
        linux::__NR_nanosleep,
        linux::__NR_clock_nanosleep,
        linux::__NR_futex,
        linux::__NR_rt_sigtimedwait,
        linux::__NR_rt_sigsuspend,
    ];
    for round in 0..30_u64 {
        let mut process = Process::new();
        process.host.send(2, &[1, 0, 0, 0, 6, 0, 0, 0]);
        // Nobody makes room for output here.
        process.call(linux::__NR_close_range, &[1, 2, 0]).unwrap();
        for number in (0..450).filter(|number| !endless.contains(number)) {
            let mut args = [0; 6];
            for arg in &mut args {
                *arg = values[usize::try_from(random() % 9).unwrap()].wrapping_add(round % 3);
            }
            if matches!(number, linux::__NR_poll | linux::__NR_ppoll) {
                args[2] = 0;
            }
            let _ = process.call(number, &args);
            process.host.take(7);
            process.host.take(9);
            process.host.take(11);
        }
    }
}

#[test]
fn sleeping_takes_its_time() {
    let mut process = Process::new();
    let time = process.put(&[1_u64, 500_000_000].map(u64::to_le_bytes).concat());
    let before = process.kernel.clock.monotonic();
    assert_eq!(process.call(linux::__NR_nanosleep, &[time, 0]), Ok(0));
    assert!(process.kernel.clock.monotonic() - before >= 1_500_000_000);
    assert!(process.kernel.processor_time() < 1_000_000_000);
    let wrong = process.put(&[0_u64, 1_000_000_000].map(u64::to_le_bytes).concat());
    assert_eq!(
        process.call(linux::__NR_nanosleep, &[wrong, 0]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn clocks_tell_the_hosts_time() {
    let mut process = Process::new();
    let to = process.room(16);
    process.call(linux::__NR_clock_gettime, &[0, to]).unwrap();
    assert_eq!(process.bytes(to, 8), 1_700_000_000_u64.to_le_bytes());
    assert_eq!(
        process.call(linux::__NR_clock_gettime, &[77, to]),
        Err(Errno::EINVAL)
    );
    assert_eq!(process.call(linux::__NR_time, &[0]), Ok(1_700_000_000));
}

#[test]
fn futex_of_the_only_thread() {
    let mut process = Process::new();
    let word = process.put(&5_u32.to_le_bytes());
    let time = process.put(&[0_u64, 1000].map(u64::to_le_bytes).concat());
    assert_eq!(
        process.call(linux::__NR_futex, &[word, 0x80, 4, 0]),
        Err(Errno::EAGAIN)
    );
    assert_eq!(
        process.call(linux::__NR_futex, &[word, 0x80, 5, time]),
        Err(Errno::ETIMEDOUT)
    );
    assert_eq!(process.call(linux::__NR_futex, &[word, 0x81, 1, 0]), Ok(0));
}

#[test]
fn instruction_that_faults_ends_the_program() {
    for (vector, expected) in [
        (0, "fault 8 1 0x0"),
        (6, "fault 4 2 0x0"),
        (13, "fault 11 128 0x0"),
    ] {
        let mut process = Process::new();
        process.kernel.exception(vector);
        process.kernel.deliver_signals();
        assert_eq!(process.reports(), [expected]);
    }
    let mut process = Process::new();
    process
        .kernel
        .page_fault(UserAddr(0), unikernel_machine::user::Access::Write);
    process.kernel.deliver_signals();
    assert_eq!(process.reports(), ["fault 11 1 0x0"]);
    assert_eq!(process.kernel.ending, Some(Ending::Killed(11)));
}

#[test]
fn limits_of_locks_and_signals_are_where_the_calls_fail() {
    let mut process = Process::new();
    let limit = |process: &mut Process, resource: u32| {
        let to = process.room(16);
        let args = [u64::from(resource), to];
        process.call(linux::__NR_getrlimit, &args).unwrap();
        let bytes = process.bytes(to, 8);
        unikernel_abi::bytes::u64_at(&bytes, 0).unwrap()
    };
    let locks = limit(&mut process, linux::RLIMIT_LOCKS);
    let fd = process.open("/tmp/locked", linux::O_CREAT | linux::O_RDWR);
    let fd = fd.unwrap() as u64;
    for lock in 0..=locks {
        // F_WRLCK, from the start; every other byte, so that none can be joined.
        let words = [1, 2 * lock, 1, 0].map(u64::to_le_bytes);
        let at = process.put(words.as_flattened());
        let args = [fd, u64::from(linux::F_SETLK), at];
        let expected = if lock < locks {
            Ok(0)
        } else {
            Err(Errno::ENOLCK)
        };
        assert_eq!(process.call(linux::__NR_fcntl, &args), expected, "{lock}");
    }
    let signals = limit(&mut process, linux::RLIMIT_SIGPENDING);
    let all = process.put(&[0xff; 8]);
    let args = [u64::from(linux::SIG_BLOCK), all, 0, 8];
    process.call(linux::__NR_rt_sigprocmask, &args).unwrap();
    // si_signo 0, si_errno 0, si_code SI_QUEUE.
    let info = [0, 0xffff_ffff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].map(u64::to_le_bytes);
    let info = process.put(info.as_flattened());
    for signal in 0..=signals {
        let expected = if signal < signals {
            Ok(0)
        } else {
            Err(Errno::EAGAIN)
        };
        let args = [1, 40, info];
        let sent = process.call(linux::__NR_rt_sigqueueinfo, &args);
        assert_eq!(sent, expected, "{signal}");
    }
}

#[test]
fn random_bytes_are_filled_in() {
    let mut process = Process::new();
    let to = process.room(32);
    assert_eq!(process.call(linux::__NR_getrandom, &[to, 32, 0]), Ok(32));
    assert_ne!(process.bytes(to, 16), process.bytes(to + 16, 16));
    // Fresh entropy is due now and then; without it there are no numbers.
    unikernel_machine::testing::remove_entropy();
    let much = process.room(0x1_0000);
    let results: alloc::vec::Vec<_> = (0..17)
        .map(|_| process.call(linux::__NR_getrandom, &[much, 0x1_0000, 0]))
        .collect();
    assert_eq!(results.first(), Some(&Ok(0x1_0000)));
    assert!(results.contains(&Err(Errno::EAGAIN)));
}

#[test]
fn ids_stay_and_groups_are_remembered() {
    let mut process = Process::new();
    let (keep, other) = (u64::from(u32::MAX), 1000);
    process.call(linux::__NR_setuid, &[0]).unwrap();
    process
        .call(linux::__NR_setresgid, &[keep, 0, keep])
        .unwrap();
    assert_eq!(
        process.call(linux::__NR_setuid, &[other]),
        Err(Errno::EPERM)
    );
    assert_eq!(
        process.call(linux::__NR_setuid, &[keep]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        process.call(linux::__NR_setreuid, &[keep, other]),
        Err(Errno::EPERM)
    );
    let list = process.put(&[7_u32, 0, 5].map(u32::to_le_bytes).concat());
    process.call(linux::__NR_setgroups, &[3, list]).unwrap();
    assert_eq!(process.call(linux::__NR_getgroups, &[0, 0]), Ok(3));
    assert_eq!(
        process.call(linux::__NR_getgroups, &[2, list]),
        Err(Errno::EINVAL)
    );
    assert_eq!(process.call(linux::__NR_getgroups, &[9, list]), Ok(3));
    let sorted = [0_u32, 5, 7].map(u32::to_le_bytes).concat();
    assert_eq!(process.bytes(list, 12), sorted);
    let text = process.cat("/proc/self/status").unwrap();
    assert!(text.contains("Groups:\t0 5 7 \n"), "{text}");
    assert_eq!(
        process.call(linux::__NR_setgroups, &[65_537, list]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn the_hosts_clock_rules() {
    let mut process = Process::new();
    let time = process.put(&[5_u64, 999_999_999].map(u64::to_le_bytes).concat());
    let clock = u64::from(linux::CLOCK_REALTIME);
    assert_eq!(
        process.call(linux::__NR_clock_settime, &[clock, time]),
        Err(Errno::EPERM)
    );
    assert_eq!(
        process.call(linux::__NR_settimeofday, &[time, 0]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        process.call(linux::__NR_clock_settime, &[1, time]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn nice_value_is_kept_within_its_bounds() {
    let mut process = Process::new();
    let get = |process: &mut Process| process.call(linux::__NR_getpriority, &[0, 0]);
    assert_eq!(get(&mut process), Ok(20));
    for (set, expected) in [(5_i64, 15), (-3, 23), (100, 1), (-100, 40)] {
        let args = [2, 0, set.cast_unsigned()];
        process.call(linux::__NR_setpriority, &args).unwrap();
        assert_eq!(get(&mut process), Ok(expected), "{set}");
    }
    let text = process.cat("/proc/self/stat").unwrap();
    assert!(text.contains(" 0 -20 1 "), "{text}");
    let wrong = |process: &mut Process, which, who| {
        let call = process.call(linux::__NR_getpriority, &[which, who]);
        call.unwrap_err()
    };
    assert_eq!(wrong(&mut process, 3, 0), Errno::EINVAL);
    assert_eq!(wrong(&mut process, 0, 7), Errno::ESRCH);
}
