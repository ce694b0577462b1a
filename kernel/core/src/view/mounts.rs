//! What is mounted (proc_pid_mounts(5), proc_pid_mountinfo(5)).

use alloc::format;
use alloc::string::String;

use super::{Text, bytes};
use crate::fs::node::Mount;
use crate::kernel::Kernel;

/// A file system that can be seen: where, which, and its place, type and options.
const MOUNTED: [(&str, Mount, &str, &str); 3] = [
    ("/", Mount::Root, "overlay", "rw,noatime"),
    ("/proc", Mount::Proc, "proc", "ro"),
    ("/sys", Mount::Sys, "sysfs", "ro"),
];

impl Mount {
    /// Its device number as `stat(2)` tells it: major 0.
    pub(crate) fn device(self) -> u64 {
        match self {
            Self::Root => 1,
            Self::Proc => 2,
            Self::Sys => 3,
            Self::Unnamed => 4,
            Self::Streams => 13,
        }
    }

    /// Its mount's number as `statx(2)` tells it.
    pub(crate) fn id(self) -> u64 {
        self.device()
    }
}

pub(super) fn mounts(_kernel: &mut Kernel) -> Text {
    let lines = MOUNTED.iter();
    bytes(
        lines
            .map(|(path, _, kind, options)| format!("{kind} {path} {kind} {options} 0 0\n"))
            .collect(),
    )
}

pub(super) fn mountinfo(_kernel: &mut Kernel) -> Text {
    let mut text = String::new();
    for (path, mount, kind, options) in MOUNTED {
        let id = mount.id();
        let parent = if mount == Mount::Root {
            0
        } else {
            Mount::Root.id()
        };
        let access = options.get(..2).unwrap_or("rw");
        text.push_str(&format!(
            "{id} {parent} 0:{} / {path} {options} - {kind} {kind} {access}\n",
            mount.device()
        ));
    }
    bytes(text)
}

pub(super) fn filesystems(_kernel: &mut Kernel) -> Text {
    bytes(
        MOUNTED
            .iter()
            .map(|(_, _, kind, _)| format!("nodev\t{kind}\n"))
            .collect(),
    )
}
