//! Moving and exchanging names: rename(2).

use alloc::rc::Rc;

use linux_raw_sys::general as linux;

use super::arg::{Base, PathArg};
use super::names::{count_subdirectory, forget_name};
use crate::errno::{Errno, SysResult};
use crate::fs::node::Node;
use crate::fs::path::LastPart;
use crate::fs::walk::{LastLink, LastName, Walked};
use crate::kernel::Kernel;

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
    // RENAME_WHITEOUT is for file systems that are layers of others, which this one can't be.
    if !matches!(flags, 0 | linux::RENAME_NOREPLACE | linux::RENAME_EXCHANGE) {
        return Err(Errno::EINVAL);
    }
    let old = kernel.walk(old_base, old, LastLink::Name)?;
    let new = kernel.walk(new_base, new, LastLink::Name)?;
    if old.parent.mount != new.parent.mount {
        return Err(Errno::EXDEV);
    }
    let LastName::Named(old_name) = &old.name else {
        return Err(Errno::EBUSY);
    };
    let LastName::Named(new_name) = &new.name else {
        return Err(if flags == linux::RENAME_NOREPLACE {
            Errno::EEXIST
        } else {
            Errno::EBUSY
        });
    };
    let node = old.node.as_ref().ok_or(Errno::ENOENT)?;
    check_slashes(node, &old, &new, flags)?;
    if node.is_directory() && is_within(&new.parent, node, kernel) {
        return Err(Errno::EINVAL);
    }
    if flags == linux::RENAME_EXCHANGE {
        return exchange(kernel, (&old, old_name), (&new, new_name));
    }
    let Some(replaced) = &new.node else {
        move_name(kernel, (&old, old_name), (&new, new_name), node)?;
        return Ok(0);
    };
    if replaced.is_directory() && is_within(&old.parent, replaced, kernel) {
        return Err(Errno::ENOTEMPTY);
    }
    if Rc::ptr_eq(replaced, node) {
        return Ok(0);
    }
    check_replaced(kernel, node, replaced, &new)?;
    move_name(kernel, (&old, old_name), (&new, new_name), node)?;
    forget_name(replaced, &new.parent);
    replaced.touch_attributes(kernel.clock.now());
    Ok(0)
}

/// A name and where it was found.
type Place<'a> = (&'a Walked, &'a LastPart);

/// What stands before a slash must be a directory, and what shall not be replaced must not be there.
fn check_slashes(node: &Node, old: &Walked, new: &Walked, flags: u32) -> Result<(), Errno> {
    match (&new.node, flags) {
        (Some(_), linux::RENAME_NOREPLACE) => return Err(Errno::EEXIST),
        (None, linux::RENAME_EXCHANGE) => return Err(Errno::ENOENT),
        (Some(there), linux::RENAME_EXCHANGE) if new.slash && !there.is_directory() => {
            return Err(Errno::ENOTDIR);
        }
        _ => {}
    }
    let new_slash = new.slash && flags != linux::RENAME_EXCHANGE;
    if !node.is_directory() && (old.slash || new_slash) {
        return Err(Errno::ENOTDIR);
    }
    Ok(())
}

/// Whether `node` may take the place of what is there.
fn check_replaced(
    kernel: &Kernel,
    node: &Node,
    replaced: &Rc<Node>,
    new: &Walked,
) -> Result<(), Errno> {
    if replaced.mount != new.parent.mount {
        return Err(Errno::EBUSY);
    }
    match (node.is_directory(), replaced.is_directory()) {
        (false, true) => Err(Errno::EISDIR),
        (true, false) => Err(Errno::ENOTDIR),
        (true, true) if !kernel.tree.is_empty(replaced)? => Err(Errno::ENOTEMPTY),
        _ => Ok(()),
    }
}

fn move_name(
    kernel: &Kernel,
    (old, old_name): Place<'_>,
    (new, new_name): Place<'_>,
    node: &Rc<Node>,
) -> Result<(), Errno> {
    if node.mount != old.parent.mount {
        return Err(Errno::EBUSY);
    }
    let now = kernel.clock.now();
    kernel
        .tree
        .put_at(&new.parent, new_name.to_name(), node, now)?;
    kernel.tree.remove(&old.parent, old_name.bytes(), now)?;
    if node.is_directory() {
        count_subdirectory(&old.parent, -1);
        count_subdirectory(&new.parent, 1);
    }
    node.touch_attributes(now);
    Ok(())
}

fn exchange(kernel: &Kernel, (old, old_name): Place<'_>, (new, new_name): Place<'_>) -> SysResult {
    let (Some(first), Some(second)) = (&old.node, &new.node) else {
        return Err(Errno::ENOENT);
    };
    if second.is_directory() && is_within(&old.parent, second, kernel) {
        return Err(Errno::EINVAL);
    }
    if first.mount != old.parent.mount || second.mount != new.parent.mount {
        return Err(Errno::EBUSY);
    }
    let now = kernel.clock.now();
    kernel
        .tree
        .put_at(&new.parent, new_name.to_name(), first, now)?;
    kernel
        .tree
        .put_at(&old.parent, old_name.to_name(), second, now)?;
    let moved = [
        (first, &old.parent, &new.parent),
        (second, &new.parent, &old.parent),
    ];
    for (node, from, to) in moved {
        if node.is_directory() {
            count_subdirectory(from, -1);
            count_subdirectory(to, 1);
        }
        node.touch_attributes(now);
    }
    Ok(0)
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
