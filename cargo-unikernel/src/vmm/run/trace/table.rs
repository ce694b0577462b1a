//! The system calls that are shown decoded: number, name, arguments, result. What is missing here is shown as numbers.
//!
//! A line for each that our kernel has is asked for by a test, under the kernel's own name for it.

use super::call::Arg::{
    Address, Entries, Fcntl, Fd, Folder, Futex, Hex, Id, In, Int, IntsOut, Ioctl, Long, Mode,
    ModeIfCreated, Named, Out, OutText, Pair, Path, Poll, Prctl, Random, Signal, Signals,
    SignalsOut, Size, Struct, StructOut, Text, Texts, Unsigned, Vectors, VectorsOut,
};
use super::call::{Arg, Call, Returns};
use super::sets;
use super::structure::{
    ACTION, ITIMERSPEC, ITIMERVAL, RLIMIT, RUSAGE, SIGNAL_STACK, STAT, STATFS, STATX, SYSINFO,
    TIMESPEC, TIMEVAL, TMS, UTSNAME,
};

const fn call(number: u16, name: &'static str, args: &'static [Arg]) -> Call {
    returning(number, name, args, Returns::Number)
}

const fn returning(
    number: u16,
    name: &'static str,
    args: &'static [Arg],
    returns: Returns,
) -> Call {
    Call {
        number,
        name,
        args,
        returns,
    }
}

/// All of them, by number.
pub(super) static CALLS: &[Call] = &[
    call(0, "read", &[Fd, Out, Size]),
    call(1, "write", &[Fd, In(2), Size]),
    call(2, "open", &[Path, Named(&sets::OPEN), ModeIfCreated(1)]),
    call(3, "close", &[Fd]),
    call(4, "stat", &[Path, StructOut(&STAT)]),
    call(5, "fstat", &[Fd, StructOut(&STAT)]),
    call(6, "lstat", &[Path, StructOut(&STAT)]),
    returning(7, "poll", &[Poll(1), Unsigned, Int], Returns::Ready),
    call(8, "lseek", &[Fd, Long, Named(&sets::SEEK)]),
    returning(
        9,
        "mmap",
        &[
            Address,
            Size,
            Named(&sets::PROTECTION),
            Named(&sets::MAP),
            Fd,
            Hex,
        ],
        Returns::Address,
    ),
    call(10, "mprotect", &[Address, Size, Named(&sets::PROTECTION)]),
    call(11, "munmap", &[Address, Size]),
    returning(12, "brk", &[Address], Returns::Address),
    call(
        13,
        "rt_sigaction",
        &[Signal, Struct(&ACTION), StructOut(&ACTION), Size],
    ),
    call(
        14,
        "rt_sigprocmask",
        &[Named(&sets::SIGNAL_MASK), Signals, SignalsOut, Size],
    ),
    returning(15, "rt_sigreturn", &[], Returns::Number),
    call(16, "ioctl", &[Fd, Named(&sets::IOCTL), Ioctl]),
    call(17, "pread64", &[Fd, Out, Size, Long]),
    call(18, "pwrite64", &[Fd, In(2), Size, Long]),
    call(19, "readv", &[Fd, VectorsOut(2), Int]),
    call(20, "writev", &[Fd, Vectors(2), Int]),
    call(21, "access", &[Path, Named(&sets::ACCESS)]),
    call(22, "pipe", &[IntsOut(2)]),
    call(
        23,
        "select",
        &[Int, Address, Address, Address, Struct(&TIMEVAL)],
    ),
    call(24, "sched_yield", &[]),
    returning(
        25,
        "mremap",
        &[Address, Size, Size, Named(&sets::REMAP)],
        Returns::Address,
    ),
    call(26, "msync", &[Address, Size, Named(&sets::SYNC)]),
    call(27, "mincore", &[Address, Size, Address]),
    call(28, "madvise", &[Address, Size, Named(&sets::ADVICE)]),
    call(29, "shmget", &[Int, Size, Hex]),
    returning(30, "shmat", &[Int, Address, Hex], Returns::Address),
    call(31, "shmctl", &[Int, Int, Address]),
    call(32, "dup", &[Fd]),
    call(33, "dup2", &[Fd, Fd]),
    call(34, "pause", &[]),
    call(35, "nanosleep", &[Struct(&TIMESPEC), Address]),
    call(
        36,
        "getitimer",
        &[Named(&sets::INTERVAL), StructOut(&ITIMERVAL)],
    ),
    call(37, "alarm", &[Unsigned]),
    call(
        38,
        "setitimer",
        &[
            Named(&sets::INTERVAL),
            Struct(&ITIMERVAL),
            StructOut(&ITIMERVAL),
        ],
    ),
    call(39, "getpid", &[]),
    call(40, "sendfile", &[Fd, Fd, Address, Size]),
    call(
        41,
        "socket",
        &[Named(&sets::FAMILY), Named(&sets::SOCKET), Int],
    ),
    call(42, "connect", &[Fd, Address, Unsigned]),
    call(43, "accept", &[Fd, Address, Address]),
    call(44, "sendto", &[Fd, In(2), Size, Hex, Address, Unsigned]),
    call(45, "recvfrom", &[Fd, Out, Size, Hex, Address, Address]),
    call(46, "sendmsg", &[Fd, Address, Hex]),
    call(47, "recvmsg", &[Fd, Address, Hex]),
    call(48, "shutdown", &[Fd, Int]),
    call(49, "bind", &[Fd, Address, Unsigned]),
    call(50, "listen", &[Fd, Int]),
    call(51, "getsockname", &[Fd, Address, Address]),
    call(52, "getpeername", &[Fd, Address, Address]),
    call(
        53,
        "socketpair",
        &[Named(&sets::FAMILY), Named(&sets::SOCKET), Int, IntsOut(2)],
    ),
    call(54, "setsockopt", &[Fd, Int, Int, Address, Unsigned]),
    call(55, "getsockopt", &[Fd, Int, Int, Address, Address]),
    call(56, "clone", &[Hex, Address, Address, Address, Hex]),
    call(57, "fork", &[]),
    call(58, "vfork", &[]),
    call(59, "execve", &[Path, Texts, Address]),
    returning(60, "exit", &[Int], Returns::Nothing),
    call(61, "wait4", &[Int, IntsOut(1), Named(&sets::WAIT), Address]),
    call(62, "kill", &[Int, Signal]),
    call(63, "uname", &[StructOut(&UTSNAME)]),
    call(64, "semget", &[Int, Int, Hex]),
    call(65, "semop", &[Int, Address, Size]),
    call(66, "semctl", &[Int, Int, Int, Hex]),
    call(67, "shmdt", &[Address]),
    call(68, "msgget", &[Int, Hex]),
    call(69, "msgsnd", &[Int, Address, Size, Hex]),
    call(70, "msgrcv", &[Int, Address, Size, Long, Hex]),
    call(71, "msgctl", &[Int, Int, Address]),
    returning(
        72,
        "fcntl",
        &[Fd, Named(&sets::FCNTL), Fcntl],
        Returns::Fcntl,
    ),
    call(73, "flock", &[Fd, Named(&sets::FLOCK)]),
    call(74, "fsync", &[Fd]),
    call(75, "fdatasync", &[Fd]),
    call(76, "truncate", &[Path, Long]),
    call(77, "ftruncate", &[Fd, Long]),
    call(78, "getdents", &[Fd, Address, Unsigned]),
    call(79, "getcwd", &[OutText, Size]),
    call(80, "chdir", &[Path]),
    call(81, "fchdir", &[Fd]),
    call(82, "rename", &[Path, Path]),
    call(83, "mkdir", &[Path, Mode]),
    call(84, "rmdir", &[Path]),
    call(85, "creat", &[Path, Mode]),
    call(86, "link", &[Path, Path]),
    call(87, "unlink", &[Path]),
    call(88, "symlink", &[Path, Path]),
    call(89, "readlink", &[Path, OutText, Size]),
    call(90, "chmod", &[Path, Mode]),
    call(91, "fchmod", &[Fd, Mode]),
    call(92, "chown", &[Path, Id, Id]),
    call(93, "fchown", &[Fd, Id, Id]),
    call(94, "lchown", &[Path, Id, Id]),
    returning(95, "umask", &[Mode], Returns::Mode),
    call(96, "gettimeofday", &[StructOut(&TIMEVAL), Address]),
    call(
        97,
        "getrlimit",
        &[Named(&sets::RESOURCE), StructOut(&RLIMIT)],
    ),
    call(98, "getrusage", &[Named(&sets::USAGE), StructOut(&RUSAGE)]),
    call(99, "sysinfo", &[StructOut(&SYSINFO)]),
    call(100, "times", &[StructOut(&TMS)]),
    call(101, "ptrace", &[Int, Int, Address, Address]),
    call(102, "getuid", &[]),
    call(103, "syslog", &[Int, Address, Int]),
    call(104, "getgid", &[]),
    call(105, "setuid", &[Id]),
    call(106, "setgid", &[Id]),
    call(107, "geteuid", &[]),
    call(108, "getegid", &[]),
    call(109, "setpgid", &[Int, Int]),
    call(110, "getppid", &[]),
    call(111, "getpgrp", &[]),
    call(112, "setsid", &[]),
    call(113, "setreuid", &[Id, Id]),
    call(114, "setregid", &[Id, Id]),
    call(115, "getgroups", &[Int, Address]),
    call(116, "setgroups", &[Int, Address]),
    call(117, "setresuid", &[Id, Id, Id]),
    call(118, "getresuid", &[IntsOut(1), IntsOut(1), IntsOut(1)]),
    call(119, "setresgid", &[Id, Id, Id]),
    call(120, "getresgid", &[IntsOut(1), IntsOut(1), IntsOut(1)]),
    call(121, "getpgid", &[Int]),
    call(122, "setfsuid", &[Id]),
    call(123, "setfsgid", &[Id]),
    call(124, "getsid", &[Int]),
    call(125, "capget", &[Address, Address]),
    call(126, "capset", &[Address, Address]),
    call(127, "rt_sigpending", &[SignalsOut, Size]),
    call(
        128,
        "rt_sigtimedwait",
        &[Signals, Address, Struct(&TIMESPEC), Size],
    ),
    call(129, "rt_sigqueueinfo", &[Int, Signal, Address]),
    call(130, "rt_sigsuspend", &[Signals, Size]),
    call(
        131,
        "sigaltstack",
        &[Struct(&SIGNAL_STACK), StructOut(&SIGNAL_STACK)],
    ),
    call(132, "utime", &[Path, Address]),
    call(133, "mknod", &[Path, Mode, Hex]),
    call(135, "personality", &[Hex]),
    call(137, "statfs", &[Path, StructOut(&STATFS)]),
    call(138, "fstatfs", &[Fd, StructOut(&STATFS)]),
    call(140, "getpriority", &[Int, Int]),
    call(141, "setpriority", &[Int, Int, Int]),
    call(142, "sched_setparam", &[Int, Address]),
    call(143, "sched_getparam", &[Int, Address]),
    call(144, "sched_setscheduler", &[Int, Int, Address]),
    call(145, "sched_getscheduler", &[Int]),
    call(146, "sched_get_priority_max", &[Int]),
    call(147, "sched_get_priority_min", &[Int]),
    call(148, "sched_rr_get_interval", &[Int, StructOut(&TIMESPEC)]),
    call(149, "mlock", &[Address, Size]),
    call(150, "munlock", &[Address, Size]),
    call(151, "mlockall", &[Named(&sets::LOCK_ALL)]),
    call(152, "munlockall", &[]),
    call(157, "prctl", &[Named(&sets::PRCTL), Prctl]),
    call(158, "arch_prctl", &[Named(&sets::ARCH_PRCTL), Address]),
    call(160, "setrlimit", &[Named(&sets::RESOURCE), Struct(&RLIMIT)]),
    call(161, "chroot", &[Path]),
    call(162, "sync", &[]),
    call(164, "settimeofday", &[Struct(&TIMEVAL), Address]),
    call(165, "mount", &[Path, Path, Text, Hex, Address]),
    call(166, "umount2", &[Path, Hex]),
    call(169, "reboot", &[Hex, Hex, Hex, Address]),
    call(170, "sethostname", &[Text, Size]),
    call(171, "setdomainname", &[Text, Size]),
    call(186, "gettid", &[]),
    call(187, "readahead", &[Fd, Long, Size]),
    call(188, "setxattr", &[Path, Text, In(3), Size, Hex]),
    call(189, "lsetxattr", &[Path, Text, In(3), Size, Hex]),
    call(190, "fsetxattr", &[Fd, Text, In(3), Size, Hex]),
    call(191, "getxattr", &[Path, Text, Out, Size]),
    call(192, "lgetxattr", &[Path, Text, Out, Size]),
    call(193, "fgetxattr", &[Fd, Text, Out, Size]),
    call(194, "listxattr", &[Path, Out, Size]),
    call(195, "llistxattr", &[Path, Out, Size]),
    call(196, "flistxattr", &[Fd, Out, Size]),
    call(197, "removexattr", &[Path, Text]),
    call(198, "lremovexattr", &[Path, Text]),
    call(199, "fremovexattr", &[Fd, Text]),
    call(200, "tkill", &[Int, Signal]),
    call(201, "time", &[Address]),
    call(202, "futex", &[Address, Futex, Unsigned]),
    call(203, "sched_setaffinity", &[Int, Unsigned, Address]),
    call(204, "sched_getaffinity", &[Int, Unsigned, Address]),
    call(213, "epoll_create", &[Int]),
    call(217, "getdents64", &[Fd, Entries, Unsigned]),
    call(218, "set_tid_address", &[Address]),
    call(219, "restart_syscall", &[]),
    call(
        221,
        "fadvise64",
        &[Fd, Long, Size, Named(&sets::FILE_ADVICE)],
    ),
    call(
        222,
        "timer_create",
        &[Named(&sets::CLOCK), Address, IntsOut(1)],
    ),
    call(
        223,
        "timer_settime",
        &[
            Int,
            Named(&sets::TIMER),
            Struct(&ITIMERSPEC),
            StructOut(&ITIMERSPEC),
        ],
    ),
    call(224, "timer_gettime", &[Int, StructOut(&ITIMERSPEC)]),
    call(225, "timer_getoverrun", &[Int]),
    call(226, "timer_delete", &[Int]),
    call(
        227,
        "clock_settime",
        &[Named(&sets::CLOCK), Struct(&TIMESPEC)],
    ),
    call(
        228,
        "clock_gettime",
        &[Named(&sets::CLOCK), StructOut(&TIMESPEC)],
    ),
    call(
        229,
        "clock_getres",
        &[Named(&sets::CLOCK), StructOut(&TIMESPEC)],
    ),
    call(
        230,
        "clock_nanosleep",
        &[
            Named(&sets::CLOCK),
            Named(&sets::TIMER),
            Struct(&TIMESPEC),
            Address,
        ],
    ),
    returning(231, "exit_group", &[Int], Returns::Nothing),
    call(232, "epoll_wait", &[Fd, Address, Int, Int]),
    call(
        233,
        "epoll_ctl",
        &[Fd, Named(&sets::EPOLL_CONTROL), Fd, Address],
    ),
    call(234, "tgkill", &[Int, Int, Signal]),
    call(235, "utimes", &[Path, Pair(&TIMEVAL)]),
    call(
        247,
        "waitid",
        &[
            Named(&sets::WAIT_FOR),
            Int,
            Address,
            Named(&sets::WAIT),
            Address,
        ],
    ),
    call(253, "inotify_init", &[]),
    call(254, "inotify_add_watch", &[Fd, Path, Hex]),
    call(255, "inotify_rm_watch", &[Fd, Int]),
    call(
        257,
        "openat",
        &[Folder, Path, Named(&sets::OPEN), ModeIfCreated(2)],
    ),
    call(258, "mkdirat", &[Folder, Path, Mode]),
    call(259, "mknodat", &[Folder, Path, Mode, Hex]),
    call(260, "fchownat", &[Folder, Path, Id, Id, Named(&sets::AT)]),
    call(261, "futimesat", &[Folder, Path, Pair(&TIMEVAL)]),
    call(
        262,
        "newfstatat",
        &[Folder, Path, StructOut(&STAT), Named(&sets::AT)],
    ),
    call(263, "unlinkat", &[Folder, Path, Named(&sets::AT_UNLINK)]),
    call(264, "renameat", &[Folder, Path, Folder, Path]),
    call(
        265,
        "linkat",
        &[Folder, Path, Folder, Path, Named(&sets::AT)],
    ),
    call(266, "symlinkat", &[Path, Folder, Path]),
    call(267, "readlinkat", &[Folder, Path, OutText, Size]),
    call(268, "fchmodat", &[Folder, Path, Mode]),
    call(269, "faccessat", &[Folder, Path, Named(&sets::ACCESS)]),
    call(
        270,
        "pselect6",
        &[Int, Address, Address, Address, Struct(&TIMESPEC), Address],
    ),
    returning(
        271,
        "ppoll",
        &[Poll(1), Unsigned, Struct(&TIMESPEC), Signals, Size],
        Returns::Ready,
    ),
    call(272, "unshare", &[Hex]),
    call(273, "set_robust_list", &[Address, Size]),
    call(274, "get_robust_list", &[Int, Address, Address]),
    call(275, "splice", &[Fd, Address, Fd, Address, Size, Hex]),
    call(276, "tee", &[Fd, Fd, Size, Hex]),
    call(277, "sync_file_range", &[Fd, Long, Long, Hex]),
    call(278, "vmsplice", &[Fd, Address, Size, Hex]),
    call(
        280,
        "utimensat",
        &[Folder, Path, Pair(&TIMESPEC), Named(&sets::AT)],
    ),
    call(281, "epoll_pwait", &[Fd, Address, Int, Int, Signals, Size]),
    call(282, "signalfd", &[Fd, Signals, Size]),
    call(
        283,
        "timerfd_create",
        &[Named(&sets::CLOCK), Named(&sets::CLOEXEC)],
    ),
    call(284, "eventfd", &[Unsigned]),
    call(285, "fallocate", &[Fd, Named(&sets::FALLOCATE), Long, Long]),
    call(
        286,
        "timerfd_settime",
        &[
            Fd,
            Named(&sets::TIMER),
            Struct(&ITIMERSPEC),
            StructOut(&ITIMERSPEC),
        ],
    ),
    call(287, "timerfd_gettime", &[Fd, StructOut(&ITIMERSPEC)]),
    call(
        288,
        "accept4",
        &[Fd, Address, Address, Named(&sets::CLOEXEC)],
    ),
    call(
        289,
        "signalfd4",
        &[Fd, Signals, Size, Named(&sets::CLOEXEC)],
    ),
    call(290, "eventfd2", &[Unsigned, Named(&sets::CLOEXEC)]),
    call(291, "epoll_create1", &[Named(&sets::EPOLL_CREATE)]),
    call(292, "dup3", &[Fd, Fd, Named(&sets::CLOEXEC)]),
    call(293, "pipe2", &[IntsOut(2), Named(&sets::CLOEXEC)]),
    call(294, "inotify_init1", &[Named(&sets::CLOEXEC)]),
    call(295, "preadv", &[Fd, VectorsOut(2), Int, Long]),
    call(296, "pwritev", &[Fd, Vectors(2), Int, Long]),
    call(297, "rt_tgsigqueueinfo", &[Int, Int, Signal, Address]),
    call(298, "perf_event_open", &[Address, Int, Int, Fd, Hex]),
    call(299, "recvmmsg", &[Fd, Address, Unsigned, Hex, Address]),
    call(
        302,
        "prlimit64",
        &[
            Int,
            Named(&sets::RESOURCE),
            Struct(&RLIMIT),
            StructOut(&RLIMIT),
        ],
    ),
    call(
        303,
        "name_to_handle_at",
        &[Folder, Path, Address, Address, Hex],
    ),
    call(306, "syncfs", &[Fd]),
    call(307, "sendmmsg", &[Fd, Address, Unsigned, Hex]),
    call(309, "getcpu", &[IntsOut(1), IntsOut(1), Address]),
    call(
        310,
        "process_vm_readv",
        &[Int, Address, Size, Address, Size, Hex],
    ),
    call(
        311,
        "process_vm_writev",
        &[Int, Address, Size, Address, Size, Hex],
    ),
    call(314, "sched_setattr", &[Int, Address, Hex]),
    call(315, "sched_getattr", &[Int, Address, Unsigned, Hex]),
    call(
        316,
        "renameat2",
        &[Folder, Path, Folder, Path, Named(&sets::RENAME)],
    ),
    call(317, "seccomp", &[Int, Hex, Address]),
    call(318, "getrandom", &[Random, Size, Named(&sets::RANDOM)]),
    call(319, "memfd_create", &[Text, Named(&sets::MEMFD)]),
    call(321, "bpf", &[Int, Address, Unsigned]),
    call(
        322,
        "execveat",
        &[Folder, Path, Texts, Address, Named(&sets::AT)],
    ),
    call(323, "userfaultfd", &[Named(&sets::CLOEXEC)]),
    call(324, "membarrier", &[Int, Hex, Int]),
    call(325, "mlock2", &[Address, Size, Hex]),
    call(
        326,
        "copy_file_range",
        &[Fd, Address, Fd, Address, Size, Hex],
    ),
    call(
        327,
        "preadv2",
        &[Fd, VectorsOut(2), Int, Long, Long, Named(&sets::READ_WRITE)],
    ),
    call(
        328,
        "pwritev2",
        &[Fd, Vectors(2), Int, Long, Long, Named(&sets::READ_WRITE)],
    ),
    call(
        329,
        "pkey_mprotect",
        &[Address, Size, Named(&sets::PROTECTION), Int],
    ),
    call(330, "pkey_alloc", &[Hex, Hex]),
    call(331, "pkey_free", &[Int]),
    call(
        332,
        "statx",
        &[
            Folder,
            Path,
            Named(&sets::AT_STATX),
            Named(&sets::STATX),
            StructOut(&STATX),
        ],
    ),
    call(334, "rseq", &[Address, Hex, Hex, Hex]),
    call(424, "pidfd_send_signal", &[Fd, Signal, Address, Hex]),
    call(425, "io_uring_setup", &[Unsigned, Address]),
    call(
        426,
        "io_uring_enter",
        &[Fd, Unsigned, Unsigned, Hex, Address, Size],
    ),
    call(427, "io_uring_register", &[Fd, Unsigned, Address, Unsigned]),
    call(434, "pidfd_open", &[Int, Hex]),
    call(435, "clone3", &[Address, Size]),
    call(
        436,
        "close_range",
        &[Unsigned, Unsigned, Named(&sets::CLOSE_RANGE)],
    ),
    call(437, "openat2", &[Folder, Path, Address, Size]),
    call(438, "pidfd_getfd", &[Fd, Fd, Hex]),
    call(
        439,
        "faccessat2",
        &[Folder, Path, Named(&sets::ACCESS), Named(&sets::AT_ACCESS)],
    ),
    call(
        441,
        "epoll_pwait2",
        &[Fd, Address, Int, Struct(&TIMESPEC), Signals, Size],
    ),
    call(444, "landlock_create_ruleset", &[Address, Size, Hex]),
    call(
        449,
        "futex_waitv",
        &[Address, Unsigned, Hex, Address, Named(&sets::CLOCK)],
    ),
    call(452, "fchmodat2", &[Folder, Path, Mode, Named(&sets::AT)]),
    call(453, "map_shadow_stack", &[Address, Size, Hex]),
];

/// The one with this number.
pub(super) fn find(number: u64) -> Option<&'static Call> {
    let number = u16::try_from(number).ok()?;
    let index = CALLS.binary_search_by_key(&number, |call| call.number);
    CALLS.get(index.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_sorted_by_number() {
        assert!(CALLS.is_sorted_by(|a, b| a.number < b.number));
        assert_eq!(find(231).map(|call| call.name), Some("exit_group"));
        assert!(find(1000).is_none());
    }

    #[test]
    fn names_are_those_of_linux() {
        for call in CALLS {
            let name = crate::support::name_of(u32::from(call.number));
            assert_eq!(name, Some(call.name));
        }
    }

    #[test]
    fn counting_arguments_are_there() {
        for call in CALLS {
            for capture in call.captures() {
                assert!(usize::from(capture.count) < 6, "{}", call.name);
            }
            assert!(call.args.len() <= 6, "{}", call.name);
        }
    }

    #[test]
    #[cfg(feature = "builtin")]
    fn each_call_of_the_kernel_is_shown_under_its_name() {
        let support = crate::kernel::support_of("builtin").unwrap();
        for known in support.iter() {
            let name = find(u64::from(known.number)).map(|call| call.name);
            assert_eq!(name, Some(known.name.as_str()), "{}", known.number);
        }
    }
}
