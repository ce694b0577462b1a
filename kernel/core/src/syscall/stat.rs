//! What files are: stat(2), statx(2), statfs(2).

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;
use unikernel_machine::frame::usage;

use super::arg::{Base, Fd, PathArg};
use crate::driver::streams::Stream;
use crate::errno::{Errno, SysResult};
use crate::fs::device::terminal_number;
use crate::fs::node::{Kind, Node};
use crate::fs::open::Target;
use crate::fs::path::MAX_NAME;
use crate::kernel::Kernel;
use crate::memory::PAGE;
use crate::time::Timestamp;

/// The device number of the tree.
const TREE_DEVICE: u64 = 1;

/// The device number of the streams.
const STREAM_DEVICE: u64 = 13;

/// What `struct stat` holds.
struct Facts {
    device: u64,
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
    if flags & !known != 0 || mask & linux::STATX__RESERVED != 0 {
        return Err(Errno::EINVAL);
    }
    let facts = facts_at(kernel, base, path, flags)?;
    kernel.memory.write(to, &encode_statx(&facts))?;
    Ok(0)
}

fn facts_at(kernel: &mut Kernel, base: Base, path: PathArg, flags: u32) -> Result<Facts, Errno> {
    // The streams have no node, but can be asked for by their descriptor and an empty path.
    if let Base::Open(fd) = base
        && flags & linux::AT_EMPTY_PATH != 0
        && kernel.memory.read_text(path.0)?.is_empty()
    {
        return facts_of_open(kernel, Fd(usize::try_from(fd).map_err(|_| Errno::EBADF)?));
    }
    let node = kernel.node_at(base, path, flags)?;
    Ok(facts_of(&node))
}

fn facts_of_open(kernel: &Kernel, fd: Fd) -> Result<Facts, Errno> {
    let file = kernel.open_file(fd)?;
    Ok(match &file.target {
        Target::Stream(stream) => facts_of_stream(kernel, *stream),
        Target::Node(node)
        | Target::Device(_, node)
        | Target::Text(_, node)
        | Target::Name(node) => facts_of(node),
    })
}

fn facts_of(node: &Node) -> Facts {
    let attributes = *node.attributes.borrow();
    let size = node.size();
    let (is_device, blocks) = match &node.kind {
        Kind::Device(device) => (device.number(), 0),
        Kind::File(contents) => {
            let in_memory = contents.borrow().pages_in_memory();
            (
                0,
                size.div_ceil(512).max(in_memory.saturating_mul(PAGE / 512)),
            )
        }
        _ => (0, 0),
    };
    Facts {
        device: TREE_DEVICE,
        number: node.number,
        mode: attributes.mode,
        links: attributes.links,
        uid: attributes.uid,
        gid: attributes.gid,
        is_device,
        size,
        blocks,
        accessed: attributes.accessed,
        modified: attributes.modified,
        changed: attributes.changed,
    }
}

/// A terminal where the host has one, else a pipe.
fn facts_of_stream(kernel: &Kernel, stream: Stream) -> Facts {
    let is_terminal = kernel.streams.borrow().is_terminal(stream);
    let start = Timestamp::from_nanos(kernel.clock.unix_at_entry());
    Facts {
        device: STREAM_DEVICE,
        number: u64::from(stream.port()),
        mode: if is_terminal {
            linux::S_IFCHR | 0o620
        } else {
            linux::S_IFIFO | 0o600
        },
        links: 1,
        uid: 0,
        gid: 0,
        is_device: if is_terminal {
            terminal_number(stream)
        } else {
            0
        },
        size: 0,
        blocks: 0,
        accessed: start,
        modified: start,
        changed: start,
    }
}

fn write_stat(kernel: &mut Kernel, to: UserAddr, facts: &Facts) -> SysResult {
    kernel.memory.write(to, &encode_stat(facts))?;
    Ok(0)
}

/// `struct stat`: 144 bytes.
fn encode_stat(facts: &Facts) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(144);
    words(
        &mut bytes,
        &[facts.device, facts.number, u64::from(facts.links)],
    );
    halves(&mut bytes, &[facts.mode, facts.uid, facts.gid, 0]);
    words(
        &mut bytes,
        &[facts.is_device, facts.size, PAGE, facts.blocks],
    );
    for time in [facts.accessed, facts.modified, facts.changed] {
        words(
            &mut bytes,
            &[time.seconds.cast_unsigned(), u64::from(time.nanos)],
        );
    }
    words(&mut bytes, &[0; 3]);
    bytes
}

/// `struct statx`: 256 bytes.
fn encode_statx(facts: &Facts) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    halves(
        &mut bytes,
        &[
            linux::STATX_BASIC_STATS,
            u32::try_from(PAGE).unwrap_or(4096),
        ],
    );
    words(&mut bytes, &[0]);
    halves(
        &mut bytes,
        &[facts.links, facts.uid, facts.gid, facts.mode & 0xffff],
    );
    words(&mut bytes, &[facts.number, facts.size, facts.blocks, 0]);
    for time in [
        facts.accessed,
        Timestamp::default(),
        facts.changed,
        facts.modified,
    ] {
        words(&mut bytes, &[time.seconds.cast_unsigned()]);
        halves(&mut bytes, &[time.nanos, 0]);
    }
    for device in [facts.is_device, facts.device] {
        let number = u32::try_from(device).unwrap_or(0);
        halves(&mut bytes, &[number >> 8, number & 0xff]);
    }
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
    kernel.node_at(Base::Working, path, 0)?;
    write_statfs(kernel, to)
}

pub(super) fn fstatfs(kernel: &mut Kernel, fd: Fd, to: UserAddr) -> SysResult {
    kernel.open_file(fd)?;
    write_statfs(kernel, to)
}

/// `struct statfs` of the tree: its writable layer is memory.
fn write_statfs(kernel: &mut Kernel, to: UserAddr) -> SysResult {
    /// `OVERLAYFS_SUPER_MAGIC`.
    const OVERLAY: u64 = 0x794c_7630;
    let memory = usage();
    let (total, free) = (memory.total as u64, memory.free as u64);
    let mut bytes = Vec::with_capacity(120);
    words(
        &mut bytes,
        &[
            OVERLAY,
            PAGE,
            total,
            free,
            free,
            0,
            0,
            0,
            MAX_NAME as u64,
            PAGE,
            0,
            0,
            0,
            0,
            0,
        ],
    );
    kernel.memory.write(to, &bytes)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_their_lengths() {
        let node = crate::testing::node();
        let facts = facts_of(&node);
        assert_eq!(encode_stat(&facts).len(), size_of::<linux::stat>());
        assert_eq!(encode_statx(&facts).len(), size_of::<linux::statx>());
    }
}
