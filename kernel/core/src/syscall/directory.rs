//! Directories: getdents64(2), getcwd(2), chdir(2), chroot(2).

use alloc::rc::Rc;
use alloc::vec::Vec;

use unikernel_machine::address::UserAddr;

use super::arg::{Base, Fd, PathArg};
use crate::errno::{Errno, SysResult};
use crate::fs::node::Node;
use crate::fs::open::Target;
use crate::fs::path::MAX_PATH;
use crate::fs::tree::Listed;
use crate::fs::walk::LastLink;
use crate::kernel::Kernel;

/// Length of an entry before its name: inode, position of the next entry, length, type.
const ENTRY: usize = 19;

pub(super) fn getdents64(kernel: &mut Kernel, fd: Fd, to: UserAddr, len: u32) -> SysResult {
    let file = kernel.open_file(fd)?;
    let node = match &file.target {
        Target::Node(node) if node.is_directory() => node,
        Target::Name(_) => return Err(Errno::EBADF),
        _ => return Err(Errno::ENOTDIR),
    };
    if node.attributes.borrow().links == 0 {
        return Err(Errno::ENOENT);
    }
    let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
    let mut done: usize = 0;
    while let Some(entry) = kernel
        .tree
        .next(node, file.position.get(), Some(&*kernel))?
    {
        let record = encode(&entry);
        if done.saturating_add(record.len()) > len {
            if done == 0 {
                return Err(Errno::EINVAL);
            }
            break;
        }
        let at = to.checked_add(done as u64).ok_or(Errno::EFAULT)?;
        match kernel.memory.write(at, &record) {
            Ok(()) => {}
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
        // Told to the file only when the entry has arrived.
        file.position.set(entry.next);
        done = done.saturating_add(record.len());
    }
    Ok(done)
}

fn encode(entry: &Listed) -> Vec<u8> {
    let len = ENTRY
        .saturating_add(entry.name.len())
        .saturating_add(1)
        .next_multiple_of(8);
    let mut record = Vec::with_capacity(len);
    record.extend_from_slice(&entry.number.to_le_bytes());
    record.extend_from_slice(&entry.next.to_le_bytes());
    record.extend_from_slice(&u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes());
    record.push(entry.entry_type);
    record.extend_from_slice(&entry.name);
    record.resize(len, 0);
    record
}

pub(super) fn getcwd(kernel: &mut Kernel, to: UserAddr, len: usize) -> SysResult {
    let here = &kernel.working_directory;
    if here.attributes.borrow().links == 0 {
        return Err(Errno::ENOENT);
    }
    let mut path = match here.path(&kernel.root) {
        Some(path) => path,
        // Outside of what chroot(2) left.
        None => {
            let mut path = b"(unreachable)".to_vec();
            path.extend_from_slice(&kernel.path_of(here));
            path
        }
    };
    path.push(0);
    if path.len() > MAX_PATH {
        return Err(Errno::ENAMETOOLONG);
    }
    if path.len() > len {
        return Err(Errno::ERANGE);
    }
    kernel.memory.write(to, &path)?;
    Ok(path.len())
}

pub(super) fn chdir(kernel: &mut Kernel, path: PathArg) -> SysResult {
    kernel.working_directory = directory_at(kernel, path)?;
    Ok(0)
}

pub(super) fn fchdir(kernel: &mut Kernel, fd: Fd) -> SysResult {
    let file = kernel.open_file(fd)?;
    kernel.working_directory = check_directory(file.node().clone())?;
    Ok(0)
}

pub(super) fn chroot(kernel: &mut Kernel, path: PathArg) -> SysResult {
    kernel.root = directory_at(kernel, path)?;
    Ok(0)
}

fn directory_at(kernel: &mut Kernel, path: PathArg) -> Result<Rc<Node>, Errno> {
    let walked = kernel.walk(Base::Working, path, LastLink::Follow)?;
    check_directory(walked.existing()?)
}

fn check_directory(node: Rc<Node>) -> Result<Rc<Node>, Errno> {
    if node.is_directory() {
        Ok(node)
    } else {
        Err(Errno::ENOTDIR)
    }
}
