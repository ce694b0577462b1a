//! What files are: stat(2), statx(2), statfs(2).

use alloc::rc::Rc;
use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;
use unikernel_machine::frame::usage;

use super::arg::{Base, Fd, PathArg};
use crate::errno::{Errno, SysResult};
use crate::fs::device::terminal_number;
use crate::fs::node::{Kind, Mount, Node};
use crate::fs::path::MAX_NAME;
use crate::kernel::Kernel;
use crate::memory::{PAGE, budget};
use crate::time::Timestamp;

/// What `STATX_ATTR_MOUNT_ROOT` tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsMountRoot {
    Yes,
    No,
}

/// What `struct stat` holds.
struct Facts {
    mount: Mount,
    number: u64,
    mode: u32,
    links: u32,
    uid: u32,
    gid: u32,
    is_device: u64,
    size: u64,
    blocks: u64,
    accessed: Timestamp,
    modified: Timestamp,
    changed: Timestamp,
}

pub(super) fn stat(kernel: &mut Kernel, path: PathArg, to: UserAddr) -> SysResult {
    newfstatat(kernel, Base::Working, path, to, 0)
}

pub(super) fn lstat(kernel: &mut Kernel, path: PathArg, to: UserAddr) -> SysResult {
    newfstatat(kernel, Base::Working, path, to, linux::AT_SYMLINK_NOFOLLOW)
}

pub(super) fn fstat(kernel: &mut Kernel, fd: Fd, to: UserAddr) -> SysResult {
    let facts = facts_of_open(kernel, fd)?;
    write_stat(kernel, to, &facts)
}

pub(super) fn newfstatat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    to: UserAddr,
    flags: u32,
) -> SysResult {
    if flags & !(linux::AT_SYMLINK_NOFOLLOW | linux::AT_EMPTY_PATH | linux::AT_NO_AUTOMOUNT) != 0 {
        return Err(Errno::EINVAL);
    }
    let facts = facts_at(kernel, base, path, flags)?;
    write_stat(kernel, to, &facts)
}

pub(super) fn statx(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    flags: u32,
    mask: u32,
    to: UserAddr,
) -> SysResult {
    let known = linux::AT_SYMLINK_NOFOLLOW
        | linux::AT_EMPTY_PATH
        | linux::AT_NO_AUTOMOUNT
        | linux::AT_STATX_SYNC_TYPE;
    if flags & !known != 0
        || flags & linux::AT_STATX_SYNC_TYPE == linux::AT_STATX_SYNC_TYPE
        || mask & linux::STATX__RESERVED != 0
    {
        return Err(Errno::EINVAL);
    }
    let node = kernel.node_at(base, path, flags)?;
    let facts = facts_of(kernel, &node);
    let bytes = encode_statx(&facts, is_mount_root(&node));
    kernel.memory.write(to, &bytes)?;
    Ok(0)
}

/// Whether a file system is mounted there.
fn is_mount_root(node: &Rc<Node>) -> IsMountRoot {
    let parent = node.parent();
    let is_top = parent.mount != node.mount || Rc::ptr_eq(&parent, node);
    if node.is_directory() && is_top {
        IsMountRoot::Yes
    } else {
        IsMountRoot::No
    }
}

fn facts_at(kernel: &mut Kernel, base: Base, path: PathArg, flags: u32) -> Result<Facts, Errno> {
    let node = kernel.node_at(base, path, flags)?;
    Ok(facts_of(kernel, &node))
}

fn facts_of_open(kernel: &Kernel, fd: Fd) -> Result<Facts, Errno> {
    let file = kernel.open_file(fd)?;
    Ok(facts_of(kernel, file.node()))
}

fn facts_of(kernel: &Kernel, node: &Rc<Node>) -> Facts {
    let attributes = *node.attributes.borrow();
    let (is_device, blocks) = match &node.kind {
        Kind::Device(device) => (device.number(), 0),
        Kind::Stream(stream) if kernel.streams.borrow().is_terminal(*stream) => {
            (terminal_number(*stream), 0)
        }
        Kind::File(contents) => {
            let pages = contents.borrow().pages_taken();
            (0, pages.saturating_mul(PAGE / 512))
        }
        _ => (0, 0),
    };
    Facts {
        mount: node.mount,
        number: node.number,
        mode: attributes.mode,
        links: attributes.links,
        uid: attributes.uid,
        gid: attributes.gid,
        is_device,
        size: node.size(),
        blocks,
        accessed: attributes.accessed,
        modified: attributes.modified,
        changed: attributes.changed,
    }
}

fn write_stat(kernel: &mut Kernel, to: UserAddr, facts: &Facts) -> SysResult {
    kernel.memory.write(to, encode_stat(facts).as_flattened())?;
    Ok(0)
}

/// `struct stat`: 144 bytes.
fn encode_stat(facts: &Facts) -> [[u8; 8]; 18] {
    let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let [accessed, modified, changed] = [facts.accessed, facts.modified, facts.changed]
        .map(|time| (time.seconds.cast_unsigned(), u64::from(time.nanos)));
    let words = [
        facts.mount.device(),
        facts.number,
        u64::from(facts.links),
        pair(facts.mode, facts.uid),
        pair(facts.gid, 0),
        facts.is_device,
        facts.size,
        PAGE,
        facts.blocks,
        accessed.0,
        accessed.1,
        modified.0,
        modified.1,
        changed.0,
        changed.1,
        0,
        0,
        0,
    ];
    words.map(u64::to_le_bytes)
}

/// `struct statx`: 256 bytes.
fn encode_statx(facts: &Facts, is_mount_root: IsMountRoot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    halves(
        &mut bytes,
        &[
            linux::STATX_BASIC_STATS | linux::STATX_MNT_ID,
            u32::try_from(PAGE).unwrap_or(4096),
        ],
    );
    let root = u64::from(linux::STATX_ATTR_MOUNT_ROOT);
    let attributes = if is_mount_root == IsMountRoot::Yes {
        root
    } else {
        0
    };
    words(&mut bytes, &[attributes]);
    halves(
        &mut bytes,
        &[facts.links, facts.uid, facts.gid, facts.mode & 0xffff],
    );
    words(&mut bytes, &[facts.number, facts.size, facts.blocks, root]);
    for time in [
        facts.accessed,
        Timestamp::default(),
        facts.changed,
        facts.modified,
    ] {
        words(&mut bytes, &[time.seconds.cast_unsigned()]);
        halves(&mut bytes, &[time.nanos, 0]);
    }
    for device in [facts.is_device, facts.mount.device()] {
        let number = u32::try_from(device).unwrap_or(0);
        halves(&mut bytes, &[number >> 8, number & 0xff]);
    }
    words(&mut bytes, &[facts.mount.id()]);
    bytes.resize(256, 0);
    bytes
}

fn words(bytes: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
}

fn halves(bytes: &mut Vec<u8>, halves: &[u32]) {
    for half in halves {
        bytes.extend_from_slice(&half.to_le_bytes());
    }
}

pub(super) fn statfs(kernel: &mut Kernel, path: PathArg, to: UserAddr) -> SysResult {
    let node = kernel.node_at(Base::Working, path, 0)?;
    write_statfs(kernel, node.mount, to)
}

pub(super) fn fstatfs(kernel: &mut Kernel, fd: Fd, to: UserAddr) -> SysResult {
    let file = kernel.open_file(fd)?;
    write_statfs(kernel, file.node().mount, to)
}

/// `struct statfs`. The tree's writable layer is memory; what is made when it is asked for takes none.
fn write_statfs(kernel: &mut Kernel, mount: Mount, to: UserAddr) -> SysResult {
    /// `TMPFS_MAGIC`, `PIPEFS_MAGIC` and their like (statfs(2)).
    const OVERLAY: u64 = 0x794c_7630;
    const PROC: u64 = 0x9fa0;
    const SYS: u64 = 0x6265_6572;
    const MEMORY: u64 = 0x0102_1994;
    const PIPE: u64 = 0x5049_5045;
    /// `ST_VALID` with `ST_NOATIME`, `ST_RDONLY`.
    const NO_ACCESS_TIMES: u64 = 0x0420;
    const READ_ONLY: u64 = 0x0021;
    let (magic, flags) = match mount {
        Mount::Root => (OVERLAY, NO_ACCESS_TIMES),
        Mount::Proc => (PROC, READ_ONLY),
        Mount::Sys => (SYS, READ_ONLY),
        Mount::Unnamed => (MEMORY, NO_ACCESS_TIMES),
        Mount::Streams => (PIPE, NO_ACCESS_TIMES),
    };
    let mut sizes = [0; 5];
    if matches!(mount, Mount::Root | Mount::Unnamed) {
        let free = budget::left_for_files();
        sizes = [
            usage().total,
            free,
            free,
            budget::names(),
            kernel.tree.names_left(),
        ];
    }
    let [total, free, available, names, names_left] = sizes.map(|size| size as u64);
    let mut bytes = Vec::with_capacity(120);
    let facts = [
        magic,
        PAGE,
        total,
        free,
        available,
        names,
        names_left,
        mount.device(),
        MAX_NAME as u64,
        PAGE,
        flags,
    ];
    words(&mut bytes, &facts);
    bytes.resize(120, 0);
    kernel.memory.write(to, &bytes)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_their_lengths() {
        let process = crate::testing::Process::new();
        let facts = facts_of(&process.kernel, &crate::testing::node());
        assert_eq!(size_of_val(&encode_stat(&facts)), size_of::<linux::stat>());
        assert_eq!(
            encode_statx(&facts, IsMountRoot::No).len(),
            size_of::<linux::statx>()
        );
    }
}
