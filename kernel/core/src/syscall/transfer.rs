//! Moving bytes between open files and the program's memory.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use linux_raw_sys::general as linux;
use unikernel_machine::address::{PAGE_SIZE, USER_END, UserAddr};

use crate::driver::streams::{Received, Stream};
use crate::errno::{Errno, SysResult};
use crate::fs::contents::{Contents, Piece};
use crate::fs::device::Device;
use crate::fs::node::Kind;
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;

/// Longest transfer of one call (`MAX_RW_COUNT`).
pub(super) const MAX_TRANSFER: usize = 0x7fff_f000;

/// Bytes that are copied through the kernel at a time.
pub(super) const CHUNK: usize = 1024;

/// Where in the file to read or write.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// At the file's own offset, which moves.
    Position,
    /// At this offset.
    Offset(u64),
}

/// The two directions of a transfer.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// From the file to the program.
    Read,
    /// From the program to the file.
    Write,
}

/// Moves up to `len` bytes between a file and the program's memory at `address`.
pub(super) fn transfer(
    kernel: &mut Kernel,
    file: &OpenFile,
    way: Way,
    at: At,
    address: UserAddr,
    len: usize,
) -> SysResult {
    check_memory(address, len)?;
    if matches!(file.target, Target::Node(_)) {
        // As `rw_verify_area` in Linux's `fs/read_write.c`.
        offset_of(file, at)
            .checked_add(len as u64)
            .filter(|end| *end <= i64::MAX.cast_unsigned())
            .ok_or(Errno::EINVAL)?;
    }
    let len = len.min(MAX_TRANSFER);
    match (&file.target, way) {
        (Target::Stream(stream, _), Way::Read) => read_stream(kernel, file, *stream, address, len),
        (Target::Stream(stream, _), Way::Write) => {
            write_stream(kernel, file, *stream, address, len)
        }
        (Target::Device(Device::Terminal | Device::Console, _), Way::Read) => {
            // Only what a person types: a pipe's bytes are for the program's own stdin.
            if kernel.streams.borrow().is_terminal(Stream::Stdin) {
                return read_stream(kernel, file, Stream::Stdin, address, len);
            }
            Err(Errno::EIO)
        }
        (Target::Device(device @ (Device::Terminal | Device::Console), _), Way::Write) => {
            let stream = kernel.written_by(*device).ok_or(Errno::EIO)?;
            write_stream(kernel, file, stream, address, len)
        }
        (Target::Device(device, _), Way::Read) => read_device(kernel, *device, address, len),
        (Target::Device(device, _), Way::Write) => write_device(*device, len),
        (Target::View(view, made, _), Way::Read) => {
            let offset = offset_of(file, at);
            let known = made.borrow().clone().filter(|_| offset > 0);
            let bytes = match known {
                Some(bytes) => bytes,
                None => Rc::from(kernel.text_of(*view)?),
            };
            *made.borrow_mut() = Some(bytes.clone());
            let start = usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            let rest = bytes.get(start..).unwrap_or(&[]);
            let piece = rest.get(..len).unwrap_or(rest);
            let count = reached(kernel.memory.write_some(address, piece), piece.len())?;
            Ok(moved(file, at, offset, count))
        }
        (Target::Node(node), way) => match (&node.kind, way) {
            (Kind::File(contents), Way::Read) => {
                let offset = offset_of(file, at);
                let count = read_file(kernel, contents, offset, address, len)?;
                Ok(moved(file, at, offset, count))
            }
            (Kind::File(contents), Way::Write) => {
                let offset = if file.has(linux::O_APPEND) {
                    node.size()
                } else {
                    offset_of(file, at)
                };
                let count = write_file(kernel, contents, offset, address, len)?;
                if count > 0 {
                    node.touch_contents(kernel.clock.now());
                }
                Ok(moved(file, at, offset, count))
            }
            (Kind::Directory(_), _) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        },
        (Target::View(..) | Target::Name(_), _) => Err(Errno::EBADF),
    }
}

/// Whether so many bytes lie in the program's half, mapped or not.
pub(super) fn check_memory(address: UserAddr, len: usize) -> Result<(), Errno> {
    let end = address.0.checked_add(len as u64);
    end.filter(|end| *end <= USER_END)
        .map(|_| ())
        .ok_or(Errno::EFAULT)
}

/// How many bytes were copied of those that were wanted. Linux's rule for a buffer that is bad somewhere: what lies before counts,
/// and `EFAULT` is for nothing at all.
fn reached(copied: usize, wanted: usize) -> SysResult {
    if copied == 0 && wanted > 0 {
        Err(Errno::EFAULT)
    } else {
        Ok(copied)
    }
}

/// Writes bytes of the kernel's own to a file; may write fewer than there are.
pub(super) fn put(kernel: &mut Kernel, file: &OpenFile, at: At, bytes: &[u8]) -> SysResult {
    match &file.target {
        Target::Stream(stream, _) => send(kernel, file, *stream, bytes),
        Target::Device(device @ (Device::Terminal | Device::Console), _) => {
            let stream = kernel.written_by(*device).ok_or(Errno::EIO)?;
            send(kernel, file, stream, bytes)
        }
        Target::Device(device, _) => write_device(*device, bytes.len()),
        Target::Node(node) => match &node.kind {
            Kind::File(contents) => {
                let offset = offset_of(file, at);
                let count = contents.borrow_mut().write(offset, bytes)?;
                node.touch_contents(kernel.clock.now());
                Ok(moved(file, at, offset, count))
            }
            Kind::Directory(_) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        },
        Target::View(..) | Target::Name(_) => Err(Errno::EBADF),
    }
}

fn offset_of(file: &OpenFile, at: At) -> u64 {
    match at {
        At::Position => file.position.get(),
        At::Offset(offset) => offset,
    }
}

/// Moves the file's offset behind what was transferred.
fn moved(file: &OpenFile, at: At, offset: u64, count: usize) -> usize {
    if matches!(at, At::Position) {
        file.position.set(offset.saturating_add(count as u64));
    }
    count
}

fn read_file(
    kernel: &mut Kernel,
    contents: &RefCell<Contents>,
    offset: u64,
    to: UserAddr,
    len: usize,
) -> SysResult {
    let mut done: usize = 0;
    let mut buffer = [0; CHUNK];
    while done < len {
        let at = offset.saturating_add(done as u64);
        // Taken out of the borrow first: a copy to a mapping of the same file changes its pages.
        let piece = contents.borrow().piece(at, len.saturating_sub(done));
        let Some(piece) = piece else {
            break;
        };
        let target = to.checked_add(done as u64).ok_or(Errno::EFAULT)?;
        let (count, wanted) = copy_out(kernel, target, &piece, &mut buffer);
        done = done.saturating_add(count);
        if count < wanted {
            return reached(done, len);
        }
    }
    Ok(done)
}

/// Copies the beginning of a piece to the program; how many bytes, and how many it should have been.
fn copy_out(
    kernel: &mut Kernel,
    to: UserAddr,
    piece: &Piece,
    buffer: &mut [u8; CHUNK],
) -> (usize, usize) {
    match piece {
        Piece::Archive(bytes) => (kernel.memory.write_some(to, bytes), bytes.len()),
        Piece::Memory(frame, start, count) => {
            let part = buffer.get_mut(..(*count).min(CHUNK)).unwrap_or(&mut []);
            frame.read(*start, part);
            (kernel.memory.write_some(to, part), part.len())
        }
        Piece::Zeros(count) => (kernel.memory.zero_some(to, *count), *count),
    }
}

fn write_file(
    kernel: &mut Kernel,
    contents: &RefCell<Contents>,
    offset: u64,
    from: UserAddr,
    len: usize,
) -> SysResult {
    let mut done: usize = 0;
    let mut buffer = [0; CHUNK];
    while done < len {
        let part = buffer
            .get_mut(..len.saturating_sub(done).min(CHUNK))
            .unwrap_or(&mut []);
        let source = from.checked_add(done as u64).ok_or(Errno::EFAULT)?;
        let wanted = part.len();
        let copied = kernel.memory.read_some(source, part);
        let result = reached(copied, wanted).and_then(|copied| {
            let at = offset.checked_add(done as u64).ok_or(Errno::EFBIG)?;
            let part = part.get(..copied).unwrap_or(part);
            contents.borrow_mut().write(at, part)
        });
        match result {
            Ok(count) if count < wanted => return Ok(done.saturating_add(count)),
            Ok(count) => done = done.saturating_add(count),
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

fn read_device(kernel: &mut Kernel, device: Device, to: UserAddr, len: usize) -> SysResult {
    match device {
        Device::Null => Ok(0),
        Device::Zero | Device::Full => reached(kernel.memory.zero_some(to, len), len),
        Device::Random | Device::Urandom => fill_random(kernel, to, len),
        Device::Terminal | Device::Console => Err(Errno::EIO),
    }
}

fn write_device(device: Device, len: usize) -> SysResult {
    match device {
        Device::Null | Device::Zero | Device::Random | Device::Urandom => Ok(len),
        Device::Full => Err(Errno::ENOSPC),
        Device::Terminal | Device::Console => Err(Errno::EIO),
    }
}

impl Kernel {
    /// The stream that a device's bytes go to.
    fn written_by(&self, device: Device) -> Option<Stream> {
        match device {
            Device::Terminal => self.terminal(),
            Device::Console => Some(Stream::Stderr),
            _ => None,
        }
    }
}

/// Fills memory with entropy. `EIO` when the machine's source fails.
pub(super) fn fill_random(kernel: &mut Kernel, to: UserAddr, len: usize) -> SysResult {
    let mut done: usize = 0;
    let mut bytes = [0; 256];
    while done < len {
        let part = bytes
            .get_mut(..len.saturating_sub(done).min(256))
            .unwrap_or(&mut []);
        kernel
            .random
            .fill(part, &kernel.clock)
            .map_err(|_| Errno::EIO)?;
        let target = to.checked_add(done as u64).ok_or(Errno::EFAULT)?;
        let count = kernel.memory.write_some(target, part);
        done = done.saturating_add(count);
        if count < part.len() {
            break;
        }
    }
    reached(done, len)
}

/// Reads what the host sent, waiting for the first byte. As from a pipe of Linux's, what came together goes wholly to the program
/// or not at all: bytes for which there is no room stay.
fn read_stream(
    kernel: &mut Kernel,
    file: &OpenFile,
    stream: Stream,
    to: UserAddr,
    len: usize,
) -> SysResult {
    if stream != Stream::Stdin || len == 0 {
        return if len == 0 { Ok(0) } else { Err(Errno::EBADF) };
    }
    let mut buffer = [0; CHUNK];
    let mut done: usize = 0;
    loop {
        let part = buffer
            .get_mut(..len.saturating_sub(done).min(CHUNK))
            .unwrap_or(&mut []);
        let received = kernel.streams.borrow_mut().look(part);
        match received {
            Received::Bytes(count) => {
                let bytes = part.get(..count).unwrap_or(&[]);
                let target = to.checked_add(done as u64).ok_or(Errno::EFAULT)?;
                if kernel.memory.write(target, bytes).is_err() {
                    return reached(done, len);
                }
                kernel.streams.borrow_mut().take(count);
                done = done.saturating_add(count);
                if done == len {
                    return Ok(done);
                }
            }
            Received::Ended => return Ok(done),
            Received::Nothing if done > 0 => return Ok(done),
            Received::Nothing if file.has(linux::O_NONBLOCK) => return Err(Errno::EAGAIN),
            Received::Nothing => kernel.wait_until(None, |kernel| {
                let mut streams = kernel.streams.borrow_mut();
                (streams.waiting() > 0 || streams.has_ended()).then_some(())
            })?,
        }
    }
}

/// Writes to the host, waiting for room. As to a pipe of Linux's, a page of bytes is read wholly or not at all.
fn write_stream(
    kernel: &mut Kernel,
    file: &OpenFile,
    stream: Stream,
    from: UserAddr,
    len: usize,
) -> SysResult {
    let mut buffer = [0; CHUNK];
    let mut large = Vec::new();
    let chunk = if len <= CHUNK {
        &mut buffer[..]
    } else {
        enlarge(&mut large)
    };
    let mut done: usize = 0;
    while done < len {
        let size = len.saturating_sub(done).min(chunk.len());
        let part = chunk.get_mut(..size).unwrap_or(&mut []);
        let source = from.checked_add(done as u64).ok_or(Errno::EFAULT)?;
        let copied = match kernel.memory.read_some(source, part) {
            all if all == size => all,
            some => some.saturating_sub(some % PAGE_SIZE),
        };
        let part = part.get(..copied).unwrap_or(part);
        match reached(copied, size).and_then(|_| send(kernel, file, stream, part)) {
            Ok(count) if count < size => return Ok(done.saturating_add(count)),
            Ok(count) => done = done.saturating_add(count),
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// A buffer for long writes: each chunk is a notification of the host, which costs more than the copy.
fn enlarge(buffer: &mut Vec<u8>) -> &mut [u8] {
    buffer.resize(8 * CHUNK, 0);
    buffer
}

fn send(kernel: &mut Kernel, file: &OpenFile, stream: Stream, bytes: &[u8]) -> SysResult {
    let mut done: usize = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        let sent = kernel.streams.borrow_mut().send(stream, rest);
        done = done.saturating_add(sent);
        if sent > 0 {
            continue;
        }
        if file.has(linux::O_NONBLOCK) {
            return if done > 0 {
                Ok(done)
            } else {
                Err(Errno::EAGAIN)
            };
        }
        let room = kernel.wait_until(None, |kernel| {
            kernel.streams.borrow_mut().can_send(stream).then_some(())
        });
        if let Err(unmet) = room {
            return if done > 0 {
                Ok(done)
            } else {
                Err(unmet.into())
            };
        }
    }
    Ok(done)
}
