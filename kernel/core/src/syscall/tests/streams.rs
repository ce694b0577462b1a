//! Standard streams and waiting for them.

use linux_raw_sys::{general as linux, ioctl};
use unikernel_machine::testing::happens_while_waiting;

use crate::errno::Errno;
use crate::start::standard_descriptors;
use crate::testing::Process;

/// The queue that brings stdin, and the one of control messages.
const STDIN: u16 = 4;
const CONTROL: u16 = 2;

fn close_stdin(process: &Process) {
    process.host.send(CONTROL, &[1, 0, 0, 0, 6, 0, 0, 0]);
}

#[test]
fn outputs_are_apart() {
    let mut process = Process::new();
    assert_eq!(process.write_fd(1, b"out"), Ok(3));
    assert_eq!(process.write_fd(2, b"err"), Ok(3));
    assert_eq!(
        (process.host.take(7), process.host.take(9)),
        (b"out".to_vec(), b"err".to_vec())
    );
}

#[test]
fn reading_waits_for_the_host() {
    let mut process = Process::new();
    let host = process.host.clone();
    happens_while_waiting(move || host.send(STDIN, b"line\n"));
    assert_eq!(process.read_fd(0, 100).unwrap(), "line\n");
    close_stdin(&process);
    assert_eq!(process.read_fd(0, 100).unwrap(), "");
}

#[test]
fn nonblocking_reader_does_not_wait() {
    let mut process = Process::new();
    let on = process.put(&1_u32.to_le_bytes());
    process
        .call(linux::__NR_ioctl, &[0, u64::from(ioctl::FIONBIO), on])
        .unwrap();
    assert_eq!(process.read_fd(0, 10), Err(Errno::EAGAIN));
}

#[test]
fn writing_waits_for_room() {
    let mut process = Process::new();
    let host = process.host.clone();
    let room = process.room(40_000);
    for _ in 0..2 {
        let host = host.clone();
        happens_while_waiting(move || {
            host.take(7);
        });
    }
    assert_eq!(
        process.call(linux::__NR_write, &[1, room, 40_000]),
        Ok(40_000)
    );
}

#[test]
fn end_asked_by_the_host_interrupts_a_wait() {
    let mut process = Process::new();
    let host = process.host.clone();
    happens_while_waiting(move || host.send(10, b"T"));
    assert_eq!(process.read_fd(0, 10), Err(Errno::RESTART));
    process.kernel.deliver_signals();
    assert_eq!(
        process.kernel.ending,
        Some(crate::kernel::Ending::Killed(15))
    );
}

#[test]
fn terminals_are_the_hosts() {
    let mut process = Process::new();
    let to = process.room(64);
    let tcgets = u64::from(ioctl::TCGETS);
    assert_eq!(
        process.call(linux::__NR_ioctl, &[1, tcgets, to]),
        Err(Errno::ENOTTY)
    );
    process.kernel.streams.borrow_mut().set_terminals(2);
    assert_eq!(process.call(linux::__NR_ioctl, &[1, tcgets, to]), Ok(0));
    assert_eq!(
        process.call(linux::__NR_ioctl, &[0, tcgets, to]),
        Err(Errno::ENOTTY)
    );
    let kernel = &mut process.kernel;
    let streams = kernel.streams.borrow();
    kernel.descriptors = standard_descriptors(&kernel.tree, &streams, kernel.clock.now());
    drop(streams);
    let stat = process.room(144);
    process.call(linux::__NR_fstat, &[1, stat]).unwrap();
    assert_eq!(process.bytes(stat + 24, 4), 0o020_620_u32.to_le_bytes());
    process.call(linux::__NR_fstat, &[0, stat]).unwrap();
    assert_eq!(process.bytes(stat + 24, 4), 0o010_600_u32.to_le_bytes());
    assert_eq!(
        process.call(linux::__NR_lseek, &[0, 0, 0]),
        Err(Errno::ESPIPE)
    );
}

fn poll(
    process: &mut Process,
    fd: i32,
    events: u16,
    timeout: i32,
) -> (crate::errno::SysResult, u16) {
    let mut entry = fd.to_le_bytes().to_vec();
    entry.extend(events.to_le_bytes());
    entry.extend([0, 0]);
    let list = process.put(&entry);
    let result = process.call(linux::__NR_poll, &[list, 1, timeout as u64]);
    let came = process.bytes(list + 6, 2);
    (result, u16::from_le_bytes([came[0], came[1]]))
}

#[test]
fn polling_tells_what_is_ready() {
    let mut process = Process::new();
    assert_eq!(poll(&mut process, 1, 4, -1), (Ok(1), 4));
    assert_eq!(poll(&mut process, 0, 1, 10), (Ok(0), 0));
    assert_eq!(poll(&mut process, 99, 1, 0), (Ok(1), 0x20));
    assert_eq!(poll(&mut process, -1, 1, 0), (Ok(0), 0));
    process.host.send(STDIN, b"x");
    assert_eq!(poll(&mut process, 0, 1, -1), (Ok(1), 1));
    process.read_fd(0, 1).unwrap();
    close_stdin(&process);
    assert_eq!(poll(&mut process, 0, 1, -1), (Ok(1), 0x10));
}
