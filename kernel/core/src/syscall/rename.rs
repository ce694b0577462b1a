//! Moving names: rename(2).

use alloc::rc::Rc;

use super::arg::{Base, PathArg};
use super::names::{count_subdirectory, forget_name};
use crate::errno::{Errno, SysResult};
use crate::fs::node::Node;
use crate::fs::walk::{LastLink, LastName, Walked};
use crate::kernel::Kernel;

/// `RENAME_NOREPLACE`.
const NO_REPLACE: u32 = 1;

pub(super) fn rename(kernel: &mut Kernel, old: PathArg, new: PathArg) -> SysResult {
    renameat2(kernel, Base::Working, old, Base::Working, new, 0)
}

pub(super) fn renameat(
    kernel: &mut Kernel,
    old_base: Base,
    old: PathArg,
    new_base: Base,
    new: PathArg,
) -> SysResult {
    renameat2(kernel, old_base, old, new_base, new, 0)
}

pub(super) fn renameat2(
    kernel: &mut Kernel,
    old_base: Base,
    old: PathArg,
    new_base: Base,
    new: PathArg,
    flags: u32,
) -> SysResult {
    if flags & !NO_REPLACE != 0 {
        return Err(Errno::EINVAL);
    }
    let old = kernel.walk(old_base, old, LastLink::Keep)?;
    let new = kernel.walk(new_base, new, LastLink::Keep)?;
    let (LastName::Named(old_name), LastName::Named(new_name)) = (&old.name, &new.name) else {
        return Err(Errno::EBUSY);
    };
    let node = old.node.as_ref().ok_or(Errno::ENOENT)?;
    if new.node.is_some() && flags & NO_REPLACE != 0 {
        return Err(Errno::EEXIST);
    }
    if new
        .node
        .as_ref()
        .is_some_and(|there| Rc::ptr_eq(there, node))
    {
        return Ok(0);
    }
    check(kernel, node, &new)?;
    let now = kernel.clock.now();
    kernel.tree.add(&new.parent, new_name.clone(), node, now)?;
    if let Some(replaced) = &new.node {
        forget_name(replaced, &new.parent);
        replaced.touch_attributes(now);
    }
    kernel.tree.remove(&old.parent, old_name, now)?;
    if node.is_directory() {
        count_subdirectory(&old.parent, -1);
        count_subdirectory(&new.parent, 1);
    }
    node.touch_attributes(now);
    Ok(0)
}

/// Whether `node` may have the new name.
fn check(kernel: &Kernel, node: &Rc<Node>, new: &Walked) -> Result<(), Errno> {
    if new.slash && !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    if node.is_directory() && is_within(&new.parent, node, kernel) {
        return Err(Errno::EINVAL);
    }
    let Some(replaced) = &new.node else {
        return Ok(());
    };
    match (node.is_directory(), replaced.is_directory()) {
        (false, true) => Err(Errno::EISDIR),
        (true, false) => Err(Errno::ENOTDIR),
        (true, true) if !kernel.tree.is_empty(replaced)? => Err(Errno::ENOTEMPTY),
        _ => Ok(()),
    }
}

/// Whether `directory` is `ancestor` or lies below it.
fn is_within(directory: &Rc<Node>, ancestor: &Rc<Node>, kernel: &Kernel) -> bool {
    let mut at = directory.clone();
    loop {
        if Rc::ptr_eq(&at, ancestor) {
            return true;
        }
        let parent = at.parent();
        if Rc::ptr_eq(&at, kernel.tree.root()) || Rc::ptr_eq(&at, &parent) {
            return false;
        }
        at = parent;
    }
}
