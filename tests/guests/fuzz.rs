//! Makes system calls by chance, from a seed: nothing may end it, and nothing may hold it up. What the kernel writes into the
//! scratch memory is drawn upon, too, so that a seed repeats itself but for times and random numbers.
//@ native: no
//@ module: kernel/core/src/syscall/tests/chance/calls.rs
//@ module: kernel/core/src/syscall/tests/chance/draw.rs
//@ args: 1 50000
//@ stdout: seed 1: 50000 calls were answered\n
use std::arch::asm;

#[allow(dead_code)]
mod calls;
mod draw;

use draw::{Draw, Ranges};

/// Far from everything that the program has, and from each other.
const RANGES: Ranges = Ranges {
    constants: 0x2000_0000_0000,
    scratch: 0x2000_1000_0000,
    arena: 0x2000_2000_0000,
};

/// Of all three, with room between and behind them.
const RESERVED: u64 = 0x3000_0000;

/// How often the scratch memory is filled anew, and the arena mapped anew.
const ROUND: u64 = 64;
const LONG_ROUND: u64 = 4096;

const NO_FD: u64 = u64::MAX;
const MAP_FIXED: u64 = 0x10;
const PRIVATE: u64 = 0x22;
const NORESERVE: u64 = 0x4000;

fn syscall(number: u64, args: [u64; 6]) -> i64 {
    let result;
    // SAFETY: what a drawn call reads and writes lies in the ranges, and a call that would end the program is not drawn.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
            in("r10") args[3], in("r8") args[4], in("r9") args[5], out("rcx") _, out("r11") _);
    }
    result
}

fn map(at: u64, len: u64, protection: u64, flags: u64) -> bool {
    let flags = MAP_FIXED | PRIVATE | flags;
    syscall(9, [at, len, protection, flags, NO_FD, 0]) == at as i64
}

fn write(at: u64, word: u64) {
    // SAFETY: callers give an address in the scratch memory or the constants, which are mapped.
    unsafe { (at as *mut u64).write_unaligned(word) }
}

fn main() {
    let mut words = std::env::args().skip(1).map(|word| word.parse().expect("SEED CALLS"));
    let (seed, calls): (u64, u64) = (words.next().expect("SEED"), words.next().expect("CALLS"));
    let has_room = map(RANGES.constants, RESERVED, 0, NORESERVE)
        && map(RANGES.constants, draw::CONSTANTS as u64, 3, 0)
        && map(RANGES.scratch, draw::SCRATCH, 3, 0);
    assert!(has_room, "no room for the ranges");
    let mut draw = Draw::new(seed, RANGES);
    for (index, word) in draw.constants().chunks_exact(8).enumerate() {
        write(RANGES.constants + 8 * index as u64, u64::from_le_bytes(word.try_into().unwrap()));
    }
    syscall(10, [RANGES.constants, draw::CONSTANTS as u64, 1, 0, 0, 0]);
    // The line at the end takes no memory and no descriptor that the calls could have taken away.
    let line = format!("seed {seed}: {calls} calls were answered\n");
    for index in 0..calls {
        if index % ROUND == 0 {
            for _ in 0..ROUND {
                let at = RANGES.scratch + 8 * draw.below(draw::SCRATCH / 8);
                let word = draw.word();
                write(at, word);
            }
        }
        if index % LONG_ROUND == 0 {
            // When the calls have used the memory up, the arena stays as it is.
            map(RANGES.arena, draw::REACH, 0, NORESERVE);
        }
        let call = draw.call();
        syscall(call.number, call.args);
    }
    let written = syscall(1, [1, line.as_ptr() as u64, line.len() as u64, 0, 0, 0]);
    assert_eq!(written, line.len() as i64);
    syscall(231, [0; 6]);
}
