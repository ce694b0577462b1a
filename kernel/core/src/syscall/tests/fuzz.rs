//! Random system calls with arguments that no sane program would use: the kernel must neither panic nor lose memory.
//!
//! # How to add calls
//! Put their numbers into a list like [`MEMORY`], and a test beside that of the list.

use std::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::frame::usage;

use crate::memory::layout::numbers;
use crate::testing::{Process, operations};

/// What works on memory.
const MEMORY: [u32; 17] = [
    linux::__NR_mmap,
    linux::__NR_mmap,
    linux::__NR_mmap,
    linux::__NR_munmap,
    linux::__NR_mprotect,
    linux::__NR_mremap,
    linux::__NR_madvise,
    linux::__NR_mincore,
    linux::__NR_msync,
    linux::__NR_mlock,
    linux::__NR_mlock2,
    linux::__NR_munlock,
    linux::__NR_mlockall,
    linux::__NR_munlockall,
    linux::__NR_brk,
    linux::__NR_pkey_mprotect,
    linux::__NR_pkey_alloc,
];

/// Where sane arguments point to.
const WINDOW: u64 = 0x4000_0000;

/// An argument: an address or length of some pages, a small number, flags, or anything.
fn argument(random: &mut impl FnMut() -> u64) -> u64 {
    let number = random() >> 8;
    match random() % 12 {
        0..=3 => WINDOW + number % 64 * 4096,
        4..=5 => number % 16 * 4096,
        6 => number % 12,
        7 => 1 << (number % 64),
        8 => (1_u64 << (number % 64)).wrapping_neg(),
        9 => number % 0x4_0000,
        10 => 0x7fff_ffff_f000 - number % 8 * 2048,
        _ => random(),
    }
}

/// What mostly is no nonsense, so that not every call ends at its first check.
fn arguments(number: u32, random: &mut impl FnMut() -> u64) -> Vec<u64> {
    let mut args: Vec<u64> = (0..6).map(|_| argument(random)).collect();
    if number == linux::__NR_mmap && !random().is_multiple_of(8) {
        let flags = [
            0x32, 0x31, 0x12, 0x11, 0x22, 0x100_032, 0x2032, 0x8032, 0x4_0032,
        ];
        let pick = usize::try_from(random() % flags.len() as u64).unwrap();
        args[2] = random() % 8;
        args[3] = flags[pick];
        args[4] = 3 + random() % 3;
        args[5] = random() % 8 * 4096;
    }
    args
}

fn hammer(seed: u64, numbers_of_calls: &[u32], calls: usize) {
    let free = usage().free;
    let mut random = numbers(seed);
    let mut process = Process::new();
    for path in ["/small", "/large", "/tmp/new"] {
        process.open(path, linux::O_RDWR | linux::O_CREAT).unwrap();
    }
    for step in 0..calls {
        let pick = usize::try_from(random() % numbers_of_calls.len() as u64).unwrap();
        let number = numbers_of_calls[pick];
        let args = arguments(number, &mut random);
        let _ = process.call(number, &args);
        if step.is_multiple_of(16) {
            let fd = 3 + random() % 3;
            let _ = process.call(linux::__NR_ftruncate, &[fd, random() % 40_000]);
            let at = WINDOW + random() % 64 * 4096;
            let _ = process.call(linux::__NR_read, &[fd, at, random() % 9000]);
            let _ = process.call(linux::__NR_write, &[fd, at, random() % 9000]);
            process.kernel.settle_memory();
        }
        let mut end = 0;
        for (pages, _) in process.kernel.memory.areas() {
            assert!(
                pages.start >= end && pages.start < pages.end,
                "after call {step}, {number} {args:x?}"
            );
            end = pages.end;
        }
    }
    drop(process);
    assert_eq!(usage().free, free, "frames were lost");
}

#[test]
fn memory_withstands_random_calls() {
    for seed in 0..4 {
        hammer(seed, &MEMORY, operations(8000) / 4);
    }
}
