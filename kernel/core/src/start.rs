//! Bring-up: from a machine that is up to a program that runs, and to the machine's end.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use linux_raw_sys::general as linux;
use unikernel_abi::bytes::{field, u64_of};
use unikernel_abi::report::Report;
use unikernel_machine::address::UserAddr;
use unikernel_machine::boot::{Boot, BootFailed};
use unikernel_machine::context::Context;
use unikernel_machine::virtio::{DeviceKind, VirtioDevice};
use unikernel_machine::{power, time};

use crate::driver::entropy::EntropyDevice;
use crate::driver::streams::{Stream, Streams};
use crate::fs::archive::Mounted;
use crate::fs::descriptors::Descriptors;
use crate::fs::node::{Kind, Mount};
use crate::fs::open::{OpenFile, Target};
use crate::fs::tree::Tree;
use crate::kernel::{Ending, Held, Kernel};
use crate::memory::AddressSpace;
use crate::memory::layout::{Layout, numbers};
use crate::process::signal::state::Signals;
use crate::process::thread::Thread;
use crate::process::timers::Timers;
use crate::program::launch::Settings;
use crate::program::{Name, StartError, load, stack, vdso};
use crate::random::Random;
use crate::report;
use crate::time::{Clock, Timestamp};
use crate::view::Shown;

/// Runs the image's program and ends the machine.
///
/// The exit code of the machine says nothing; how the program ended is in the last report.
pub fn start(mut boot: Result<Boot, BootFailed>) -> ! {
    let streams = Rc::new(RefCell::new(open_streams(&mut boot)));
    report_panics(&streams);
    match boot {
        Ok(boot) => {
            if let Err(error) = run(boot, &streams) {
                report::cannot_start(&mut streams.borrow_mut(), &error);
            }
        }
        Err(failure) => report::cannot_start(&mut streams.borrow_mut(), &failure.reason),
    }
    streams.borrow_mut().flush();
    power::off(0)
}

/// Takes the devices that carry the streams; they are there even when the image can't be started.
fn open_streams(boot: &mut Result<Boot, BootFailed>) -> Streams {
    match boot {
        Ok(boot) => Streams::new(&mut boot.devices, boot.serial.take()),
        Err(failed) => Streams::new(&mut failed.devices, failed.serial.take()),
    }
}

/// Has kernel panics reported, unless they come from the streams themselves.
fn report_panics(streams: &Rc<RefCell<Streams>>) {
    let streams = streams.clone();
    unikernel_machine::panic::set_panic_reporter(Box::new(move |reason| {
        if let Ok(mut streams) = streams.try_borrow_mut() {
            report::panicked(&mut streams, reason);
            streams.flush();
        }
    }));
}

/// Mounts the archive, reads the launch record, loads the program, runs it, and reports how it ended.
fn run(mut boot: Boot, streams: &Rc<RefCell<Streams>>) -> Result<(), StartError> {
    let settings = Settings::read(boot.module_launch, boot.image_launch)?;
    streams.borrow_mut().set_terminals(settings.terminals);
    let clock = Clock::new(settings.tsc_hz, settings.unix_ns);
    let source = entropy_device(&mut boot.devices);
    let mut random = Random::new(source, &clock).map_err(|_| StartError::NoEntropy)?;
    let now = clock.now();
    let tree = mount(boot.archive, now)?;
    // For the layout, and for the program.
    let mut drawn = [0; 8 + 16];
    random
        .fill(&mut drawn, &clock)
        .map_err(|_| StartError::NoEntropy)?;
    let seed = settings.layout_seed.unwrap_or(u64_of::<0, _>(&drawn));
    let mut memory =
        AddressSpace::new(Layout::new(numbers(seed))).map_err(|_| StartError::Memory)?;
    let loaded = load::load(&tree, &mut memory, settings.program)?;
    let vdso = vdso::map(&mut memory, &clock).map_err(|_| StartError::Memory)?;
    let random_bytes = field::<8, _, _>(&drawn);
    let places =
        stack::build(&mut memory, &settings, &loaded, vdso, random_bytes).map_err(|errno| {
            StartError::File(
                "passing arguments and environment to",
                Name::new(settings.program),
                errno,
            )
        })?;
    let context = Context::new(UserAddr(loaded.start), UserAddr(places.pointer));
    let name = settings
        .program
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or(&[]);
    let mut kernel = Kernel {
        memory,
        root: tree.root().clone(),
        working_directory: tree.root().clone(),
        descriptors: standard_descriptors(&tree, &streams.borrow(), now),
        tree,
        nice: 0,
        groups: Vec::new(),
        umask: 0o022,
        signals: Signals::default(),
        thread: Thread::new(context, name),
        timers: Timers::default(),
        clock,
        random,
        streams: streams.clone(),
        program: loaded.node,
        held: settings.is_held.then_some(Held {
            start: loaded.start,
            program: loaded.base,
            interpreter: loaded.interpreter_base,
        }),
        traced: settings.traced,
        vdso,
        told: BTreeSet::new(),
        refusals: 0,
        ending: None,
        memory_total: boot.memory_total,
        shown: Shown::new(places),
        waited: 0,
    };
    hold(&mut kernel);
    kernel.report(&Report::Started {
        entry_tsc: time::entry_ticks(),
        program_tsc: time::ticks(),
    });
    let ending = kernel.ending.unwrap_or_else(|| kernel.run());
    let report = match ending {
        Ending::Exited(status) => Report::Exited {
            status: u64::from(status),
        },
        Ending::Killed(signal) => Report::Killed {
            signal: u64::from(signal),
        },
    };
    kernel.report(&report);
    // The machine ends: nobody needs the memory, and to give it back piece by piece takes time.
    core::mem::forget(kernel);
    Ok(())
}

fn entropy_device(devices: &mut [VirtioDevice]) -> Option<EntropyDevice> {
    let mut sources = devices
        .iter_mut()
        .filter(|device| device.kind() == DeviceKind::Entropy);
    sources.find_map(EntropyDevice::new)
}

fn mount(
    archive: Option<unikernel_machine::archive::Archive>,
    now: Timestamp,
) -> Result<Tree, StartError> {
    let mounted = archive
        .map(Mounted::new)
        .transpose()
        .map_err(StartError::Archive)?;
    Tree::new(mounted, now).map_err(StartError::Archive)
}

/// Descriptors 0, 1 and 2.
pub(crate) fn standard_descriptors(tree: &Tree, streams: &Streams, now: Timestamp) -> Descriptors {
    let standard = [
        (Stream::Stdin, linux::O_RDONLY),
        (Stream::Stdout, linux::O_WRONLY),
        (Stream::Stderr, linux::O_WRONLY),
    ];
    Descriptors::new(standard.map(|(stream, flags)| {
        // A terminal where the host has one, else a pipe.
        let mode = if streams.is_terminal(stream) {
            linux::S_IFCHR | 0o620
        } else {
            linux::S_IFIFO | 0o600
        };
        let node = tree.create(Mount::Streams, Kind::Stream(stream), mode, now);
        OpenFile::new(Target::Stream(stream, node), flags)
    }))
}

/// Tells a debugger where the program lies, and waits for the host's word.
fn hold(kernel: &mut Kernel) {
    let Some(held) = kernel.held else {
        return;
    };
    kernel.report(&Report::Held {
        start: held.start,
        program: held.program,
        interpreter: held.interpreter,
    });
    kernel.wait_for_start();
}
