//! The words that tests are written in: a process, its memory, its files, a call.

use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use unikernel_abi::report::{Decoded, Report, decode};
use unikernel_machine::address::UserAddr;
use unikernel_machine::context::Context;
use unikernel_machine::testing::{self as machine, DevicePeer};
use unikernel_machine::virtio::DeviceKind;

use crate::driver::streams::Streams;
use crate::errno::SysResult;
use crate::fs::archive::Mounted;
use crate::fs::node::{Kind, Mount, Node};
use crate::fs::path::Remaining;
use crate::fs::tree::Tree;
use crate::fs::walk::{LastLink, Scope, Walked};
use crate::kernel::Kernel;
use crate::memory::AddressSpace;
use crate::memory::area::Area;
use crate::memory::layout::{Layout, numbers};
use crate::memory::place::Place;
use crate::memory::protect::READ_WRITE;
use crate::process::signal::state::Signals;
use crate::process::thread::Thread;
use crate::process::timers::Timers;
use crate::program::stack::Places;
use crate::random::Random;
use crate::start::standard_descriptors;
use crate::syscall;
use crate::time::{Clock, Timestamp};
use crate::view::Shown;

/// An archive with a few files; `testdata/README.md` lists them.
pub(crate) static ARCHIVE: &[u8] = include_bytes!("../testdata/small.erofs");

/// Where tests keep what they pass to calls.
const SCRATCH: u64 = 0x10_0000;

/// Length of that memory.
const SCRATCH_LEN: u64 = 0x4_0000;

/// A process that makes calls, and the host on the other side of its streams.
pub(crate) struct Process {
    pub(crate) kernel: Kernel,
    pub(crate) host: DevicePeer,
    next: u64,
}

impl Process {
    /// A process over the small archive, with 256 KiB of memory mapped.
    pub(crate) fn new() -> Self {
        let (device, host) = machine::virtio_device(DeviceKind::Console, 2, &[]);
        let streams = Rc::new(RefCell::new(Streams::new(&mut [device], None)));
        let mounted = Mounted::new(machine::archive(ARCHIVE)).expect("the archive is whole");
        let tree = Tree::new(Some(mounted), Timestamp::default()).expect("it has a root");
        let mut memory = AddressSpace::new(Layout::new(numbers(1))).expect("there is memory");
        let area = Area::anonymous(READ_WRITE);
        memory
            .map(Place::Fixed(SCRATCH), SCRATCH_LEN, area)
            .expect("nothing is there");
        memory.start_heap(0x4000_0000);
        let path = Remaining::new(b"/dir/deep/file".to_vec()).expect("a path");
        let program = tree
            .walk(&Scope::of_tree(&tree), path, LastLink::Follow)
            .and_then(Walked::existing)
            .expect("it is there");
        let clock = Clock::new(Some(1_000_000_000), 1_700_000_000_000_000_000);
        let descriptors = standard_descriptors(&tree, &streams.borrow(), Timestamp::default());
        Self {
            kernel: Kernel {
                memory,
                root: tree.root().clone(),
                working_directory: tree.root().clone(),
                descriptors,
                tree,
                nice: 0,
                groups: Vec::new(),
                umask: 0o022,
                signals: Signals::default(),
                thread: Thread::new(Context::new(UserAddr(0), UserAddr(0)), b"test"),
                timers: Timers::default(),
                clock,
                random: Random::new(None, &clock).expect("the machine has entropy"),
                streams,
                program,
                held: None,
                traced: None,
                vdso: 0,
                told: BTreeSet::new(),
                refusals: 0,
                ending: None,
                memory_total: 1 << 24,
                shown: Shown::new(Places::default()),
                waited: 0,
            },
            host,
            next: SCRATCH,
        }
    }

    /// Makes a system call by number.
    pub(crate) fn call(&mut self, number: u32, args: &[u64]) -> SysResult {
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        let context = &mut self.kernel.thread.context;
        [
            context.rdi,
            context.rsi,
            context.rdx,
            context.r10,
            context.r8,
            context.r9,
        ] = all;
        context.rax = u64::from(number);
        syscall::table::dispatch(&mut self.kernel, u64::from(number))
    }

    /// Puts bytes into the process's memory; their address.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> u64 {
        let at = self.room(bytes.len());
        self.kernel
            .memory
            .write(UserAddr(at), bytes)
            .expect("scratch memory is writable");
        at
    }

    /// Puts a text with its NUL into memory; its address.
    pub(crate) fn text(&mut self, text: &str) -> u64 {
        let mut bytes = Vec::from(text);
        bytes.push(0);
        self.put(&bytes)
    }

    /// Free memory of this length; its address.
    pub(crate) fn room(&mut self, len: usize) -> u64 {
        let at = self.next;
        self.next = (at + len as u64).next_multiple_of(16);
        if self.next > SCRATCH + SCRATCH_LEN {
            self.next = SCRATCH;
            return self.room(len);
        }
        at
    }

    /// Bytes of the process's memory.
    pub(crate) fn bytes(&mut self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.kernel
            .memory
            .read(UserAddr(at), &mut bytes)
            .expect("it can be read");
        bytes
    }

    /// What the host was told so far, as text.
    pub(crate) fn reports(&mut self) -> Vec<std::string::String> {
        let bytes = self.host.take(11);
        let mut rest = &bytes[..];
        let mut texts = Vec::new();
        while let Decoded::Report(report, used) = decode(rest) {
            rest = &rest[used..];
            texts.push(match report {
                // Always followed by what it explains.
                Report::Stack { .. } => continue,
                Report::Refused { number, rule, .. } => {
                    std::format!(
                        "refused {number} {}",
                        std::string::String::from_utf8_lossy(rule)
                    )
                }
                Report::Unknown { number, .. } => std::format!("unknown {number}"),
                Report::Killed { signal } => std::format!("killed {signal}"),
                Report::Exited { status } => std::format!("exited {status}"),
                Report::Fault {
                    signal,
                    code,
                    address,
                    ..
                } => std::format!("fault {signal} {code} {address:#x}"),
                Report::CannotStart { reason } => {
                    std::string::String::from_utf8_lossy(reason).into_owned()
                }
                other => std::format!("{other:?}"),
            });
        }
        texts
    }
}

/// A file that no path names.
pub(crate) fn node() -> Rc<Node> {
    let tree = Tree::new(None, Timestamp::default()).expect("an empty tree can be made");
    let contents = crate::fs::contents::Contents::new();
    tree.create(
        Mount::Root,
        Kind::File(RefCell::new(contents)),
        0o100_644,
        Timestamp::default(),
    )
}

/// How many random operations a test makes: `few`, or what `UNIKERNEL_FUZZ_OPERATIONS` says.
#[expect(
    clippy::disallowed_methods,
    reason = "the door is the tool's; this is for tests"
)]
pub(crate) fn operations(few: usize) -> usize {
    std::env::var_os("UNIKERNEL_FUZZ_OPERATIONS")
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(few)
}
