//! Directories: getdents64(2), getcwd(2), chdir(2).

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use unikernel_machine::address::UserAddr;

use super::arg::{Base, Fd, PathArg};
use crate::errno::{Errno, SysResult};
use crate::fs::node::Node;
use crate::fs::open::{OpenFile, Target};
use crate::fs::tree::Listed;
use crate::fs::walk::LastLink;
use crate::kernel::Kernel;

/// Length of an entry before its name: inode, position of the next entry, length, type.
const ENTRY: usize = 19;

/// Positions of `.` and `..`, which come before the names.
const DOTS: u64 = 2;

pub(super) fn getdents64(kernel: &mut Kernel, fd: Fd, to: UserAddr, len: u32) -> SysResult {
    let file = kernel.open_file(fd)?;
    let Target::Node(node) = &file.target else {
        return Err(Errno::ENOTDIR);
    };
    if !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
    let mut bytes = Vec::new();
    // Where the listing stands, told to the file only when the entries have arrived.
    let mut position = file.position.get();
    let mut after = file.listed.borrow().clone();
    while let Some(entry) = entry_at(kernel, node, position, &after)? {
        let record = encode(&entry, position.saturating_add(1));
        if bytes.len().saturating_add(record.len()) > len {
            if bytes.is_empty() {
                return Err(Errno::EINVAL);
            }
            break;
        }
        bytes.extend_from_slice(&record);
        if position >= DOTS {
            after = entry.name;
        }
        position = position.saturating_add(1);
    }
    kernel.memory.write(to, &bytes)?;
    file.position.set(position);
    *file.listed.borrow_mut() = after;
    Ok(bytes.len())
}

fn entry_at(
    kernel: &Kernel,
    node: &Rc<Node>,
    position: u64,
    after: &[u8],
) -> Result<Option<Listed>, Errno> {
    let dot = |name: &[u8], node: &Node| Listed {
        name: name.into(),
        number: node.number,
        entry_type: node.entry_type(),
    };
    match position {
        0 => Ok(Some(dot(b".", node))),
        1 => Ok(Some(dot(b"..", &node.parent()))),
        _ => kernel.tree.next(node, after),
    }
}

fn encode(entry: &Listed, next: u64) -> Vec<u8> {
    let len = ENTRY
        .saturating_add(entry.name.len())
        .saturating_add(1)
        .next_multiple_of(8);
    let mut record = Vec::with_capacity(len);
    record.extend_from_slice(&entry.number.to_le_bytes());
    record.extend_from_slice(&next.to_le_bytes());
    record.extend_from_slice(&u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes());
    record.push(entry.entry_type);
    record.extend_from_slice(&entry.name);
    record.resize(len, 0);
    record
}

/// Puts a listing to a position that an entry gave, or to its start.
pub(super) fn seek(kernel: &Kernel, file: &OpenFile, position: u64) -> Result<(), Errno> {
    let Target::Node(node) = &file.target else {
        return Err(Errno::EINVAL);
    };
    let mut after = Box::<[u8]>::default();
    for _ in DOTS..position {
        match kernel.tree.next(node, &after)? {
            Some(entry) => after = entry.name,
            None => break,
        }
    }
    *file.listed.borrow_mut() = after;
    Ok(())
}

pub(super) fn getcwd(kernel: &mut Kernel, to: UserAddr, len: usize) -> SysResult {
    let mut path = kernel
        .working_directory
        .path(kernel.tree.root())
        .ok_or(Errno::ENOENT)?;
    if kernel.working_directory.attributes.borrow().links == 0 {
        return Err(Errno::ENOENT);
    }
    path.push(0);
    if path.len() > len {
        return Err(Errno::ERANGE);
    }
    kernel.memory.write(to, &path)?;
    Ok(path.len())
}

pub(super) fn chdir(kernel: &mut Kernel, path: PathArg) -> SysResult {
    let node = kernel
        .walk(Base::Working, path, LastLink::Follow)?
        .existing()?;
    enter(kernel, &node)
}

pub(super) fn fchdir(kernel: &mut Kernel, fd: Fd) -> SysResult {
    let file = kernel.open_file(fd)?;
    enter(kernel, file.node().ok_or(Errno::ENOTDIR)?)
}

fn enter(kernel: &mut Kernel, node: &Rc<Node>) -> SysResult {
    if !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    kernel.working_directory = node.clone();
    Ok(0)
}
