//! Making and removing names: mkdir(2), mknod(2), unlink(2), rmdir(2), link(2), symlink(2), readlink(2).

use alloc::borrow::Cow;
use alloc::rc::Rc;
use core::cell::RefCell;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::{Base, PathArg};
use crate::errno::{Errno, SysResult};
use crate::fs::contents::Contents;
use crate::fs::device::Device;
use crate::fs::directory::{Beneath, directory};
use crate::fs::node::{Kind, Mount, Node, PERMISSIONS};
use crate::fs::path::LastPart;
use crate::fs::walk::{LastLink, LastName, Walked};
use crate::kernel::Kernel;

pub(super) fn mkdir(kernel: &mut Kernel, path: PathArg, mode: u32) -> SysResult {
    mkdirat(kernel, Base::Working, path, mode)
}

pub(super) fn mkdirat(kernel: &mut Kernel, base: Base, path: PathArg, mode: u32) -> SysResult {
    let walked = kernel.walk(base, path, LastLink::Name)?;
    if walked.node.is_some() {
        return Err(Errno::EEXIST);
    }
    // S_ISVTX is kept, the set-id bits are not (mkdir(2)).
    let mode = linux::S_IFDIR | mode & 0o1777 & !kernel.umask;
    kernel.add_node(&walked, directory(Beneath::default()), mode)?;
    count_subdirectory(&walked.parent, 1);
    Ok(0)
}

/// A directory has one more name for each directory in it: that one's `..`.
pub(super) fn count_subdirectory(parent: &Node, change: i32) {
    let mut attributes = parent.attributes.borrow_mut();
    attributes.links = attributes.links.saturating_add_signed(change);
}

pub(super) fn mknod(kernel: &mut Kernel, path: PathArg, mode: u32, device: u32) -> SysResult {
    mknodat(kernel, Base::Working, path, mode, device)
}

/// Makes a regular file, or one of the devices that this kernel has. Other devices, FIFOs and sockets are `EPERM`, as on a file
/// system that does not support them.
pub(super) fn mknodat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    mode: u32,
    device: u32,
) -> SysResult {
    let kind = match mode & linux::S_IFMT {
        0 | linux::S_IFREG => Ok(Kind::File(RefCell::new(Contents::new()))),
        linux::S_IFCHR => Device::from_number(u64::from(device))
            .map(Kind::Device)
            .ok_or(Errno::EPERM),
        linux::S_IFBLK | linux::S_IFIFO | linux::S_IFSOCK => Err(Errno::EPERM),
        linux::S_IFDIR => return Err(Errno::EPERM),
        _ => return Err(Errno::EINVAL),
    };
    let walked = kernel.walk(base, path, LastLink::Name)?;
    new_name(&walked)?;
    let file_type = match mode & linux::S_IFMT {
        0 => linux::S_IFREG,
        file_type => file_type,
    };
    kernel.add_node(
        &walked,
        kind?,
        file_type | mode & PERMISSIONS & !kernel.umask,
    )?;
    Ok(0)
}

/// Whether other folders are mounted on it.
fn is_view_folder(node: &Node) -> bool {
    match &node.kind {
        Kind::Directory(directory) => directory.borrow().beneath.views.is_some(),
        _ => false,
    }
}

pub(super) fn rmdir(kernel: &mut Kernel, path: PathArg) -> SysResult {
    unlinkat(kernel, Base::Working, path, linux::AT_REMOVEDIR)
}

pub(super) fn unlink(kernel: &mut Kernel, path: PathArg) -> SysResult {
    unlinkat(kernel, Base::Working, path, 0)
}

pub(super) fn unlinkat(kernel: &mut Kernel, base: Base, path: PathArg, flags: u32) -> SysResult {
    if flags & !linux::AT_REMOVEDIR != 0 {
        return Err(Errno::EINVAL);
    }
    let walked = kernel.walk(base, path, LastLink::Name)?;
    if flags == 0 {
        let LastName::Named(_) = walked.name else {
            return Err(Errno::EISDIR);
        };
        let node = walked.node.as_ref().ok_or(Errno::ENOENT)?;
        if node.is_directory() {
            return Err(Errno::EISDIR);
        }
        if walked.slash {
            return Err(Errno::ENOTDIR);
        }
        return remove(kernel, &walked);
    }
    match walked.name {
        LastName::Named(_) => {}
        LastName::Dot => return Err(Errno::EINVAL),
        LastName::DotDot => return Err(Errno::ENOTEMPTY),
        LastName::Root => return Err(Errno::EBUSY),
    }
    let node = walked.node.as_ref().ok_or(Errno::ENOENT)?;
    if !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    if walked.parent.mount != Mount::Root {
        return Err(Errno::EPERM);
    }
    if is_view_folder(node) {
        return Err(Errno::EBUSY);
    }
    if !kernel.tree.is_empty(node)? {
        return Err(Errno::ENOTEMPTY);
    }
    remove(kernel, &walked)
}

/// Takes the walked name away.
fn remove(kernel: &Kernel, walked: &Walked) -> SysResult {
    let (LastName::Named(name), Some(node)) = (&walked.name, &walked.node) else {
        return Err(Errno::ENOENT);
    };
    let now = kernel.clock.now();
    kernel.tree.remove(&walked.parent, name.bytes(), now)?;
    forget_name(node, &walked.parent);
    node.touch_attributes(now);
    Ok(0)
}

/// Counts one name of a node less; a directory has then none.
pub(super) fn forget_name(node: &Node, parent: &Node) {
    let is_directory = node.is_directory();
    let mut attributes = node.attributes.borrow_mut();
    attributes.links = if is_directory {
        0
    } else {
        attributes.links.saturating_sub(1)
    };
    drop(attributes);
    if is_directory {
        count_subdirectory(parent, -1);
    }
}

pub(super) fn link(kernel: &mut Kernel, old: PathArg, new: PathArg) -> SysResult {
    linkat(kernel, Base::Working, old, Base::Working, new, 0)
}

pub(super) fn linkat(
    kernel: &mut Kernel,
    old_base: Base,
    old: PathArg,
    new_base: Base,
    new: PathArg,
    flags: u32,
) -> SysResult {
    if flags & !(linux::AT_SYMLINK_FOLLOW | linux::AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let follow = if flags & linux::AT_SYMLINK_FOLLOW != 0 {
        0
    } else {
        linux::AT_SYMLINK_NOFOLLOW
    };
    let node = kernel.node_at(old_base, old, follow | flags & linux::AT_EMPTY_PATH)?;
    let walked = kernel.walk(new_base, new, LastLink::Name)?;
    let name = new_name(&walked)?;
    if node.mount != walked.parent.mount {
        return Err(Errno::EXDEV);
    }
    if node.is_directory() {
        return Err(Errno::EPERM);
    }
    // What never had a name may get one; what lost its last may not.
    if node.attributes.borrow().links == 0 && node.location.borrow().is_some() {
        return Err(Errno::ENOENT);
    }
    let now = kernel.clock.now();
    kernel
        .tree
        .add(&walked.parent, name.to_name(), &node, now)?;
    let mut attributes = node.attributes.borrow_mut();
    attributes.links = attributes.links.saturating_add(1);
    drop(attributes);
    node.touch_attributes(now);
    Ok(0)
}

/// The name of what shall be made, and is not to be a directory.
fn new_name(walked: &Walked) -> Result<&LastPart, Errno> {
    match &walked.name {
        LastName::Named(_) if walked.node.is_some() => Err(Errno::EEXIST),
        LastName::Named(_) if walked.slash => Err(Errno::ENOENT),
        LastName::Named(name) => Ok(name),
        _ => Err(Errno::EEXIST),
    }
}

pub(super) fn symlink(kernel: &mut Kernel, target: PathArg, path: PathArg) -> SysResult {
    symlinkat(kernel, target, Base::Working, path)
}

pub(super) fn symlinkat(
    kernel: &mut Kernel,
    target: PathArg,
    base: Base,
    path: PathArg,
) -> SysResult {
    let target = kernel.memory.read_text(target.0)?;
    if target.is_empty() {
        return Err(Errno::ENOENT);
    }
    let walked = kernel.walk(base, path, LastLink::Name)?;
    new_name(&walked)?;
    kernel.add_node(
        &walked,
        Kind::Link(Cow::Owned(target)),
        linux::S_IFLNK | 0o777 & PERMISSIONS,
    )?;
    Ok(0)
}

pub(super) fn readlink(kernel: &mut Kernel, path: PathArg, to: UserAddr, len: i32) -> SysResult {
    readlinkat(kernel, Base::Working, path, to, len)
}

pub(super) fn readlinkat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    to: UserAddr,
    len: i32,
) -> SysResult {
    let len = usize::try_from(len)
        .ok()
        .filter(|len| *len > 0)
        .ok_or(Errno::EINVAL)?;
    let flags = linux::AT_SYMLINK_NOFOLLOW | linux::AT_EMPTY_PATH;
    let node: Rc<Node> = kernel.node_at(base, path, flags)?;
    let target = match &node.kind {
        Kind::Link(target) => Cow::Borrowed(&**target),
        Kind::View(view) => Cow::Owned(kernel.link_of(*view)?),
        _ => return Err(Errno::EINVAL),
    };
    let piece = target.get(..len.min(target.len())).unwrap_or(&target);
    kernel.memory.write(to, piece)?;
    Ok(piece.len())
}
