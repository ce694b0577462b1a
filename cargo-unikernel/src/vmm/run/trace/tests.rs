//! Reports and the lines that they become; the lines are strace's own.

use unikernel_abi::trace::Piece;

use super::*;

fn pieces(all: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Bytes(Vec::new());
    for (argument, part) in all {
        let piece = Piece {
            argument: *argument,
            bytes: part,
        };
        Pieces::put(&mut bytes, piece);
    }
    bytes.0
}

fn called(tracer: &mut Tracer, number: u64, args: &[u64], before: &[(u8, &[u8])]) {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    let lines = tracer.lines(&Report::Called {
        thread: 1,
        number,
        args: all,
        memory: Pieces(&pieces(before)),
    });
    assert_eq!(lines, [""; 0]);
}

fn check(
    (number, args): (u64, &[u64]),
    before: &[(u8, &[u8])],
    (result, behind): (i64, &[(u8, &[u8])]),
    expected: &str,
) {
    let mut tracer = Tracer::default();
    called(&mut tracer, number, args, before);
    let lines = tracer.lines(&Report::Returned {
        thread: 1,
        result: result.cast_unsigned(),
        memory: Pieces(&pieces(behind)),
    });
    assert_eq!(lines, [expected]);
}

#[test]
fn buffers_are_shown_as_far_as_they_were_used() {
    let text = b"hello\n\t\x01 world this is a long text";
    check(
        (1, &[3, 0x1000, 50]),
        &[(1, &text[..32])],
        (50, &[]),
        r#"write(3, "hello\n\t\1 world this is a long te"..., 50) = 50"#,
    );
    check(
        (0, &[3, 0x1000, 100]),
        &[],
        (2, &[(1, b"hi")]),
        r#"read(3, "hi", 100)                      = 2"#,
    );
    check(
        (0, &[3, 0x1000, 100]),
        &[],
        (-9, &[]),
        "read(3, 0x1000, 100)                    = -1 EBADF (Bad file descriptor)",
    );
}

#[test]
fn paths_and_flags_have_names() {
    check(
        (257, &[(-100_i64).cast_unsigned(), 0x1000, 0o1102, 0o644]),
        &[(1, b"/tmp/tt\0")],
        (3, &[]),
        r#"openat(AT_FDCWD, "/tmp/tt", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3"#,
    );
    check(
        (257, &[0xffff_ff9c, 0x1000, 0, 0o644]),
        &[(1, b"/x\0")],
        (-2, &[]),
        r#"openat(AT_FDCWD, "/x", O_RDONLY)        = -1 ENOENT (No such file or directory)"#,
    );
    check(
        (9, &[0, 8192, 3, 0x22, u64::MAX, 0]),
        &[],
        (0x7000_0000, &[]),
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x70000000",
    );
}

#[test]
fn arguments_depend_on_the_command() {
    check(
        (72, &[3, 3]),
        &[],
        (0x8002, &[]),
        "fcntl(3, F_GETFL)                       = 0x8002 (flags O_RDWR|O_LARGEFILE)",
    );
    check(
        (72, &[3, 1030, 10]),
        &[],
        (11, &[]),
        "fcntl(3, F_DUPFD_CLOEXEC, 10)           = 11",
    );
    check(
        (202, &[0x1000, 0x81, 1]),
        &[],
        (0, &[]),
        "futex(0x1000, FUTEX_WAKE_PRIVATE, 1)    = 0",
    );
    check(
        (157, &[15, 0x1000]),
        &[(1, b"abc\0")],
        (0, &[]),
        r#"prctl(PR_SET_NAME, "abc")               = 0"#,
    );
}

#[test]
fn lists_are_followed() {
    let vectors: Vec<u8> = [0x1000, 3, 0x2000, 10]
        .iter()
        .flat_map(|word: &u64| word.to_le_bytes())
        .collect();
    check(
        (19, &[3, 0x100, 2]),
        &[],
        (5, &[(1, &vectors), (1, b"hel"), (1, b"lo")]),
        r#"readv(3, [{iov_base="hel", iov_len=3}, {iov_base="lo", iov_len=10}], 2) = 5"#,
    );
    let poll = [0, 0, 0, 0, 1, 0, 0, 0];
    let polled = [0, 0, 0, 0, 1, 0, 1, 0];
    check(
        (7, &[0x100, 1, 0]),
        &[(0, &poll)],
        (1, &[(0, &polled)]),
        "poll([{fd=0, events=POLLIN}], 1, 0)     = 1 ([{fd=0, revents=POLLIN}])",
    );
    check(
        (59, &[0x100, 0x200, 0x300]),
        &[(0, b"/none\0"), (1, b"x\0"), (1, b"-y\0")],
        (-38, &[]),
        r#"execve("/none", ["x", "-y"], 0x300)     = -1 ENOSYS (Function not implemented)"#,
    );
}

#[test]
fn call_that_nobody_knows_is_shown_in_numbers() {
    check(
        (1000, &[1, 2, 3]),
        &[],
        (-38, &[]),
        "syscall_0x3e8(0x1, 0x2, 0x3, 0, 0, 0)   = -1 ENOSYS (Function not implemented)",
    );
    check(
        (248, &[]),
        &[],
        (-38, &[]),
        "add_key(0, 0, 0, 0, 0, 0)               = -1 ENOSYS (Function not implemented)",
    );
}

#[test]
fn end_and_signals_have_their_own_lines() {
    let mut tracer = Tracer::default();
    let segv = Report::Signalled {
        signal: 11,
        code: 1,
        about: 16,
    };
    assert_eq!(
        tracer.lines(&segv),
        ["--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---"]
    );
    let usr1 = Report::Signalled {
        signal: 10,
        code: (-6_i32).cast_unsigned().into(),
        about: 1,
    };
    assert_eq!(
        tracer.lines(&usr1),
        ["--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=1, si_uid=0} ---"]
    );
    assert_eq!(
        tracer.lines(&Report::Killed { signal: 11 }),
        ["+++ killed by SIGSEGV +++"]
    );
    called(&mut tracer, 231, &[3], &[]);
    assert_eq!(
        tracer.lines(&Report::Exited { status: 3 }),
        [
            "exit_group(3)                           = ?",
            "+++ exited with 3 +++"
        ]
    );
    called(&mut tracer, 0, &[0, 0x1000, 1], &[]);
    assert_eq!(
        tracer.unfinished(),
        ["read(0, 0x1000, 1)                      = ? <unfinished>"]
    );
    assert_eq!(tracer.unfinished(), [""; 0]);
}

#[test]
fn what_a_guest_sends_breaks_nothing() {
    // Pieces that are shorter than what they should hold, for every call that there is.
    for call in table::CALLS {
        for len in [0, 1, 7] {
            let bytes = [0xff; 7];
            let part: Vec<(u8, &[u8])> = (0..6).map(|index| (index, &bytes[..len])).collect();
            for result in [u64::MAX >> 1, 1, 0] {
                let mut tracer = Tracer::default();
                called(&mut tracer, u64::from(call.number), &[u64::MAX; 6], &part);
                let lines = tracer.lines(&Report::Returned {
                    thread: 1,
                    result,
                    memory: Pieces(&pieces(&part)),
                });
                assert!(lines[0].starts_with(call.name), "{lines:?}");
            }
        }
    }
}
