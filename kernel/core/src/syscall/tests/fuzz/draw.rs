//! System calls by chance, from a seed: for the fuzzer on simulated memory here, and for the guest of the same name.
//!
//! Nothing that is drawn ends the program or waits for ever: what would is left out ([`LEFT_OUT`]) or drawn within bounds. The
//! program lends three ranges: *constants*, which it fills once and then may only read; *scratch*, which calls read and write;
//! and an *arena* for mappings. Nothing of the program's own lies within [`REACH`] behind each of them.

/// How far calls may go beyond a range that they are given.
pub(super) const REACH: u64 = 8 << 20;

/// Length of the constants.
pub(super) const CONSTANTS: usize = 4096;

/// Length of the scratch memory.
pub(super) const SCRATCH: u64 = 64 << 10;

/// Length of the arena.
const ARENA: u64 = 4 << 20;

/// What a call's arguments are drawn from.
#[derive(Debug, Clone, Copy)]
enum Kind {
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
    /// This value.
    Just(u64),
    /// Anything.
    Any,
}

use Kind::{
    Any, Below, Fd, Flags, Folder, FreeFd, In, Just, Len, Offset, Out, Pages, Pairs, Path, Span,
    Time,
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
const CALLS: &[(u64, &[Kind])] = &[
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
    (24, &[]),
    (25, &[Pages, Span, Span, Flags(7), Pages]),
    (26, &[Pages, Span, Flags(7)]),
    (27, &[Pages, Span, Out]),
    (28, &[Pages, Span, Below(30)]),
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
    (73, &[Fd, Flags(0xf)]),
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
    (137, &[Path, Out]),
    (138, &[Fd, Out]),
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
    227, 164, // as their kin without l
    189, 192, 195, 198,
];

/// A system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call {
    /// Its number.
    pub number: u64,
    /// Its arguments.
    pub args: [u64; 6],
}

/// What the program lends: the first byte of each range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranges {
    /// [`CONSTANTS`] bytes.
    pub constants: u64,
    /// [`SCRATCH`] bytes.
    pub scratch: u64,
    /// For mappings.
    pub arena: u64,
}

/// Draws calls.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    state: u64,
    ranges: Ranges,
}

/// Paths, as they lie in the constants one behind the other.
const PATHS: &[&str] = &[
    "/",
    ".",
    "..",
    "",
    "a",
    "a/b",
    "../a",
    "/tmp",
    "/tmp/a",
    "/tmp/b",
    "/tmp/c",
    "/tmp/a/b",
    "/tmp/a/../b/",
    "/tmp/loop",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/urandom",
    "/dev/fd/3",
    "/dev/shm/a",
    "/proc/self/maps",
    "/proc/self/fd",
    "/proc/self/exe",
    "/proc/meminfo",
    "/etc/hosts",
    "//tmp//./a",
    "user.name",
];

/// Where times begin in the constants: nothing, a microsecond, and two that are wrong.
const TIMES: u64 = 1024;
const N_TIMES: u64 = 4;

/// Where pairs of an address and a length begin in the constants.
const PAIRS: u64 = 1280;

/// Where words of all kinds begin in the constants.
const LISTS: u64 = 2048;

/// Length of a path that is too long for a name and not for a path.
const LONG: usize = 300;

impl Draw {
    /// Draws from `seed`.
    #[must_use]
    pub(super) fn new(seed: u64, ranges: Ranges) -> Self {
        Self {
            state: seed,
            ranges,
        }
    }

    /// What belongs into the constants.
    #[must_use]
    pub(super) fn constants(&mut self) -> [u8; CONSTANTS] {
        let mut bytes = [0; CONSTANTS];
        let mut at = 0;
        for path in PATHS {
            bytes[at..at + path.len()].copy_from_slice(path.as_bytes());
            at += path.len() + 1;
        }
        bytes[at..at + LONG].fill(b'x');
        assert!(at + LONG < TIMES as usize, "the paths have no room");
        let mut put = |at: u64, word: u64| {
            let at = at as usize;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        };
        let times: [(u64, u64); N_TIMES as usize] =
            [(0, 0), (0, 1000), (0, u64::MAX), (1 << 63, 0)];
        for (index, (seconds, nanos)) in (0_u64..).zip(times) {
            put(TIMES + 16 * index, seconds);
            put(TIMES + 16 * index + 8, nanos);
        }
        for at in (PAIRS..LISTS).step_by(16) {
            let (address, len) = (self.value(Out), self.value(Len));
            put(at, address);
            put(at + 8, len);
        }
        let mut at = LISTS;
        while at < CONSTANTS as u64 {
            let word = match self.below(4) {
                0 => self.value(Len),
                1 => self.value(Out),
                2 => self.value(Any),
                _ => self.below(64),
            };
            put(at, word);
            at += 8;
        }
        bytes
    }

    /// A word for the scratch memory.
    pub(super) fn word(&mut self) -> u64 {
        match self.below(3) {
            0 => self.value(Out),
            1 => self.below(1 << 16),
            _ => self.value(Any),
        }
    }

    /// The next call.
    pub(super) fn call(&mut self) -> Call {
        let (number, kinds) = CALLS[self.below(CALLS.len() as u64) as usize];
        let mut args = [0; 6];
        for (arg, kind) in args.iter_mut().zip(kinds) {
            *arg = self.value(*kind);
        }
        Call { number, args }
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Whether something happens that does so once in `n` times.
    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn one_of(&mut self, values: &[u64]) -> u64 {
        values[self.below(values.len() as u64) as usize]
    }

    fn value(&mut self, kind: Kind) -> u64 {
        match kind {
            Fd if self.once_in(12) => self.bad_fd(),
            Fd if self.once_in(20) => 0,
            Fd => 3 + self.below(8),
            FreeFd if self.once_in(8) => self.bad_fd(),
            FreeFd => 3 + self.below(12),
            Folder if self.once_in(2) => (-100_i64).cast_unsigned(),
            Folder => self.value(Fd),
            Path if self.once_in(16) => self.value(In),
            Path => self.ranges.constants + self.path(),
            In => self.readable(),
            Pairs if self.once_in(8) => self.readable(),
            Pairs => self.ranges.constants + PAIRS + 16 * self.below((LISTS - PAIRS) / 16),
            Out => self.writable(),
            Len if self.once_in(24) => self.one_of(&[
                1 << 20,
                1 << 31,
                0xffff_ffff,
                1 << 63,
                u64::MAX,
                u64::MAX - 4095,
            ]),
            Len => self.one_of(&[
                0, 1, 2, 7, 8, 16, 24, 32, 64, 100, 144, 255, 512, 1000, 4095, 4096, 4097, 8192,
                20_000,
            ]),
            Offset if self.once_in(16) => self.one_of(&[
                1 << 31,
                1 << 32,
                1 << 40,
                1 << 62,
                u64::MAX >> 1,
                u64::MAX,
                1 << 63,
            ]),
            Offset => self.one_of(&[0, 1, 511, 512, 4095, 4096, 4097, 12_288, 65_536, 100_000]),
            Flags(_) if self.once_in(64) => self.next(),
            Flags(all) => self.next() & self.next() & all,
            Below(limit) if limit > 2 && self.once_in(32) => self.value(Any),
            Below(limit) => self.below(limit),
            Time => match self.below(8) {
                // Not null: that is no time at all, and would wait for ever.
                0 => self.bad_address().max(1),
                _ => self.ranges.constants + TIMES + 16 * self.below(N_TIMES),
            },
            Pages => self.pages(),
            Span if self.once_in(16) => {
                self.one_of(&[0, u64::MAX, 1 << 63, 1 << 47, u64::MAX - 4095])
            }
            Span => 4096 * self.below(40) + self.one_of(&[0, 0, 0, 1, 4095]),
            Just(value) => value,
            Any => match self.below(5) {
                0 => self.below(64),
                1 => 1 << self.below(64),
                2 => u64::MAX - self.below(64),
                3 => self.value(Out),
                _ => self.next(),
            },
        }
    }

    fn bad_fd(&mut self) -> u64 {
        self.one_of(&[
            200,
            1023,
            1024,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            u64::MAX,
            0xffff_ff9c,
            1 << 32 | 3,
        ])
    }

    /// Where a path begins, or the middle of one.
    fn path(&mut self) -> u64 {
        let index = self.below(PATHS.len() as u64 + 1) as usize;
        let before: usize = PATHS.iter().take(index).map(|path| path.len() + 1).sum();
        before as u64
    }

    fn readable(&mut self) -> u64 {
        match self.below(8) {
            0 => self.bad_address(),
            1..=3 => self.ranges.constants + LISTS + 8 * self.below(200),
            4 => self.ranges.arena + self.below(ARENA),
            _ => self.ranges.scratch + 8 * self.below(SCRATCH / 8),
        }
    }

    fn writable(&mut self) -> u64 {
        match self.below(10) {
            0 => self.bad_address(),
            1 => self.ranges.constants + self.below(CONSTANTS as u64),
            2 => self.ranges.arena + self.below(ARENA),
            3 => self.ranges.scratch + SCRATCH - self.below(64),
            _ => self.ranges.scratch + 8 * self.below(SCRATCH / 8),
        }
    }

    fn pages(&mut self) -> u64 {
        match self.below(24) {
            0 => self.bad_address(),
            1 => self.ranges.arena + self.below(ARENA),
            2 => 0,
            _ => self.ranges.arena + self.below(ARENA) / 4096 * 4096,
        }
    }

    fn bad_address(&mut self) -> u64 {
        self.one_of(&[
            0,
            1,
            4095,
            0x7fff_ffff_f000,
            0x7fff_ffff_ffff,
            0x8000_0000_0000,
            0xdead_0000_0000_0000,
            0xffff_8000_0000_0000,
            0xffff_ffff_8000_0000,
            0xffff_ffff_ffff_f000,
            u64::MAX,
        ])
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }
}

/// Whether a system call is drawn.
#[must_use]
pub(super) fn is_drawn(number: u64) -> bool {
    CALLS.iter().any(|(drawn, _)| *drawn == number)
}
