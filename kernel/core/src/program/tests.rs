//! Programs that start, and sentences about those that can't.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use linux_raw_sys::{auxvec, general as linux};
use unikernel_abi::boot::BootBlock;
use unikernel_abi::bytes::{FixedSink, u64_at};
use unikernel_abi::launch::{Item, encode};
use unikernel_machine::address::UserAddr;
use unikernel_machine::boot::{Boot, BootFailed, BootFailure, Piece};
use unikernel_machine::context::Event;
use unikernel_machine::testing::{self as machine, DevicePeer, archive, until_powered_off};
use unikernel_machine::virtio::{DeviceKind, VirtioDevice};

use super::launch::Settings;
use super::load::{Loaded, load};
use super::stack;
use crate::errno::Errno;
use crate::memory::PAGE;
use crate::testing::{ARCHIVE, Process};

fn console() -> (VirtioDevice, DevicePeer) {
    machine::virtio_device(DeviceKind::Console, 2, &[])
}

/// What the host reads when the machine is started with this.
fn told(host: &DevicePeer, boot: Result<Boot, BootFailed>) -> String {
    let read = Rc::new(RefCell::new(Vec::new()));
    let (peer, target) = (host.clone(), read.clone());
    machine::happens_while_waiting(move || *target.borrow_mut() = peer.take(11));
    until_powered_off(|| crate::start(boot));
    String::from_utf8_lossy(&read.borrow()).into_owned()
}

fn record(items: &[Item<'_>]) -> &'static [u8] {
    let buffer = Box::leak(Box::new([0; 512]));
    let mut sink = FixedSink::new(buffer);
    encode(items, &mut sink);
    sink.finish().expect("it fits")
}

fn boot(launch: &'static [u8]) -> (Boot, DevicePeer) {
    let (device, host) = console();
    let boot = Boot {
        archive: Some(archive(ARCHIVE)),
        image_launch: launch,
        module_launch: None,
        devices: alloc::vec![device],
        serial: None,
        memory_total: 1 << 24,
    };
    (boot, host)
}

fn check_sentence(launch: &'static [u8], expected: &str) {
    let (boot, host) = boot(launch);
    let told = told(&host, Ok(boot));
    assert!(told.contains(expected), "{told}");
}

#[test]
fn what_cannot_start_is_told_in_a_sentence() {
    check_sentence(b"", "the launch record can't be read (Truncated)");
    check_sentence(record(&[]), "the launch record names no program");
    check_sentence(
        record(&[Item::Program(b"/nothing")]),
        "opening `/nothing` failed: ENOENT",
    );
    check_sentence(
        record(&[Item::Program(b"/small")]),
        "`/small` can't be started: it is not an ELF file",
    );
    check_sentence(
        record(&[Item::Program(b"/dir")]),
        "opening `/dir` failed: EACCES",
    );
}

#[test]
fn machine_without_entropy_is_told() {
    machine::remove_entropy();
    check_sentence(
        record(&[Item::Program(b"/small")]),
        "no source of random numbers",
    );
}

#[test]
fn broken_archive_is_told() {
    let (mut boot, host) = boot(record(&[Item::Program(b"/small")]));
    boot.archive = Some(archive(b"no archive"));
    assert!(told(&host, Ok(boot)).contains("the root archive can't be mounted"));
}

#[test]
fn image_that_was_cut_off_is_told() {
    let (device, host) = console();
    let failed = BootFailed {
        reason: BootFailure::BeyondMemory {
            piece: Piece::Archive,
            end: 1 << 30,
            memory_total: 1 << 20,
        },
        devices: alloc::vec![device],
        serial: None,
    };
    assert!(told(&host, Err(failed)).contains("give the machine more"));
    assert_eq!(BootBlock::SIZE, 64);
}

#[test]
fn record_of_the_run_counts_alone() {
    let image = record(&[Item::Program(b"/image"), Item::Env(b"A=1")]);
    let module = record(&[Item::Program(b"/run"), Item::Arg(b"name"), Item::TscHz(5)]);
    let settings = Settings::read(Some(module), image).unwrap();
    assert_eq!((settings.program, settings.tsc_hz), (&b"/run"[..], Some(5)));
    assert_eq!((settings.args.len(), settings.env.len()), (1, 0));
    let settings = Settings::read(None, image).unwrap();
    assert_eq!(settings.args, [b"/image"]);
}

/// A position-independent ELF: one segment that is read and run, one that is written with 5000 bytes of zeros behind it.
fn elf() -> Vec<u8> {
    let mut bytes = alloc::vec![0; 0x1200];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(16, &[3, 0, 62, 0]);
    put(24, &0x100_u64.to_le_bytes());
    put(32, &64_u64.to_le_bytes());
    put(54, &[56, 0, 2, 0]);
    for (at, flags, offset, address, file_len, memory_len) in [
        (64, 5_u32, 0_u64, 0_u64, 0x200_u64, 0x200_u64),
        (120, 6, 0x1000, 0x2000, 0x100, 0x100 + 5000),
    ] {
        put(at, &1_u32.to_le_bytes());
        put(at + 4, &flags.to_le_bytes());
        for (field, value) in [(8, offset), (16, address), (32, file_len), (40, memory_len)] {
            put(at + field, &value.to_le_bytes());
        }
    }
    put(0x1000, b"data");
    put(0x1100, b"behind the segment");
    bytes
}

fn loaded(process: &mut Process) -> Loaded {
    let fd = process.call(linux::__NR_open, &[0, 0]).err();
    assert!(fd.is_some());
    let path = process.text("/prog");
    let fd = process
        .call(
            linux::__NR_open,
            &[path, u64::from(linux::O_CREAT | linux::O_WRONLY), 0o755],
        )
        .unwrap();
    let from = process.put(&elf());
    process
        .call(linux::__NR_write, &[fd as u64, from, 0x1200])
        .unwrap();
    load(&process.kernel.tree, &mut process.kernel.memory, b"/prog").unwrap()
}

#[test]
fn segments_are_mapped_with_zeros_behind_their_bytes() {
    let mut process = Process::new();
    let loaded = loaded(&mut process);
    let base = loaded.entry - 0x100;
    assert_eq!(
        (base % PAGE, loaded.start, loaded.interpreter_base),
        (0, loaded.entry, 0)
    );
    assert_eq!((loaded.headers, loaded.header_count), (base + 64, 2));
    assert_eq!(process.bytes(base, 4), b"\x7fELF");
    assert_eq!(process.bytes(base + 0x2000, 5), b"data\0");
    assert_eq!(process.bytes(base + 0x2100, 5000), [0; 5000]);
    assert!(process.kernel.memory.write(UserAddr(base), b"x").is_err());
    assert_eq!(
        process.kernel.memory.write(UserAddr(base + 0x3000), b"x"),
        Ok(())
    );
}

#[test]
fn first_stack_is_as_the_psabi_says() {
    let mut process = Process::new();
    let loaded = loaded(&mut process);
    let settings = Settings {
        program: b"/prog",
        args: alloc::vec![b"prog", b"", b"two"],
        env: alloc::vec![b"A=1"],
        ..Settings::default()
    };
    let stack = stack::build(
        &mut process.kernel.memory,
        &settings,
        &loaded,
        0x5000,
        [7; 16],
    )
    .unwrap();
    assert_eq!(stack.pointer % 16, 0);
    let words = process.bytes(stack.pointer, 8 * 80);
    let word = |index: usize| u64_at(&words, index * 8).unwrap();
    assert_eq!(word(0), 3);
    let text = |process: &mut Process, at| process.kernel.memory.read_text(UserAddr(at)).unwrap();
    assert_eq!(text(&mut process, word(1)), b"prog");
    assert_eq!(text(&mut process, word(2)), b"");
    assert_eq!(text(&mut process, word(3)), b"two");
    assert_eq!((word(4), word(6)), (0, 0));
    assert_eq!(text(&mut process, word(5)), b"A=1");
    let vector: Vec<(u64, u64)> = (0..21)
        .map(|index| (word(7 + 2 * index), word(8 + 2 * index)))
        .collect();
    let value = |key: u32| {
        vector
            .iter()
            .find(|(found, _)| *found == u64::from(key))
            .map(|(_, value)| *value)
    };
    assert_eq!(value(auxvec::AT_ENTRY), Some(loaded.entry));
    assert_eq!(value(auxvec::AT_PAGESZ), Some(4096));
    assert_eq!(value(auxvec::AT_SYSINFO_EHDR), Some(0x5000));
    assert_eq!(value(auxvec::AT_SECURE), Some(0));
    assert_eq!(
        process.bytes(value(auxvec::AT_RANDOM).unwrap(), 16),
        [7; 16]
    );
    assert_eq!(
        text(&mut process, value(auxvec::AT_EXECFN).unwrap()),
        b"/prog"
    );
    assert_eq!(
        text(&mut process, value(auxvec::AT_PLATFORM).unwrap()),
        b"x86_64"
    );
    assert_eq!(vector.last(), Some(&(0, 0)));
}

#[test]
fn long_arguments_lie_on_a_stack_that_grew() {
    const LEN: usize = 100_000;
    let mut process = Process::new();
    let loaded = loaded(&mut process);
    let long: &[u8] = Box::leak(Box::new([b'x'; LEN]));
    let mut build = |count| {
        let settings = Settings {
            program: b"/prog",
            args: alloc::vec![long; count],
            ..Settings::default()
        };
        let memory = &mut process.kernel.memory;
        stack::build(memory, &settings, &loaded, 0, [0; 16])
    };
    assert_eq!(build(21).err(), Some(Errno::E2BIG));
    let args = build(20).unwrap().args;
    assert_eq!(args.end - args.start, 20 * (LEN as u64 + 1));
    assert_eq!(process.bytes(args.start, LEN), long);
    assert_eq!(process.bytes(args.end - 2, 2), b"x\0");
}

#[test]
fn program_runs_until_it_ends() {
    let mut process = Process::new();
    machine::program_does(|context| {
        context.rax = u64::from(linux::__NR_getpid);
        Event::Syscall
    });
    machine::program_does(|context| {
        assert_eq!(context.rax, 1);
        Event::Interrupt
    });
    machine::program_does(|context| {
        context.rax = u64::from(linux::__NR_exit_group);
        context.rdi = 42;
        Event::Syscall
    });
    assert_eq!(process.kernel.run(), crate::kernel::Ending::Exited(42));
}

#[test]
fn computing_program_is_ended_by_the_host() {
    let mut process = Process::new();
    let host = process.host.clone();
    machine::program_does(move |_| {
        host.send(10, b"T");
        Event::Interrupt
    });
    assert_eq!(process.kernel.run(), crate::kernel::Ending::Killed(15));
}
