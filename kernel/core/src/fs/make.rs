//! Nodes for what lies beneath a directory: inodes of the archive, lines of the table of views.

use alloc::borrow::Cow;
use core::cell::RefCell;

use linux_raw_sys::general as linux;

use super::contents::{Contents, Lower};
use super::directory::{Beneath, directory};
use super::erofs::Nid;
use super::node::{Attributes, Kind, Mount, Node};
use super::path::MAX_PATH;
use super::tree::{descriptor_number, view_number};
use super::view::{Folder, Shows, View};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::time::Timestamp;
use crate::view::TABLE;

/// The node for an inode of the archive.
pub(super) fn archived_node(lower: Lower) -> Result<Node, Errno> {
    let inode = lower.inode;
    let kind = match inode.mode & linux::S_IFMT {
        linux::S_IFREG => Kind::File(RefCell::new(Contents::of_archive(lower))),
        linux::S_IFDIR => directory(Beneath::Archive(lower)),
        linux::S_IFLNK => {
            let target = lower.archive.contents(&inode, 0, inode.size);
            if target.len() as u64 != inode.size || target.is_empty() || target.len() >= MAX_PATH {
                return Err(Errno::EIO);
            }
            Kind::Link(Cow::Borrowed(target))
        }
        _ => Kind::Other,
    };
    let time = Timestamp::from_seconds(inode.mtime);
    let attributes = Attributes {
        mode: inode.mode,
        uid: inode.uid,
        gid: inode.gid,
        links: inode.links,
        accessed: time,
        modified: time,
        changed: time,
    };
    Ok(Node::new(
        number_of(inode.nid),
        Mount::Root,
        kind,
        attributes,
    ))
}

/// The number of an inode of the archive: never 0, which readdir(3) takes for a removed entry.
pub(super) fn number_of(nid: Nid) -> u64 {
    nid.0.saturating_add(1)
}

/// The type in a directory entry (`DT_*`) for the archive's (`EROFS_FT_*`).
pub(super) fn entry_type_of_archive(kind: u8) -> u8 {
    let kinds = [0, 8, 4, 2, 6, 1, 12, 10];
    kinds.get(usize::from(kind)).copied().unwrap_or(0)
}

/// The node for a name in a folder of views.
pub(super) fn view_node(
    folder: Folder,
    name: &[u8],
    kernel: Option<&Kernel>,
    now: Timestamp,
) -> Option<Node> {
    if let Folder::Descriptors(line, view) = folder {
        let number = number_from(name)?;
        let file = &kernel?.descriptors.get(number).ok()?.file;
        let view = view(number);
        let mut mode = descriptor_mode(view);
        if matches!(view, View::Descriptor(_)) {
            // A link to what was opened shows for what it was (proc_pid_fd(5)).
            mode &= linux::S_IFMT;
            mode |= if file.is_readable() { 0o500 } else { 0 };
            mode |= if file.is_writable() { 0o300 } else { 0 };
        }
        return Some(Node::new(
            descriptor_number(line, number),
            Mount::Proc,
            Kind::View(view),
            Attributes::new(mode, now),
        ));
    }
    let number = folder.child(name)?;
    let line = TABLE.get(number)?;
    Some(Node::new(
        view_number(number),
        mount_of(line.path),
        kind_of(number, line.shows),
        Attributes::new(line.mode, now),
    ))
}

/// What a line of the table becomes.
pub(super) fn kind_of(number: usize, shows: Shows) -> Kind {
    match shows {
        Shows::Folder => directory(Beneath::Views(Folder::Lines(number))),
        Shows::Descriptors(view) => directory(Beneath::Views(Folder::Descriptors(number, view))),
        Shows::Link(target) => Kind::Link(Cow::Borrowed(target.as_bytes())),
        Shows::Device(device) => Kind::Device(device),
        Shows::View(view) => Kind::View(view),
    }
}

/// Type and permissions of what stands for a descriptor.
pub(super) fn descriptor_mode(view: View) -> u32 {
    match view {
        View::Magic(_) | View::Descriptor(_) => linux::S_IFLNK | 0o700,
        View::Text(_) | View::DescriptorFacts(_) => linux::S_IFREG | 0o400,
    }
}

/// The file system that a path of the table lies in.
pub(super) fn mount_of(path: &str) -> Mount {
    if path.starts_with("/proc") {
        Mount::Proc
    } else if path.starts_with("/sys") {
        Mount::Sys
    } else {
        Mount::Root
    }
}

/// A decimal number without leading zeros.
fn number_from(name: &[u8]) -> Option<usize> {
    if name.len() > 1 && name.starts_with(b"0") || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(name).ok()?.parse().ok()
}
