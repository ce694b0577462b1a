//! Holes, seals and locks.

use linux_raw_sys::general as linux;

use crate::errno::{Errno, SysResult};
use crate::testing::Process;

const KEEP: u32 = linux::FALLOC_FL_KEEP_SIZE;
const PUNCH: u32 = linux::FALLOC_FL_PUNCH_HOLE | KEEP;

fn allocate(process: &mut Process, fd: usize, mode: u32, at: u64, len: u64) -> SysResult {
    process.call(
        linux::__NR_fallocate,
        &[fd as u64, u64::from(mode), at, len],
    )
}

fn seek(process: &mut Process, fd: usize, at: u64, whence: u32) -> SysResult {
    process.call(linux::__NR_lseek, &[fd as u64, at, u64::from(whence)])
}

/// Bytes that a file takes, by `st_blocks`.
fn taken(process: &mut Process, fd: usize) -> u64 {
    let to = process.room(144);
    process.call(linux::__NR_fstat, &[fd as u64, to]).unwrap();
    let bytes = process.bytes(to, 144);
    unikernel_abi::bytes::u64_at(&bytes, 64).unwrap() * 512
}

#[test]
fn hole_in_a_file_of_the_archive() {
    let mut process = Process::new();
    let fd = process.open("/large", linux::O_RDWR).unwrap();
    assert_eq!(taken(&mut process, fd), 8192);
    assert_eq!(allocate(&mut process, fd, PUNCH, 0, 4096), Ok(0));
    assert_eq!(taken(&mut process, fd), 4096);
    assert_eq!(seek(&mut process, fd, 0, linux::SEEK_DATA), Ok(4096));
    assert_eq!(seek(&mut process, fd, 4096, linux::SEEK_HOLE), Ok(5000));
    let text = process.cat("/large").unwrap();
    assert_eq!((text.len(), &text[4095..4097]), (5000, "\0x"));
    // Written to, the page is the file's own zeros with the new bytes.
    seek(&mut process, fd, 10, linux::SEEK_SET).unwrap();
    process.write_fd(fd, b"new").unwrap();
    assert_eq!(&process.cat("/large").unwrap()[9..14], "\0new\0");
}

#[test]
fn allocation_that_fails_takes_nothing() {
    let mut process = Process::new();
    let flags = linux::O_CREAT | linux::O_RDWR;
    let fd = process.open("/tmp/f", flags).unwrap();
    let used = unikernel_machine::frame::usage();
    let total = (used.total - used.free + 48 + 40) * 16 / 15 + 2;
    unikernel_machine::testing::set_frames(total);
    let free = unikernel_machine::frame::usage().free;
    assert_eq!(
        allocate(&mut process, fd, 0, 0, 60 * 4096),
        Err(Errno::ENOSPC)
    );
    assert_eq!(unikernel_machine::frame::usage().free, free);
    assert_eq!(allocate(&mut process, fd, 0, 0, 20 * 4096), Ok(0));
    assert_eq!(unikernel_machine::frame::usage().free, free - 20);
    assert_eq!(allocate(&mut process, fd, PUNCH, 0, 20 * 4096), Ok(0));
    assert_eq!(unikernel_machine::frame::usage().free, free);
}

#[test]
fn enormous_hole_is_punched_at_once() {
    let mut process = Process::new();
    let flags = linux::O_CREAT | linux::O_RDWR;
    let fd = process.open("/tmp/f", flags).unwrap();
    process
        .call(linux::__NR_ftruncate, &[fd as u64, 1 << 60])
        .unwrap();
    assert_eq!(allocate(&mut process, fd, PUNCH, 1, 1 << 60), Ok(0));
    assert_eq!(
        seek(&mut process, fd, 0, linux::SEEK_DATA),
        Err(Errno::ENXIO)
    );
    assert_eq!(seek(&mut process, fd, 5, linux::SEEK_HOLE), Ok(5));
    assert_eq!(
        allocate(&mut process, fd, 0, 0, 1 << 60),
        Err(Errno::ENOSPC)
    );
}

#[test]
fn names_end_before_memory_does() {
    let mut process = Process::new();
    unikernel_machine::testing::set_frames(1200);
    let flags = linux::O_CREAT | linux::O_WRONLY;
    let mut made = 0;
    let errno = loop {
        match process.open(&std::format!("/tmp/{made}"), flags) {
            Ok(fd) => process.call(linux::__NR_close, &[fd as u64]).unwrap(),
            Err(errno) => break errno,
        };
        made += 1;
        assert!(made < 10_000, "there is no end");
    };
    assert_eq!(errno, Errno::ENOSPC);
    // Half as many as there are frames.
    assert_eq!(made, 600);
    process
        .with_path(linux::__NR_unlink, "/tmp/5", &[])
        .unwrap();
    process.make("/tmp/new", "");
    let new = process.text("/tmp/other");
    assert_eq!(
        process.with_path(linux::__NR_link, "/tmp/1", &[new]),
        Err(Errno::ENOSPC)
    );
    // Renaming makes no more names than it takes.
    assert_eq!(
        process.with_path(linux::__NR_rename, "/tmp/1", &[new]),
        Ok(0)
    );
}

#[test]
fn lock_of_an_open_file_ends_with_it() {
    let mut process = Process::new();
    let first = process.open("/small", linux::O_RDWR).unwrap() as u64;
    let second = process.open("/small", linux::O_RDWR).unwrap() as u64;
    let exclusive = u64::from(linux::LOCK_EX | linux::LOCK_NB);
    let flock = |process: &mut Process, fd| process.call(linux::__NR_flock, &[fd, exclusive]);
    assert_eq!(flock(&mut process, first), Ok(0));
    assert_eq!(flock(&mut process, second), Err(Errno::EAGAIN));
    process.call(linux::__NR_close, &[first]).unwrap();
    assert_eq!(flock(&mut process, second), Ok(0));
}

#[test]
fn waiting_for_a_lock_is_interrupted() {
    let mut process = Process::new();
    let first = process.open("/small", linux::O_RDWR).unwrap() as u64;
    let second = process.open("/small", linux::O_RDWR).unwrap() as u64;
    let exclusive = u64::from(linux::LOCK_EX);
    process
        .call(linux::__NR_flock, &[first, exclusive])
        .unwrap();
    let host = process.host.clone();
    unikernel_machine::testing::happens_while_waiting(move || host.send(10, b"T"));
    assert_eq!(
        process.call(linux::__NR_flock, &[second, exclusive]),
        Err(Errno::RESTART)
    );
}
