//! What `/dev`, `/proc` and `/sys` show, and `/tmp`: one line each in [`TABLE`], with what makes it when it is asked for.
//!
//! # How to add one
//! Write a function `fn name(kernel: &mut Kernel) -> Shows` in its subject's file that tells the kernel's own values (proc(5),
//! sysfs(5)), and add its line to its folder in the table, sorted by name. What the kernel does not know is left out rather than
//! made up: programs take a missing file for a kernel that was built without it.

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

/// All views, by the folders that they are in, sorted by name.
pub(crate) static TABLE: &[Line] = &[
    folder(
        "dev",
        0o755,
        &[
            device("console", 0o600, Device::Console),
            link("fd", "/proc/self/fd"),
            device("full", 0o666, Device::Full),
            device("null", 0o666, Device::Null),
            device("random", 0o666, Device::Random),
            folder("shm", 0o1777, &[]),
            link("stderr", "/proc/self/fd/2"),
            link("stdin", "/proc/self/fd/0"),
            link("stdout", "/proc/self/fd/1"),
            device("tty", 0o666, Device::Terminal),
            device("urandom", 0o666, Device::Urandom),
            device("zero", 0o666, Device::Zero),
        ],
    ),
    mounted(
        "proc",
        Mount::Proc,
        0o555,
        &[
            folder(
                "1",
                0o555,
                &[
                    text("auxv", 0o400, process::auxv),
                    text("cgroup", 0o444, groups::of_process),
                    text("cmdline", 0o444, process::cmdline),
                    text("comm", 0o444, process::comm),
                    text("coredump_filter", 0o444, process::dumped),
                    magic("cwd", process::working_directory),
                    text("environ", 0o400, process::environ),
                    magic("exe", process::program),
                    descriptors("fd", View::Descriptor),
                    descriptors("fdinfo", View::DescriptorFacts),
                    text("limits", 0o444, limits::limits),
                    text("maps", 0o444, process::maps),
                    text("mountinfo", 0o444, mounts::mountinfo),
                    text("mounts", 0o444, mounts::mounts),
                    text("oom_score", 0o444, memory::badness),
                    text("oom_score_adj", 0o444, memory::adjustment),
                    magic("root", process::root),
                    text("smaps", 0o444, smaps::smaps),
                    text("smaps_rollup", 0o444, smaps::rollup),
                    text("stat", 0o444, status::stat),
                    text("statm", 0o444, status::statm),
                    text("status", 0o444, status::status),
                    folder(
                        "task",
                        0o555,
                        &[folder(
                            "1",
                            0o555,
                            &[
                                text("comm", 0o444, process::comm),
                                text("stat", 0o444, status::stat),
                                text("status", 0o444, status::status),
                            ],
                        )],
                    ),
                ],
            ),
            text("cgroups", 0o444, groups::controllers),
            text("cmdline", 0o444, system::cmdline),
            text("cpuinfo", 0o444, cpu::cpuinfo),
            text("devices", 0o444, system::devices),
            text("filesystems", 0o444, mounts::filesystems),
            text("loadavg", 0o444, load::loadavg),
            text("meminfo", 0o444, memory::meminfo),
            link("mounts", "self/mounts"),
            link("self", "1"),
            text("stat", 0o444, system::stat),
            text("swaps", 0o444, memory::swaps),
            folder(
                "sys",
                0o555,
                &[
                    folder(
                        "fs",
                        0o555,
                        &[
                            text("file-max", 0o444, limits::open_files),
                            text("nr_open", 0o444, limits::open_files),
                        ],
                    ),
                    folder(
                        "kernel",
                        0o555,
                        &[
                            text("hostname", 0o444, system::hostname),
                            text("osrelease", 0o444, system::release),
                            text("ostype", 0o444, system::os_type),
                            text("pid_max", 0o444, limits::ids),
                            folder(
                                "random",
                                0o555,
                                &[
                                    text("boot_id", 0o444, system::boot_id),
                                    text("entropy_avail", 0o444, system::entropy),
                                    text("uuid", 0o444, system::uuid),
                                ],
                            ),
                            text("version", 0o444, system::build),
                        ],
                    ),
                    folder(
                        "net",
                        0o555,
                        &[folder(
                            "core",
                            0o555,
                            &[text("somaxconn", 0o444, limits::waiting_connections)],
                        )],
                    ),
                    folder(
                        "vm",
                        0o555,
                        &[
                            text("max_map_count", 0o444, memory::max_map_count),
                            text("overcommit_memory", 0o444, memory::overcommit),
                        ],
                    ),
                ],
            ),
            link("thread-self", "1/task/1"),
            text("uptime", 0o444, system::uptime),
            text("version", 0o444, system::version),
        ],
    ),
    mounted(
        "sys",
        Mount::Sys,
        0o555,
        &[
            folder(
                "devices",
                0o555,
                &[folder(
                    "system",
                    0o555,
                    &[
                        folder(
                            "clocksource",
                            0o555,
                            &[folder(
                                "clocksource0",
                                0o555,
                                &[
                                    text("available_clocksource", 0o444, cpu::clock_source),
                                    text("current_clocksource", 0o444, cpu::clock_source),
                                ],
                            )],
                        ),
                        folder(
                            "cpu",
                            0o555,
                            &[
                                folder("cpu0", 0o555, &[]),
                                text("online", 0o444, cpu::processors),
                                text("possible", 0o444, cpu::processors),
                                text("present", 0o444, cpu::processors),
                            ],
                        ),
                    ],
                )],
            ),
            folder(
                "kernel",
                0o555,
                &[folder(
                    "mm",
                    0o555,
                    &[folder(
                        "transparent_hugepage",
                        0o555,
                        &[
                            text("enabled", 0o444, memory::huge_pages),
                            text("hpage_pmd_size", 0o444, memory::huge_page_size),
                        ],
                    )],
                )],
            ),
        ],
    ),
    empty("tmp", 0o1777),
];

const fn folder(name: &'static str, permissions: u32, lines: &'static [Line]) -> Line {
    line(name, linux::S_IFDIR | permissions, Shows::Folder(lines))
}

const fn mounted(
    name: &'static str,
    mount: Mount,
    permissions: u32,
    lines: &'static [Line],
) -> Line {
    let mut line = folder(name, permissions, lines);
    line.mount = Some(mount);
    line
}

const fn empty(name: &'static str, permissions: u32) -> Line {
    line(name, linux::S_IFDIR | permissions, Shows::Empty)
}

const fn descriptors(name: &'static str, view: fn(usize) -> View) -> Line {
    line(name, linux::S_IFDIR | 0o500, Shows::Descriptors(view))
}

const fn device(name: &'static str, permissions: u32, device: Device) -> Line {
    line(name, linux::S_IFCHR | permissions, Shows::Device(device))
}

const fn link(name: &'static str, target: &'static str) -> Line {
    line(name, linux::S_IFLNK | 0o777, Shows::Link(target))
}

const fn text(name: &'static str, permissions: u32, make: fn(&mut Kernel) -> Text) -> Line {
    let shows = Shows::View(View::Text(make));
    line(name, linux::S_IFREG | permissions, shows)
}

const fn magic(name: &'static str, find: fn(&Kernel) -> &Rc<Node>) -> Line {
    let shows = Shows::View(View::Magic(find));
    line(name, linux::S_IFLNK | 0o777, shows)
}

const fn line(name: &'static str, mode: u32, shows: Shows) -> Line {
    Line {
        name,
        mount: None,
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

    /// What a view that is a link leads to.
    pub(crate) fn node_behind(&self, view: View) -> Result<&Rc<Node>, Errno> {
        match view {
            View::Magic(find) => Ok(find(self)),
            View::Descriptor(number) => match self.descriptors.get(number) {
                Ok(descriptor) => Ok(descriptor.file.node()),
                Err(_) => Err(Errno::ENOENT),
            },
            View::Text(_) | View::DescriptorFacts(_) => Err(Errno::EINVAL),
        }
    }

    /// What a view that is a link reads as.
    pub(crate) fn link_of(&self, view: View) -> Result<Vec<u8>, Errno> {
        Ok(process::name_of(self, self.node_behind(view)?))
    }
}

/// A text as bytes.
fn bytes(text: String) -> Text {
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::view::LINE_BITS;

    #[test]
    fn each_folder_is_sorted_and_can_be_numbered() {
        fn check(lines: &[Line]) {
            assert!(lines.is_sorted_by(|a, b| a.name < b.name));
            assert!(lines.len() < 1 << LINE_BITS);
            for line in lines {
                if let Shows::Folder(lines) = line.shows {
                    check(lines);
                }
            }
        }
        check(TABLE);
    }
}
