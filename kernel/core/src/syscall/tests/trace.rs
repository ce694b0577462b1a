//! What the host is told of each system call.

use std::boxed::Box;
use std::string::String;
use std::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_abi::bytes::Sink;
use unikernel_abi::report::{Decoded, Report, decode};
use unikernel_abi::trace::{Capture, Captures, Rule};

use crate::testing::Process;

struct Table(Vec<u8>);

impl Sink for Table {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn captures(entries: &[(u32, u8, Rule, u16, u16)]) -> Captures<'static> {
    let mut table = Table(Vec::new());
    for &(number, argument, rule, size, limit) in entries {
        Capture {
            number: u16::try_from(number).unwrap(),
            argument,
            rule,
            count: 2,
            size,
            limit,
        }
        .encode(&mut table);
    }
    Captures(Box::leak(table.0.into_boxed_slice()))
}

/// Makes a call as the program would; what the host was told, a line a report.
fn told(process: &mut Process, number: u32, args: &[u64]) -> Vec<String> {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    process.by_registers(u64::from(number), all);
    reports(process)
}

/// What the host was told, a line a report.
fn reports(process: &mut Process) -> Vec<String> {
    let bytes = process.host.take(11);
    let mut rest = &bytes[..];
    let mut lines = Vec::new();
    let shown = |memory: unikernel_abi::trace::Pieces<'_>| {
        let pieces = (0..6).flat_map(|argument| memory.of(argument));
        pieces
            .map(|bytes| std::format!(" {:?}", String::from_utf8_lossy(bytes)))
            .collect::<String>()
    };
    while let Decoded::Report(report, used) = decode(rest) {
        lines.push(match report {
            Report::Called { number, memory, .. } => {
                std::format!("called {number}{}", shown(memory))
            }
            Report::Returned { result, memory, .. } => {
                std::format!("returned {}{}", result.cast_signed(), shown(memory))
            }
            Report::Signalled {
                signal,
                code,
                about,
            } => std::format!("signal {signal} {} {about}", code),
            other => std::format!("{other:?}"),
        });
        rest = &rest[used..];
    }
    lines
}

#[test]
fn nothing_is_told_unless_it_is_asked_for() {
    let mut process = Process::new();
    assert_eq!(
        told(&mut process, linux::__NR_getpid, &[]),
        [""; 0].map(String::from)
    );
}

#[test]
fn texts_and_buffers_are_copied_within_their_limits() {
    let mut process = Process::new();
    process.kernel.traced = Some(captures(&[
        (linux::__NR_read, 1, Rule::ResultOut, 1, 4),
        (linux::__NR_write, 1, Rule::Counted, 1, 4),
        (linux::__NR_open, 0, Rule::Text, 0, 4096),
    ]));
    let path = process.text("/file");
    let flags = u64::from(linux::O_CREAT | linux::O_RDWR);
    let open = told(&mut process, linux::__NR_open, &[path, flags, 0o600]);
    assert_eq!(open, ["called 2 \"/file\\0\"", "returned 3"]);
    let from = process.put(b"abcdefgh");
    let write = told(&mut process, linux::__NR_pwrite64, &[3, from, 8, 0]);
    assert_eq!(write, ["called 18", "returned 8"]);
    let write = told(&mut process, linux::__NR_write, &[3, from, 2]);
    assert_eq!(write, ["called 1 \"ab\"", "returned 2"]);
    let read = told(&mut process, linux::__NR_read, &[3, from, 100]);
    assert_eq!(read, ["called 0", "returned 6 \"cdef\""]);
    let refused = told(&mut process, linux::__NR_read, &[9, from, 100]);
    assert_eq!(refused, ["called 0", "returned -9"]);
}

#[test]
fn bad_addresses_and_counts_copy_nothing() {
    let mut process = Process::new();
    process.kernel.traced = Some(captures(&[
        (linux::__NR_write, 1, Rule::Counted, u16::MAX, u16::MAX),
        (linux::__NR_open, 0, Rule::Text, 0, 4096),
        (linux::__NR_writev, 1, Rule::Vectors, 0, 32),
        (linux::__NR_execve, 1, Rule::Texts, 0, 32),
    ]));
    for at in [1, u64::MAX, u64::MAX - 4, 1 << 63, 0x7fff_ffff_fff8] {
        for number in [
            linux::__NR_write,
            linux::__NR_open,
            linux::__NR_writev,
            linux::__NR_execve,
        ] {
            let lines = told(&mut process, number, &[at, at, u64::MAX]);
            assert!(lines[0].starts_with("called "), "{lines:?}");
            assert!(!lines[0].contains('"'), "{lines:?}");
        }
    }
}

#[test]
fn vectors_and_lists_of_texts_are_followed() {
    let mut process = Process::new();
    process.kernel.traced = Some(captures(&[
        (linux::__NR_writev, 1, Rule::Vectors, 0, 3),
        (linux::__NR_execve, 1, Rule::Texts, 0, 32),
    ]));
    let (first, second) = (process.put(b"hello"), process.put(b"you"));
    let words: Vec<u8> = [first, 5, second, 2]
        .iter()
        .flat_map(|word: &u64| word.to_le_bytes())
        .collect();
    let list = process.put(&words);
    let lines = told(&mut process, linux::__NR_writev, &[1, list, 2]);
    assert!(lines[0].ends_with("\"hel\" \"yo\""), "{lines:?}");
    let (sh, dash) = (process.text("sh"), process.text("-c"));
    let words: Vec<u8> = [sh, dash, 0]
        .iter()
        .flat_map(|word: &u64| word.to_le_bytes())
        .collect();
    let list = process.put(&words);
    let lines = told(&mut process, linux::__NR_execve, &[sh, list, 0]);
    assert_eq!(lines[0], "called 59 \"sh\\0\" \"-c\\0\"");
}

#[test]
fn call_that_ends_the_program_is_told() {
    let mut process = Process::new();
    process.kernel.traced = Some(captures(&[]));
    let lines = told(&mut process, linux::__NR_exit_group, &[3]);
    assert_eq!(lines, ["called 231", "returned 0"]);
}

#[test]
fn interrupted_call_is_told_before_its_signal() {
    let mut process = Process::new();
    process.kernel.traced = Some(captures(&[]));
    // SIGUSR1 waits, blocked; sigsuspend lets it through.
    let set = process.put(&(1_u64 << (linux::SIGUSR1 - 1)).to_le_bytes());
    let block = u64::from(linux::SIG_BLOCK);
    told(
        &mut process,
        linux::__NR_rt_sigprocmask,
        &[block, set, 0, 8],
    );
    told(&mut process, linux::__NR_kill, &[1, linux::SIGUSR1.into()]);
    let none = process.put(&[0; 8]);
    let lines = told(&mut process, linux::__NR_rt_sigsuspend, &[none, 8]);
    assert_eq!(lines[0], "called 130");
    assert!(lines[1].starts_with("returned -"), "{lines:?}");
    process.kernel.deliver_signals();
    let lines = reports(&mut process);
    assert_eq!(lines, ["signal 10 0 1"]);
}
