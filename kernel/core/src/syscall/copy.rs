//! Copying between open files, past the program's memory: sendfile(2), copy_file_range(2), splice(2).

use alloc::rc::Rc;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use super::io::open_for;
use super::transfer::{At, CHUNK, Way, put};
use crate::errno::{Errno, SysResult};
use crate::fs::contents::Piece;
use crate::fs::node::{Kind, Node};
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;

/// Longest copy of one call (`MAX_RW_COUNT`).
const MAX_COPY: usize = 0x7fff_f000;

/// One end of a copy: a file, and the offset in the program's memory that counts instead of the file's own.
struct End {
    file: Rc<OpenFile>,
    pointer: Option<UserAddr>,
    start: u64,
}

impl End {
    fn new(kernel: &mut Kernel, fd: Fd, way: Way, pointer: UserAddr) -> Result<Self, Errno> {
        let file = open_for(kernel, fd, way)?;
        let pointer = (pointer.0 != 0).then_some(pointer);
        let start = match pointer {
            Some(at) => kernel.memory.read_u64(at)?,
            None => file.position.get(),
        };
        Ok(Self {
            file,
            pointer,
            start,
        })
    }

    /// Whether a file can have bytes there (`rw_verify_area` of Linux).
    fn check_start(&self) -> Result<(), Errno> {
        i64::try_from(self.start)
            .map(|_| ())
            .map_err(|_| Errno::EINVAL)
    }

    /// The regular file, or what Linux answers for another.
    fn regular(&self) -> Result<Rc<Node>, Errno> {
        match &self.file.target {
            Target::Node(node) => match node.kind {
                Kind::File(_) => Ok(node.clone()),
                Kind::Directory(_) => Err(Errno::EISDIR),
                _ => Err(Errno::EINVAL),
            },
            _ => Err(Errno::EINVAL),
        }
    }

    /// Moves the offset that counts behind what was copied.
    fn advance(&self, kernel: &mut Kernel, count: usize) -> Result<(), Errno> {
        let position = self.start.saturating_add(count as u64);
        match self.pointer {
            Some(at) => kernel.memory.write(at, &position.to_le_bytes()),
            None => {
                self.file.position.set(position);
                Ok(())
            }
        }
    }
}

pub(super) fn sendfile(
    kernel: &mut Kernel,
    to: Fd,
    from: Fd,
    offset: UserAddr,
    len: usize,
) -> SysResult {
    let from = End::new(kernel, from, Way::Read, offset)?;
    from.check_start()?;
    let to = End::new(kernel, to, Way::Write, UserAddr(0))?;
    // Linux reads here only from what can be mapped.
    let source = from.regular().map_err(|_| Errno::EINVAL)?;
    if to.file.has(linux::O_APPEND) {
        return Err(Errno::EINVAL);
    }
    let count = copy(kernel, &source, from.start, &to.file, At::Position, len)?;
    from.advance(kernel, count)?;
    Ok(count)
}

pub(super) fn copy_file_range(
    kernel: &mut Kernel,
    from: Fd,
    from_offset: UserAddr,
    to: Fd,
    to_offset: UserAddr,
    len: usize,
    flags: u32,
) -> SysResult {
    let from = End::new(kernel, from, Way::Read, from_offset)?;
    let to = End::new(kernel, to, Way::Write, to_offset)?;
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let (source, target) = (from.regular()?, to.regular()?);
    if to.file.has(linux::O_APPEND) {
        return Err(Errno::EBADF);
    }
    for end in [&from, &to] {
        end.start.checked_add(len as u64).ok_or(Errno::EOVERFLOW)?;
    }
    let left = source.size().saturating_sub(from.start);
    let len = usize::try_from(left).map_or(len, |left| len.min(left));
    let distance = from.start.abs_diff(to.start);
    if Rc::ptr_eq(&source, &target) && distance < len as u64 {
        return Err(Errno::EINVAL);
    }
    from.check_start()?;
    to.check_start()?;
    let at = At::Offset(to.start);
    let count = copy(kernel, &source, from.start, &to.file, at, len)?;
    from.advance(kernel, count)?;
    to.advance(kernel, count)?;
    Ok(count)
}

fn copy(
    kernel: &mut Kernel,
    source: &Node,
    start: u64,
    to: &OpenFile,
    at: At,
    len: usize,
) -> SysResult {
    let Kind::File(contents) = &source.kind else {
        return Err(Errno::EINVAL);
    };
    let len = len.min(MAX_COPY);
    let mut buffer = [0; CHUNK];
    let mut done: usize = 0;
    while done < len {
        let want = len.saturating_sub(done).min(CHUNK);
        let piece = contents
            .borrow()
            .piece(start.saturating_add(done as u64), want);
        let Some(piece) = piece else {
            break;
        };
        let bytes = take(&piece, want, &mut buffer);
        let at = match at {
            At::Position => At::Position,
            At::Offset(offset) => At::Offset(offset.saturating_add(done as u64)),
        };
        match put(kernel, to, at, bytes) {
            Ok(count) => done = done.saturating_add(count),
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Up to `want` bytes of a piece, in `buffer`: what they are copied to may be the same file.
fn take<'a>(piece: &Piece, want: usize, buffer: &'a mut [u8; CHUNK]) -> &'a [u8] {
    let count = match piece {
        Piece::Archive(bytes) => bytes.len(),
        Piece::Memory(_, _, count) | Piece::Zeros(count) => *count,
    };
    let part = buffer.get_mut(..count.min(want)).unwrap_or(&mut []);
    match piece {
        Piece::Archive(bytes) => {
            for (to, from) in part.iter_mut().zip(bytes.iter()) {
                *to = *from;
            }
        }
        Piece::Memory(frame, start, _) => frame.read(*start, part),
        Piece::Zeros(_) => part.fill(0),
    }
    part
}

/// One end must be a pipe, and there are none; the standard streams are none of this kernel's.
pub(super) fn splice(
    kernel: &mut Kernel,
    from: Fd,
    _from_offset: UserAddr,
    to: Fd,
    _to_offset: UserAddr,
    len: usize,
    flags: u32,
) -> SysResult {
    check_splice(flags)?;
    if len == 0 {
        return Ok(0);
    }
    open_for(kernel, from, Way::Read)?;
    open_for(kernel, to, Way::Write)?;
    Err(Errno::EINVAL)
}

/// Both ends must be pipes.
pub(super) fn tee(kernel: &mut Kernel, from: Fd, to: Fd, len: usize, flags: u32) -> SysResult {
    splice(kernel, from, UserAddr(0), to, UserAddr(0), len, flags)
}

/// The descriptor must be a pipe's.
pub(super) fn vmsplice(
    kernel: &mut Kernel,
    fd: Fd,
    _list: u64,
    _len: u64,
    flags: u32,
) -> SysResult {
    check_splice(flags)?;
    kernel.open_file(fd)?;
    Err(Errno::EBADF)
}

fn check_splice(flags: u32) -> Result<(), Errno> {
    let known = linux::SPLICE_F_MOVE
        | linux::SPLICE_F_NONBLOCK
        | linux::SPLICE_F_MORE
        | linux::SPLICE_F_GIFT;
    if flags & !known != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(())
}
