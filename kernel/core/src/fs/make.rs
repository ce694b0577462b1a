//! Nodes for what lies beneath a directory: inodes of the archive, lines of the table of views.

use alloc::borrow::Cow;
use alloc::rc::Rc;
use core::cell::RefCell;

use linux_raw_sys::general as linux;

use super::archive::Mounted;
use super::contents::{Contents, Lower};
use super::directory::{Beneath, directory};
use super::erofs::{Inode, Nid};
use super::node::{Kind, Mount, Node};
use super::path::MAX_PATH;
use super::tree::{descriptor_number, view_number};
use super::view::{Folder, Line, Shows, View};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::time::Timestamp;

/// The node for an inode of the archive.
pub(super) fn archived_node(archive: &'static Mounted, inode: &Inode) -> Result<Rc<Node>, Errno> {
    let extent = inode.extent;
    let lower = Lower { archive, extent };
    let kind = match inode.mode & linux::S_IFMT {
        linux::S_IFREG => Kind::File(RefCell::new(Contents::of_archive(lower))),
        linux::S_IFDIR => directory(Beneath {
            views: None,
            archive: Some(lower),
        }),
        linux::S_IFLNK => {
            let target = archive.contents(&extent, 0, extent.size);
            if target.len() as u64 != extent.size || target.is_empty() || target.len() >= MAX_PATH {
                return Err(Errno::EIO);
            }
            Kind::Link(Cow::Borrowed(target))
        }
        _ => Kind::Other,
    };
    let number = number_of(inode.nid);
    let time = Timestamp::from_seconds(inode.mtime);
    let node = Node::new(number, Mount::Root, kind, inode.mode, time);
    let mut attributes = node.attributes.borrow_mut();
    attributes.uid = inode.uid;
    attributes.gid = inode.gid;
    attributes.links = inode.links;
    drop(attributes);
    Ok(node)
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

/// The node for a line of the table of views, with its number there, in a folder of that file system.
pub(super) fn view_node(number: u64, line: &Line, mount: Mount, now: Timestamp) -> Rc<Node> {
    let folder = |views| {
        let archive = None;
        directory(Beneath { views, archive })
    };
    let kind = match line.shows {
        Shows::Folder(lines) => folder(Some(Folder::Lines(number, lines))),
        Shows::Empty => folder(None),
        Shows::Descriptors(view) => folder(Some(Folder::Descriptors(number, view))),
        Shows::Link(target) => Kind::Link(Cow::Borrowed(target.as_bytes())),
        Shows::Device(device) => Kind::Device(device),
        Shows::View(view) => Kind::View(view),
    };
    let mount = line.mount.unwrap_or(mount);
    Node::new(view_number(number), mount, kind, line.mode, now)
}

/// The node for an open descriptor in a folder that shows them.
pub(super) fn descriptor_node(
    folder: Folder,
    name: &[u8],
    kernel: Option<&Kernel>,
    now: Timestamp,
) -> Option<Rc<Node>> {
    let Folder::Descriptors(folder, view) = folder else {
        return None;
    };
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
    Some(Node::new(
        descriptor_number(folder, number),
        Mount::Proc,
        Kind::View(view),
        mode,
        now,
    ))
}

/// Type and permissions of what stands for a descriptor.
pub(super) fn descriptor_mode(view: View) -> u32 {
    match view {
        View::Magic(_) | View::Descriptor(_) => linux::S_IFLNK | 0o700,
        View::Text(_) | View::DescriptorFacts(_) => linux::S_IFREG | 0o400,
    }
}

/// A decimal number without leading zeros.
fn number_from(name: &[u8]) -> Option<usize> {
    if name.len() > 1 && name.starts_with(b"0") || !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(name).ok()?.parse().ok()
}
