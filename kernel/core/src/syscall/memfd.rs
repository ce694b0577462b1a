//! Files without a name and their seals: memfd_create(2), "File sealing" in fcntl(2).

use alloc::rc::{Rc, Weak};
use core::cell::RefCell;

use linux_raw_sys::general as linux;

use super::arg::PathArg;
use crate::errno::{Errno, SysResult};
use crate::fs::contents::Contents;
use crate::fs::descriptors::{Descriptor, OnExec};
use crate::fs::node::{Kind, Location, Mount, Node};
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;
use crate::memory::area::{MayWrite, Sharing};
use crate::memory::budget;

pub(super) fn memfd_create(kernel: &mut Kernel, name: PathArg, flags: u32) -> SysResult {
    /// Longest name, so that the prefix and it are a file's name.
    const MAX_NAME: usize = 249;
    if flags & !(linux::MFD_CLOEXEC | linux::MFD_ALLOW_SEALING) != 0 {
        return Err(Errno::EINVAL);
    }
    let mut shown = b"memfd:".to_vec();
    let name = kernel.memory.read_text(name.0);
    let name = name.map_err(|errno| match errno {
        Errno::ENAMETOOLONG => Errno::EINVAL,
        other => other,
    })?;
    if name.len() > MAX_NAME {
        return Err(Errno::EINVAL);
    }
    shown.extend_from_slice(&name);
    kernel.descriptors.free(0)?;
    budget::allow_kernel_memory()?;
    let mut contents = Contents::new();
    if flags & linux::MFD_ALLOW_SEALING != 0 {
        contents = contents.sealable();
    }
    let kind = Kind::File(RefCell::new(contents));
    let mode = linux::S_IFREG | 0o777;
    let node = kernel
        .tree
        .create(Mount::Unnamed, kind, mode, kernel.clock.now());
    node.attributes.borrow_mut().links = 0;
    *node.location.borrow_mut() = Some(Location {
        parent: Weak::new(),
        name: shown.into(),
    });
    let flags_kept = linux::O_RDWR | linux::O_LARGEFILE;
    let descriptor = Descriptor {
        file: OpenFile::new(Target::Node(node), flags_kept),
        on_exec: OnExec::from_flag(flags & linux::MFD_CLOEXEC),
    };
    kernel.descriptors.add(descriptor, 0)
}

/// `F_GET_SEALS`. Only files without a name have some.
pub(super) fn get_seals(file: &OpenFile) -> SysResult {
    let contents = sealable(file)?;
    usize::try_from(contents.borrow().seals()).map_err(|_| Errno::EINVAL)
}

/// `F_ADD_SEALS`.
pub(super) fn add_seals(kernel: &Kernel, file: &OpenFile, seals: u32) -> SysResult {
    let contents = sealable(file)?;
    if !file.is_writable() {
        return Err(Errno::EPERM);
    }
    if seals & linux::F_SEAL_WRITE != 0 && is_mapped_writable(kernel, file.node()) {
        return Err(Errno::EBUSY);
    }
    contents.borrow_mut().seal(seals)?;
    Ok(0)
}

fn sealable(file: &OpenFile) -> Result<&RefCell<Contents>, Errno> {
    match &file.target {
        Target::Node(node) if node.mount == Mount::Unnamed => match &node.kind {
            Kind::File(contents) => Ok(contents),
            _ => Err(Errno::EINVAL),
        },
        _ => Err(Errno::EINVAL),
    }
}

fn is_mapped_writable(kernel: &Kernel, node: &Rc<Node>) -> bool {
    let mut mapped = kernel.memory.areas().filter_map(|(_, area)| area.file());
    mapped
        .any(|file| file.sharing == Sharing::Shared(MayWrite::Yes) && Rc::ptr_eq(&file.node, node))
}
