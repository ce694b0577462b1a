//! Which system calls are drawn, and what their arguments are drawn from; how: [`draw`](super::draw).

/// What a call's arguments are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A descriptor, good or bad; never stdout or stderr.
    Fd,
    /// What `dup2(2)` closes: a descriptor that the program does not need.
    FreeFd,
    /// A directory's descriptor, or the working directory.
    Folder,
    /// A path.
    Path,
    /// What the kernel reads.
    In,
    /// Pairs of an address and a length (`struct iovec`).
    Pairs,
    /// What the kernel writes.
    Out,
    /// A length or a count.
    Len,
    /// A position in a file.
    Offset,
    /// Flags among these.
    Flags(u64),
    /// A number below this one, or a bad one.
    Below(u64),
    /// A short time, or a bad address.
    Time,
    /// Pages of the arena.
    Pages,
    /// The length of a mapping.
    Span,
    /// The same, and nothing that reaches far: madvise(2) goes on behind what is not mapped, up to the program's stack.
    Near,
    /// This value.
    Just(u64),
    /// Anything.
    Any,
}

use Kind::{
    Any, Below, Fd, Flags, Folder, FreeFd, In, Just, Len, Near, Offset, Out, Pages, Pairs, Path,
    Span, Time,
};

/// `ALL` in each list of advice, clocks and the like is a little more than there are.
const FEW: Kind = Below(12);
const OPEN: Kind = Flags(0o37_777_703);
/// `O_WRONLY`, `O_RDWR`, `O_CREAT`, `O_TRUNC`, `O_APPEND`.
const USUAL: Kind = Flags(0o3103);
const AT: Kind = Flags(0x1f00);
const MODE: Kind = Flags(0o7777);
/// Neither `POLLIN` of a stream nor a missing time-out may wait: milliseconds, not negative.
const MOMENT: Kind = Below(2);
/// Without `FUTEX_WAIT` and its kin, which have a time-out of their own here.
const FUTEX: Kind = Flags(0x1ff);
/// All flags but `MAP_LOCKED` and `MAP_POPULATE`, which would fill the memory.
const MAP: Kind = Flags(0x11_4133);

/// Calls and what their arguments are drawn from.
pub(super) const CALLS: &[(u64, &[Kind])] = &[
    (0, &[Fd, Out, Len]),
    (1, &[Fd, In, Len]),
    (2, &[Path, OPEN, MODE]),
    (2, &[Path, USUAL, MODE]),
    (2, &[Path, Below(3)]),
    (2, &[Path, Just(0o102), Just(0o666)]),
    (257, &[Folder, Path, USUAL, MODE]),
    (257, &[Folder, Path, Just(0o102), Just(0o666)]),
    (257, &[Folder, Path, Just(0o200_000)]),
    (3, &[FreeFd]),
    (4, &[Path, Out]),
    (5, &[Fd, Out]),
    (6, &[Path, Out]),
    (7, &[In, Below(20), MOMENT]),
    (8, &[Fd, Offset, Below(6)]),
    (9, &[Pages, Span, Flags(7), MAP, Fd, Offset]),
    (9, &[Pages, Span, Flags(7), Just(0x32), Any, Just(0)]),
    (9, &[Pages, Span, Flags(3), Just(0x11), Fd, Just(0)]),
    (9, &[Pages, Span, Flags(7), Just(0x12), Fd, Just(4096)]),
    (10, &[Pages, Span, Flags(7)]),
    (11, &[Pages, Span]),
    (12, &[Just(0)]),
    (13, &[Below(70), In, Out, Just(8)]),
    (14, &[FEW, In, Out, Just(8)]),
    (16, &[Fd, Below(0x5460), Out]),
    (16, &[Fd, Just(0x5421), In]),
    (17, &[Fd, Out, Len, Offset]),
    (18, &[Fd, In, Len, Offset]),
    (19, &[Fd, Pairs, Below(6)]),
    (20, &[Fd, Pairs, Below(6)]),
    (21, &[Path, Below(10)]),
    (23, &[Below(70), Out, Out, Out, Time]),
    (24, &[]),
    (25, &[Pages, Span, Span, Flags(7), Pages]),
    (26, &[Pages, Span, Flags(7)]),
    (27, &[Pages, Span, Out]),
    (28, &[Pages, Near, Below(30)]),
    (32, &[Fd]),
    (33, &[Fd, FreeFd]),
    (35, &[Time, Out]),
    (36, &[FEW, Out]),
    (39, &[]),
    (40, &[Fd, Fd, Out, Len]),
    (61, &[Any, Out, Flags(0xf), Out]),
    (63, &[Out]),
    (72, &[Fd, Below(16), In]),
    (72, &[Fd, Below(1040), Below(64)]),
    // LOCK_SH and LOCK_EX with LOCK_NB, LOCK_UN: without LOCK_NB they wait for a lock that nobody gives back.
    (73, &[Fd, Just(5)]),
    (73, &[Fd, Just(6)]),
    (73, &[Fd, Just(8)]),
    (74, &[Fd]),
    (75, &[Fd]),
    (76, &[Path, Offset]),
    (77, &[Fd, Offset]),
    (79, &[Out, Len]),
    (80, &[Path]),
    (81, &[Fd]),
    (82, &[Path, Path]),
    (83, &[Path, MODE]),
    (84, &[Path]),
    (85, &[Path, MODE]),
    (86, &[Path, Path]),
    (87, &[Path]),
    (88, &[Path, Path]),
    (89, &[Path, Out, Len]),
    (90, &[Path, MODE]),
    (91, &[Fd, MODE]),
    (92, &[Path, Any, Any]),
    (93, &[Fd, Any, Any]),
    (94, &[Path, Any, Any]),
    (95, &[MODE]),
    (96, &[Out, Out]),
    (97, &[FEW, Out]),
    (98, &[Any, Out]),
    (99, &[Out]),
    (100, &[Out]),
    (102, &[]),
    (104, &[]),
    (107, &[]),
    (108, &[]),
    (110, &[]),
    (111, &[]),
    (112, &[]),
    (115, &[Len, Out]),
    (118, &[Out, Out, Out]),
    (120, &[Out, Out, Out]),
    (121, &[Any]),
    (124, &[Any]),
    (127, &[Out, Len]),
    (131, &[In, Out]),
    (132, &[Path, In]),
    (133, &[Path, Flags(0o177_777), Any]),
    (135, &[Just(0)]),
    (135, &[Just(0xffff_ffff)]),
    (137, &[Path, Out]),
    (138, &[Fd, Out]),
    (140, &[Below(4), Below(3)]),
    (142, &[Below(2), In]),
    (143, &[Below(2), Out]),
    (144, &[Below(2), Just(0), In]),
    (145, &[Any]),
    (146, &[FEW]),
    (147, &[FEW]),
    (149, &[Pages, Span]),
    (150, &[Pages, Span]),
    (152, &[]),
    (157, &[Below(64), Any, Any]),
    (157, &[Just(15), In]),
    (158, &[Below(0x1001), Any]),
    (158, &[Below(0x4000), Out]),
    (162, &[]),
    (186, &[]),
    (187, &[Fd, Offset, Len]),
    (188, &[Path, Path, In, Len, Flags(3)]),
    (190, &[Fd, Path, In, Len, Flags(3)]),
    (191, &[Path, Path, Out, Len]),
    (193, &[Fd, Path, Out, Len]),
    (194, &[Path, Out, Len]),
    (196, &[Fd, Out, Len]),
    (197, &[Path, Path]),
    (199, &[Fd, Path]),
    (201, &[Out]),
    (202, &[Out, FUTEX, Any, Time, Out, Any]),
    (203, &[Below(2), Len, In]),
    (204, &[Below(2), Len, Out]),
    (217, &[Fd, Out, Len]),
    (221, &[Fd, Offset, Len, Below(8)]),
    (224, &[Below(8), Out]),
    (225, &[Below(8)]),
    (226, &[Below(8)]),
    (228, &[Any, Out]),
    (228, &[FEW, Out]),
    (229, &[FEW, Out]),
    (230, &[FEW, Just(0), Time, Out]),
    (235, &[Path, In]),
    (247, &[FEW, Any, Out, Flags(0xf), Out]),
    (254, &[Fd, Path, Any]),
    (255, &[Fd, Any]),
    (257, &[Folder, Path, OPEN, MODE]),
    (258, &[Folder, Path, MODE]),
    (259, &[Folder, Path, Flags(0o177_777), Any]),
    (260, &[Folder, Path, Any, Any, AT]),
    (261, &[Folder, Path, In]),
    (262, &[Folder, Path, Out, AT]),
    (263, &[Folder, Path, AT]),
    (264, &[Folder, Path, Folder, Path]),
    (265, &[Folder, Path, Folder, Path, AT]),
    (266, &[Path, Folder, Path]),
    (267, &[Folder, Path, Out, Len]),
    (268, &[Folder, Path, MODE]),
    (269, &[Folder, Path, Below(10)]),
    (270, &[Below(70), Out, Out, Out, Time]),
    (270, &[Below(70), Out, Out, Out, Time, In]),
    (271, &[In, Below(20), Time, In, Just(8)]),
    (274, &[Any, Out, Out]),
    (275, &[Fd, Out, Fd, Out, Len, Flags(0xf)]),
    (276, &[Fd, Fd, Len, Flags(0xf)]),
    (277, &[Fd, Offset, Offset, Flags(7)]),
    (278, &[Fd, Pairs, Below(1030), Flags(0xf)]),
    (280, &[Folder, Path, In, AT]),
    (285, &[Fd, Flags(0x7f), Offset, Len]),
    (292, &[Fd, FreeFd, Flags(0o2_004_000)]),
    (295, &[Fd, Pairs, Below(6), Offset]),
    (296, &[Fd, Pairs, Below(6), Offset]),
    (302, &[Below(3), Below(20), Just(0), Out]),
    (306, &[Fd]),
    (309, &[Out, Out, Out]),
    (316, &[Folder, Path, Folder, Path, Flags(7)]),
    (318, &[Out, Len, Flags(7)]),
    (319, &[Path, Flags(0x1f)]),
    (325, &[Pages, Span, Flags(3)]),
    (326, &[Fd, Out, Fd, Out, Len, Flags(1)]),
    (327, &[Fd, Pairs, Below(6), Offset, Any, Flags(0x1f)]),
    (328, &[Fd, Pairs, Below(6), Offset, Any, Flags(0x1f)]),
    (329, &[Pages, Span, Flags(7), Below(3)]),
    (330, &[Flags(3), Flags(3)]),
    (331, &[Any]),
    (332, &[Folder, Path, AT, Flags(0xffff), Out]),
    (334, &[In, Len, Flags(1), Any]),
    (436, &[Just(10), Below(64), Flags(7)]),
    (437, &[Folder, Path, In, Len]),
    (439, &[Folder, Path, Below(10), AT]),
    (452, &[Folder, Path, MODE, AT]),
    (1000, &[Any, Any, Any, Any, Any, Any]),
    (0x4000_0000, &[Any, Any]),
    (u64::MAX, &[Any]),
];

/// Calls of the kernel that are not drawn: they end the program or its thread, wait for what never comes, send or arrange for
/// signals, make processes, or take away what the program stands on.
pub(super) const LEFT_OUT: &[u64] = &[
    // pause, exit, exit_group, rt_sigreturn, rt_sigtimedwait, rt_sigsuspend, restart_syscall
    34, 60, 231, 15, 128, 130,
    219, // alarm, setitimer, timer_create, timer_settime, signalfd, timerfd
    37, 38, 222, 223, 282, 283, 286, 287,
    289, // kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo
    62, 200, 234, 129, 297, // clone, fork, vfork, execve, execveat, clone3
    56, 57, 58, 59, 322, 435, // setrlimit, chroot, set_tid_address, set_robust_list, mlockall
    160, 161, 218, 273, 151, // inotify, which is refused as fork is
    253, 294, // clock_settime, settimeofday
    227, 164, // setpriority, of others too on Linux
    141, // setuid, setgid, setreuid, setregid, setgroups, setresuid, setresgid, setfsuid, setfsgid
    105, 106, 113, 114, 116, 117, 119, 122, 123, // as their kin without l
    189, 192, 195, 198,
];

/// Whether a system call is drawn.
#[must_use]
pub(super) fn is_drawn(number: u64) -> bool {
    CALLS.iter().any(|(drawn, _)| *drawn == number)
}
