//! System calls by chance, from a seed: for the fuzzer on simulated memory here, and for the guest of the same name.
//!
//! Nothing that is drawn ends the program or waits for ever: what would is left out ([`LEFT_OUT`](super::calls::LEFT_OUT)) or drawn within bounds. The
//! program lends three ranges: *constants*, which it fills once and then may only read; *scratch*, which calls read and write;
//! and an *arena* for mappings. Nothing of the program's own lies within [`REACH`] behind each of them.

use super::calls::CALLS;
use super::calls::Kind;
use super::calls::Kind::{
    Any, Below, Fd, Flags, Folder, FreeFd, In, Just, Len, Near, Offset, Out, Pages, Pairs, Path,
    Span, Time,
};

/// How far calls may go beyond a range that they are given.
pub(super) const REACH: u64 = 8 << 20;

/// Length of the constants.
pub(super) const CONSTANTS: usize = 4096;

/// Length of the scratch memory.
pub(super) const SCRATCH: u64 = 64 << 10;

/// Length of the arena.
const ARENA: u64 = 4 << 20;

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
            Near if self.once_in(16) => self.one_of(&[0, u64::MAX]),
            Span if self.once_in(16) => {
                self.one_of(&[0, u64::MAX, 1 << 63, 1 << 47, u64::MAX - 4095])
            }
            Near | Span => 4096 * self.below(40) + self.one_of(&[0, 0, 0, 1, 4095]),
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
