//! How the process is (proc_pid_stat(5), proc_pid_statm(5), proc_pid_status(5)).
//!
//! Memory that is taken is all that the machine has given out, the kernel's own included.

use alloc::format;
use alloc::string::String;

use unikernel_machine::frame::usage;
use unikernel_machine::space::Protection;

use super::process::thread_name;
use super::{Text, bytes};
use crate::kernel::Kernel;
use crate::memory::PAGE;
use crate::memory::area::{Area, Role};
use crate::process::thread::PROCESS_ID;
use crate::program::stack::CLOCK_TICKS;
use crate::time::SECOND;

/// Sizes in pages.
struct Sizes {
    mapped: u64,
    taken: u64,
    shared: u64,
    code: u64,
    data: u64,
    stack: u64,
}

impl Sizes {
    fn of(kernel: &Kernel) -> Self {
        let pages = |wanted: fn(&Area) -> bool| {
            let areas = kernel.memory.areas().filter(|(_, area)| wanted(area));
            areas.fold(0_u64, |sum, (run, _)| sum.saturating_add(run.count()))
        };
        let memory = usage();
        Self {
            mapped: pages(|_| true),
            taken: memory.total.saturating_sub(memory.free) as u64,
            shared: pages(|area| area.file().is_some()),
            code: pages(|area| area.protection.contains(Protection::EXECUTE)),
            data: pages(Area::takes_memory),
            stack: pages(|area| matches!(area.role, Role::Stack)),
        }
    }
}

pub(super) fn statm(kernel: &mut Kernel) -> Text {
    let sizes = Sizes::of(kernel);
    bytes(format!(
        "{} {} {} {} 0 {} 0\n",
        sizes.mapped,
        sizes.taken,
        sizes.shared.min(sizes.taken),
        sizes.code,
        sizes.data
    ))
}

pub(super) fn stat(kernel: &mut Kernel) -> Text {
    let sizes = Sizes::of(kernel);
    let id = PROCESS_ID;
    let user = kernel.processor_time() / (SECOND / CLOCK_TICKS);
    let places = &kernel.shown.places;
    let mut text = format!("{id} (").into_bytes();
    text.extend_from_slice(&thread_name(kernel));
    // Fields 3 to 52; what is not counted is 0, as Linux has it for others' processes.
    let fields = [
        // State, parent, group, session, terminal, its group, flags, faults: 3 to 13.
        format!(") R 0 {id} {id} 0 -1 0 0 0 0 0"),
        // Times, priority, nice, threads, timer, start: 14 to 22.
        format!(
            "{user} 0 0 0 {} {} 1 0 0",
            20_i32.saturating_add(kernel.nice),
            kernel.nice
        ),
        // Sizes and their limit: 23 to 25.
        format!(
            "{} {} {}",
            sizes.mapped.saturating_mul(PAGE),
            sizes.taken,
            u64::MAX
        ),
        // Code, stack, registers: 26 to 30.
        format!("0 0 {} 0 0", places.pointer),
        // Signals, channel, swapped, exit signal, processor, policy, delays, guest: 31 to 44.
        String::from("0 0 0 0 0 0 0 17 0 0 0 0 0 0"),
        // Data, heap, arguments, environment, exit code: 45 to 52.
        format!(
            "0 0 0 {} {} {} {} 0\n",
            places.args.start, places.args.end, places.env.start, places.env.end
        ),
    ];
    text.extend_from_slice(fields.join(" ").as_bytes());
    Ok(text)
}

pub(super) fn status(kernel: &mut Kernel) -> Text {
    let sizes = Sizes::of(kernel);
    let id = PROCESS_ID;
    let mut text = b"Name:\t".to_vec();
    text.extend_from_slice(&thread_name(kernel));
    let [size, rss, data, stack, code] = [
        sizes.mapped,
        sizes.taken,
        sizes.data,
        sizes.stack,
        sizes.code,
    ]
    .map(|pages| pages.saturating_mul(PAGE / 1024));
    let groups = kernel.groups.iter().map(|group| format!("{group} "));
    let groups: String = groups.collect();
    let rest = format!(
        "\nUmask:\t{:04o}\nState:\tR (running)\nTgid:\t{id}\nPid:\t{id}\nPPid:\t0\nTracerPid:\t0\n\
         Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t{}\nGroups:\t{groups}\nVmSize:\t{size:>8} kB\nVmRSS:\t{rss:>8} kB\n\
         VmData:\t{data:>8} kB\nVmStk:\t{stack:>8} kB\nVmExe:\t{code:>8} kB\nThreads:\t1\n\
         Cpus_allowed:\t1\nCpus_allowed_list:\t0\n",
        kernel.umask,
        kernel.descriptors.room(),
    );
    text.extend_from_slice(rest.as_bytes());
    Ok(text)
}
