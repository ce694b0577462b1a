//! System calls by chance, on simulated memory: whatever a program asks for, the kernel does not panic.

mod calls;
mod draw;

use unikernel_abi::support::parse;
use unikernel_machine::address::UserAddr;

use self::draw::{Draw, Ranges};
use crate::syscall::table::SUPPORT;
use crate::testing::Process;

/// Calls that are made from one seed: a process gets new memory for each.
const CALLS: usize = 4000;

/// How often the scratch memory is filled anew.
const ROUND: usize = 64;

/// The console's control queue, and what the host says there when stdin has ended (virtio 1.2, section 5.3.6.2).
const CONTROL: u16 = 2;
const STDIN_CLOSED: [u8; 8] = [1, 0, 0, 0, 6, 0, 0, 0];

const RANGES: Ranges = Ranges {
    constants: 0x2000_0000_0000,
    scratch: 0x2000_1000_0000,
    arena: 0x2000_2000_0000,
};

const _: () = assert!(
    RANGES.scratch - RANGES.constants > draw::REACH && RANGES.arena - RANGES.scratch > draw::REACH
);

/// `mmap(2)` with `MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE`, readable and writable.
fn map(process: &mut Process, at: u64, len: u64) {
    let mapped = process.call(9, &[at, len, 3, 0x32, u64::MAX, 0]);
    assert_eq!(mapped, Ok(usize::try_from(at).unwrap()));
}

fn fuzz(seed: u64) {
    let mut process = Process::new();
    let mut draw = Draw::new(seed, RANGES);
    // Nobody waits for input.
    process.host.send(CONTROL, &STDIN_CLOSED);
    map(&mut process, RANGES.constants, draw::CONSTANTS as u64);
    map(&mut process, RANGES.scratch, draw::SCRATCH);
    let constants = draw.constants();
    let memory = &mut process.kernel.memory;
    memory
        .write(UserAddr(RANGES.constants), &constants)
        .unwrap();
    let protect = [RANGES.constants, draw::CONSTANTS as u64, 1];
    process.call(10, &protect).unwrap();
    for index in 0..CALLS {
        if index % ROUND == 0 {
            for _ in 0..ROUND {
                let at = RANGES.scratch + 8 * draw.below(draw::SCRATCH / 8);
                let word = draw.word().to_le_bytes();
                process.kernel.memory.write(UserAddr(at), &word).unwrap();
            }
        }
        let call = draw.call();
        let what = std::format!("seed {seed}, call {index}: {call:x?}");
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            process.by_registers(call.number, call.args);
        }));
        assert!(result.is_ok(), "{what}");
        assert_eq!(process.kernel.ending, None, "{what}");
        process.host.take(9);
        process.host.take(11);
    }
}

#[test]
fn no_request_panics_the_kernel() {
    for seed in seeds() {
        fuzz(seed);
    }
}

/// A few that are always the same; more by the variable of the environment: `FIRST-LAST`.
fn seeds() -> core::ops::RangeInclusive<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a person or `cargo xtask fuzz` asks for more"
    )]
    let asked = std::env::var("UNIKERNEL_FUZZ_SEEDS").unwrap_or_default();
    let number = |text: &str| text.parse().expect("UNIKERNEL_FUZZ_SEEDS=FIRST-LAST");
    match asked.split_once('-') {
        Some((first, last)) => number(first)..=number(last),
        None => 1..=5,
    }
}

#[test]
fn each_call_is_drawn_or_left_out() {
    for entry in parse(SUPPORT).unwrap() {
        let number = u64::from(entry.number);
        assert!(
            calls::is_drawn(number) != calls::LEFT_OUT.contains(&number),
            "{}: draw it, or leave it out and say why",
            entry.name
        );
    }
}
