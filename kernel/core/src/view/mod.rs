//! What `/dev`, `/proc` and `/sys` show, and `/tmp`: one line each in [`TABLE`], and a function that makes it when it is asked for.
//!
//! # How to add one
//! Write a function `fn name(kernel: &mut Kernel) -> Shows` in its subject's file that tells the kernel's own values (proc(5),
//! sysfs(5)), and add its line to the table, sorted by path; folders have lines of their own. What the kernel does not know is
//! left out rather than made up: programs take a missing file for a kernel that was built without it.

mod cpu;
mod groups;
mod limits;
mod load;
mod memory;
mod mounts;
mod process;
mod smaps;
mod status;
mod system;

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, OnceCell};

use linux_raw_sys::general as linux;

pub(crate) use self::load::{FIXED_POINT, Load};
use crate::errno::Errno;
use crate::fs::device::Device;
use crate::fs::node::{Mount, Node};
use crate::fs::view::{Line, Shows, View};
use crate::kernel::Kernel;
use crate::memory::budget;
use crate::program::stack::Places;

/// What a function of the table gives.
type Text = Result<Vec<u8>, Errno>;

/// What views show that nothing else needs.
pub(crate) struct Shown {
    /// Where arguments, environment and auxiliary vector lie.
    places: Places,
    /// This boot's number, once it was asked for.
    boot_id: OnceCell<[u8; 16]>,
    /// The load averages as of when they were asked for last.
    load: Cell<Load>,
}

impl Shown {
    /// For a program that finds these on its stack.
    pub(crate) fn new(places: Places) -> Self {
        Self {
            places,
            boot_id: OnceCell::new(),
            load: Cell::new(Load::default()),
        }
    }
}

/// All views, sorted by path.
pub(crate) static TABLE: &[Line] = &[
    folder("/dev", 0o755),
    device("/dev/console", 0o600, Device::Console),
    link("/dev/fd", "/proc/self/fd"),
    device("/dev/full", 0o666, Device::Full),
    device("/dev/null", 0o666, Device::Null),
    device("/dev/random", 0o666, Device::Random),
    folder("/dev/shm", 0o1777),
    link("/dev/stderr", "/proc/self/fd/2"),
    link("/dev/stdin", "/proc/self/fd/0"),
    link("/dev/stdout", "/proc/self/fd/1"),
    device("/dev/tty", 0o666, Device::Terminal),
    device("/dev/urandom", 0o666, Device::Urandom),
    device("/dev/zero", 0o666, Device::Zero),
    folder("/proc", 0o555),
    folder("/proc/1", 0o555),
    text("/proc/1/auxv", 0o400, process::auxv),
    text("/proc/1/cgroup", 0o444, groups::of_process),
    text("/proc/1/cmdline", 0o444, process::cmdline),
    text("/proc/1/comm", 0o444, process::comm),
    text("/proc/1/coredump_filter", 0o444, process::dumped),
    magic("/proc/1/cwd", process::working_directory),
    text("/proc/1/environ", 0o400, process::environ),
    magic("/proc/1/exe", process::program),
    descriptors("/proc/1/fd", View::Descriptor),
    descriptors("/proc/1/fdinfo", View::DescriptorFacts),
    text("/proc/1/limits", 0o444, limits::limits),
    text("/proc/1/maps", 0o444, process::maps),
    text("/proc/1/mountinfo", 0o444, mounts::mountinfo),
    text("/proc/1/mounts", 0o444, mounts::mounts),
    text("/proc/1/oom_score", 0o444, memory::badness),
    text("/proc/1/oom_score_adj", 0o444, memory::adjustment),
    magic("/proc/1/root", process::root),
    text("/proc/1/smaps", 0o444, smaps::smaps),
    text("/proc/1/smaps_rollup", 0o444, smaps::rollup),
    text("/proc/1/stat", 0o444, status::stat),
    text("/proc/1/statm", 0o444, status::statm),
    text("/proc/1/status", 0o444, status::status),
    folder("/proc/1/task", 0o555),
    folder("/proc/1/task/1", 0o555),
    text("/proc/1/task/1/comm", 0o444, process::comm),
    text("/proc/1/task/1/stat", 0o444, status::stat),
    text("/proc/1/task/1/status", 0o444, status::status),
    text("/proc/cgroups", 0o444, groups::controllers),
    text("/proc/cmdline", 0o444, system::cmdline),
    text("/proc/cpuinfo", 0o444, cpu::cpuinfo),
    text("/proc/devices", 0o444, system::devices),
    text("/proc/filesystems", 0o444, mounts::filesystems),
    text("/proc/loadavg", 0o444, load::loadavg),
    text("/proc/meminfo", 0o444, memory::meminfo),
    link("/proc/mounts", "self/mounts"),
    link("/proc/self", "1"),
    text("/proc/stat", 0o444, system::stat),
    text("/proc/swaps", 0o444, memory::swaps),
    folder("/proc/sys", 0o555),
    folder("/proc/sys/fs", 0o555),
    text("/proc/sys/fs/file-max", 0o444, limits::open_files),
    text("/proc/sys/fs/nr_open", 0o444, limits::open_files),
    folder("/proc/sys/kernel", 0o555),
    text("/proc/sys/kernel/hostname", 0o444, system::hostname),
    text("/proc/sys/kernel/osrelease", 0o444, system::release),
    text("/proc/sys/kernel/ostype", 0o444, system::os_type),
    text("/proc/sys/kernel/pid_max", 0o444, limits::ids),
    folder("/proc/sys/kernel/random", 0o555),
    text("/proc/sys/kernel/random/boot_id", 0o444, system::boot_id),
    text(
        "/proc/sys/kernel/random/entropy_avail",
        0o444,
        system::entropy,
    ),
    text("/proc/sys/kernel/random/uuid", 0o444, system::uuid),
    text("/proc/sys/kernel/version", 0o444, system::build),
    folder("/proc/sys/net", 0o555),
    folder("/proc/sys/net/core", 0o555),
    text(
        "/proc/sys/net/core/somaxconn",
        0o444,
        limits::waiting_connections,
    ),
    folder("/proc/sys/vm", 0o555),
    text("/proc/sys/vm/max_map_count", 0o444, memory::max_map_count),
    text("/proc/sys/vm/overcommit_memory", 0o444, memory::overcommit),
    link("/proc/thread-self", "1/task/1"),
    text("/proc/uptime", 0o444, system::uptime),
    text("/proc/version", 0o444, system::version),
    folder("/sys", 0o555),
    folder("/sys/devices", 0o555),
    folder("/sys/devices/system", 0o555),
    folder("/sys/devices/system/clocksource", 0o555),
    folder("/sys/devices/system/clocksource/clocksource0", 0o555),
    text(
        "/sys/devices/system/clocksource/clocksource0/available_clocksource",
        0o444,
        cpu::clock_source,
    ),
    text(
        "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        0o444,
        cpu::clock_source,
    ),
    folder("/sys/devices/system/cpu", 0o555),
    folder("/sys/devices/system/cpu/cpu0", 0o555),
    text("/sys/devices/system/cpu/online", 0o444, cpu::processors),
    text("/sys/devices/system/cpu/possible", 0o444, cpu::processors),
    text("/sys/devices/system/cpu/present", 0o444, cpu::processors),
    folder("/sys/kernel", 0o555),
    folder("/sys/kernel/mm", 0o555),
    folder("/sys/kernel/mm/transparent_hugepage", 0o555),
    text(
        "/sys/kernel/mm/transparent_hugepage/enabled",
        0o444,
        memory::huge_pages,
    ),
    text(
        "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
        0o444,
        memory::huge_page_size,
    ),
    line("/tmp", linux::S_IFDIR | 0o1777, Shows::Empty),
];

const fn folder(path: &'static str, permissions: u32) -> Line {
    line(path, linux::S_IFDIR | permissions, Shows::Folder)
}

const fn descriptors(path: &'static str, view: fn(usize) -> View) -> Line {
    line(path, linux::S_IFDIR | 0o500, Shows::Descriptors(view))
}

const fn device(path: &'static str, permissions: u32, device: Device) -> Line {
    line(path, linux::S_IFCHR | permissions, Shows::Device(device))
}

const fn link(path: &'static str, target: &'static str) -> Line {
    line(path, linux::S_IFLNK | 0o777, Shows::Link(target))
}

const fn text(path: &'static str, permissions: u32, make: fn(&mut Kernel) -> Text) -> Line {
    let shows = Shows::View(View::Text(make));
    line(path, linux::S_IFREG | permissions, shows)
}

const fn magic(path: &'static str, find: fn(&Kernel) -> Option<Rc<Node>>) -> Line {
    let shows = Shows::View(View::Magic(find));
    line(path, linux::S_IFLNK | 0o777, shows)
}

const fn line(path: &'static str, mode: u32, shows: Shows) -> Line {
    let mount = match path.as_bytes() {
        [b'/', b'p', b'r', b'o', b'c', ..] => Mount::Proc,
        [b'/', b's', b'y', b's', ..] => Mount::Sys,
        _ => Mount::Root,
    };
    Line {
        path,
        mount,
        mode,
        shows,
    }
}

impl Kernel {
    /// The bytes of a view that is a file.
    pub(crate) fn text_of(&mut self, view: View) -> Text {
        /// Longer than most.
        const USUAL: usize = 16 * 1024;
        budget::allow_bytes(USUAL)?;
        match view {
            View::Text(make) => make(self),
            View::DescriptorFacts(number) => process::descriptor_facts(self, number),
            View::Magic(_) | View::Descriptor(_) => Err(Errno::EINVAL),
        }
    }

    /// What a view that is a link reads as.
    pub(crate) fn link_of(&self, view: View) -> Result<Vec<u8>, Errno> {
        let node = match view {
            View::Magic(find) => find(self),
            View::Descriptor(number) => Some(
                self.descriptors
                    .get(number)
                    .map(|it| it.file.node().clone()),
            )
            .and_then(Result::ok),
            View::Text(_) | View::DescriptorFacts(_) => return Err(Errno::EINVAL),
        };
        let node = node.ok_or(Errno::ENOENT)?;
        Ok(process::name_of(self, &node))
    }
}

/// A text as bytes.
fn bytes(text: String) -> Text {
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_each_line_has_its_folder() {
        assert!(TABLE.is_sorted_by(|a, b| a.path < b.path));
        for line in TABLE {
            let (folder, name) = line.path.rsplit_once('/').expect("it starts with a slash");
            assert!(!name.is_empty());
            let is_folder =
                |line: &Line| line.path == folder && matches!(line.shows, Shows::Folder);
            assert!(
                folder.is_empty() || TABLE.iter().any(is_folder),
                "{}",
                line.path
            );
        }
    }
}
