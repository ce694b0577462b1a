//! The state that system calls work on: one process and the machine under it.

use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use unikernel_abi::report::Report;
use unikernel_abi::trace::Captures;

use crate::driver::streams::Streams;
use crate::fs::descriptors::Descriptors;
use crate::fs::node::Node;
use crate::fs::tree::Tree;
use crate::memory::AddressSpace;
use crate::process::signal::state::Signals;
use crate::process::thread::Thread;
use crate::process::timers::Timers;
use crate::random::Random;
use crate::report;
use crate::time::Clock;
use crate::view::Shown;

/// The process, its thread, and what the machine gives them.
pub(crate) struct Kernel {
    /// The program's memory.
    pub(crate) memory: AddressSpace,
    /// The names of files.
    pub(crate) tree: Tree,
    /// What is open.
    pub(crate) descriptors: Descriptors,
    /// Where absolute paths start (chroot(2)).
    pub(crate) root: Rc<Node>,
    /// Where relative paths start.
    pub(crate) working_directory: Rc<Node>,
    /// The nice value (setpriority(2)), -20 to 19.
    pub(crate) nice: i32,
    /// The supplementary groups (setgroups(2)), sorted.
    pub(crate) groups: Vec<u32>,
    /// Permissions that new files don't get (umask(2)).
    pub(crate) umask: u32,
    /// What signals do, and which wait.
    pub(crate) signals: Signals,
    /// The running thread.
    pub(crate) thread: Thread,
    /// What sends signals by the clock.
    pub(crate) timers: Timers,
    /// The clocks.
    pub(crate) clock: Clock,
    /// Random numbers.
    pub(crate) random: Random,
    /// Stdin, stdout, stderr and the report.
    pub(crate) streams: Rc<RefCell<Streams>>,
    /// The file that was started: whose callers are told apart from libc's.
    pub(crate) program: Rc<Node>,
    /// Where the program lies, when it waits for the host's word before its first instruction.
    pub(crate) held: Option<Held>,
    /// What is copied for the host of each system call, when it wants to be told of all of them.
    pub(crate) traced: Option<Captures<'static>>,
    /// Where the vDSO lies.
    pub(crate) vdso: u64,
    /// System calls that the host was told about.
    pub(crate) told: BTreeSet<u64>,
    /// How many refusals were told.
    pub(crate) refusals: usize,
    /// How the process ends, once that is settled.
    pub(crate) ending: Option<Ending>,
    /// Memory of the machine, in bytes.
    pub(crate) memory_total: u64,
    /// What views show that nothing else needs.
    pub(crate) shown: Shown,
    /// How long the program waited, in nanoseconds.
    pub(crate) waited: u64,
}

/// Where a program lies that has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its first instruction, or its interpreter's.
    pub(crate) start: u64,
    /// What was added to the program's own addresses.
    pub(crate) program: u64,
    /// What was added to the interpreter's; 0 without one.
    pub(crate) interpreter: u64,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with the lowest 8 bits of a status.
    Exited(u8),
    /// By a signal.
    Killed(u32),
}

impl Kernel {
    /// Tells the host something.
    pub(crate) fn report(&self, report: &Report<'_>) {
        report::send(&mut self.streams.borrow_mut(), report);
    }

    /// The path of a node as reports and `/proc` show it.
    pub(crate) fn path_of(&self, node: &Rc<Node>) -> Vec<u8> {
        node.path(self.tree.root()).unwrap_or_default()
    }

    /// How long the program had the processor, in nanoseconds: all the time that it did not wait.
    pub(crate) fn processor_time(&self) -> u64 {
        self.clock.monotonic().saturating_sub(self.waited)
    }

    /// Lets memory and files agree, after a system call or a fault: mappings follow the files that changed, and files that were
    /// written to by a mapping get its time.
    #[inline]
    pub(crate) fn settle_memory(&mut self) {
        if !self.memory.is_settled() {
            self.settle_changes();
        }
    }

    #[cold]
    fn settle_changes(&mut self) {
        self.memory.follow_files();
        self.memory.set_settled();
        if self.memory.has_written() {
            let now = self.clock.now();
            for node in self.memory.take_written() {
                node.touch_contents(now);
            }
        }
    }

    /// Settles how the process ends; what was settled first holds.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
}
