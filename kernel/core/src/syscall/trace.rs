//! Tells the host each system call, when the launch record asks for it ([`unikernel_abi::trace`]).
//!
//! What is copied for a call is the host's to say; here is how. Reading the program's memory gives it pages that it has not
//! touched yet, which the call would mostly do, too.

use alloc::vec::Vec;

use unikernel_abi::bytes::{Sink, u64_at};
use unikernel_abi::report::Report;
use unikernel_abi::trace::{Capture, Captures, Piece, Pieces, Rule};
use unikernel_machine::address::{PAGE_SIZE, UserAddr};
use unikernel_machine::context::Syscall;

use crate::errno::{SysResult, encode};
use crate::kernel::Kernel;
use crate::process::signal::Signal;
use crate::process::signal::info::Info;
use crate::process::thread::PROCESS_ID;
use crate::report::Frame;

/// How many elements of a list of addresses are followed, and `struct iovec`s.
const MAX_FOLLOWED: usize = 32;

/// Length of `struct iovec`.
const VECTOR: usize = 16;

/// Does the system call that the thread is in as `answer` does, and tells it before and behind; also when it ends the program, or
/// is to be made again (its result is then that of `ERESTARTSYS`).
pub(super) fn traced(
    kernel: &mut Kernel,
    captures: Captures<'static>,
    answer: fn(&mut Kernel, u64) -> SysResult,
) -> SysResult {
    // As it is now: coming back from a handler replaces the registers.
    let call = &kernel.thread.context.syscall();
    let thread = u64::from(PROCESS_ID);
    let memory = copied(kernel, captures, call, None);
    kernel.report(&Report::Called {
        thread,
        number: call.number,
        args: call.args,
        memory: Pieces(memory.bytes()),
    });
    let result = answer(kernel, call.number);
    let memory = match result {
        Ok(value) => copied(kernel, captures, call, Some(value)),
        Err(_) => Frame::default(),
    };
    kernel.report(&Report::Returned {
        thread,
        result: encode(result).cast_unsigned(),
        memory: Pieces(memory.bytes()),
    });
    result
}

impl Kernel {
    /// Tells a signal that reaches the program, when system calls are told.
    pub(crate) fn trace_signal(&self, signal: Signal, info: &Info) {
        if self.traced.is_some() {
            self.report(&Report::Signalled {
                signal: u64::from(signal.number()),
                code: u64::from(info.code().cast_unsigned()),
                about: info.about(),
            });
        }
    }
}

/// What a call's arguments point to: before it without a result, behind it with one.
fn copied(
    kernel: &mut Kernel,
    captures: Captures<'static>,
    call: &Syscall,
    result: Option<usize>,
) -> Frame {
    let mut pieces = Frame::default();
    let due = captures
        .of(call.number)
        .filter(|capture| capture.rule.is_behind() == result.is_some());
    for capture in due {
        copy(
            kernel,
            &capture,
            call,
            result.unwrap_or(usize::MAX),
            &mut pieces,
        );
    }
    pieces
}

fn copy(
    kernel: &mut Kernel,
    capture: &Capture,
    call: &Syscall,
    result: usize,
    pieces: &mut dyn Sink,
) {
    let argument = |index: u8| call.args.get(usize::from(index)).copied().unwrap_or(0);
    let at = argument(capture.argument);
    if at == 0 {
        return;
    }
    let counted = usize::try_from(argument(capture.count)).unwrap_or(usize::MAX);
    let limit = usize::from(capture.limit);
    let size = usize::from(capture.size);
    let len = match capture.rule {
        Rule::Text => return text(kernel, capture, at, pieces),
        Rule::Texts => return texts(kernel, capture, at, pieces),
        Rule::Vectors | Rule::VectorsOut => {
            return vectors(kernel, capture, (at, counted), result, pieces);
        }
        Rule::Fixed | Rule::FixedOut => size,
        Rule::Counted | Rule::CountedOut => counted.saturating_mul(size),
        Rule::ResultOut => result.saturating_mul(size),
    };
    if let Some(bytes) = read(kernel, at, len.min(limit)) {
        put(capture, &bytes, pieces);
    }
}

fn put(capture: &Capture, bytes: &[u8], pieces: &mut dyn Sink) {
    let argument = capture.argument;
    Pieces::put(pieces, Piece { argument, bytes });
}

fn read(kernel: &mut Kernel, at: u64, len: usize) -> Option<Vec<u8>> {
    let mut bytes = alloc::vec![0; len];
    kernel.memory.read(UserAddr(at), &mut bytes).ok()?;
    Some(bytes)
}

/// Copies a text with its NUL; page by page, since it may end before one that is not there.
fn text(kernel: &mut Kernel, capture: &Capture, at: u64, pieces: &mut dyn Sink) {
    let limit = usize::from(capture.limit);
    let mut bytes = Vec::new();
    while bytes.len() < limit && bytes.last() != Some(&0) {
        let Some(from) = at.checked_add(bytes.len() as u64) else {
            return;
        };
        let in_page = PAGE_SIZE.saturating_sub(UserAddr(from).page_offset());
        let len = in_page.min(limit.saturating_sub(bytes.len()));
        let Some(part) = read(kernel, from, len) else {
            return;
        };
        let end = part.iter().position(|byte| *byte == 0);
        let end = end.map_or(part.len(), |nul| nul.saturating_add(1));
        bytes.extend_from_slice(part.get(..end).unwrap_or(&part));
    }
    put(capture, &bytes, pieces);
}

fn texts(kernel: &mut Kernel, capture: &Capture, at: u64, pieces: &mut dyn Sink) {
    for index in 0..MAX_FOLLOWED as u64 {
        let slot = at.checked_add(index.saturating_mul(8));
        let Some(address) = slot.and_then(|slot| kernel.memory.read_u64(UserAddr(slot)).ok())
        else {
            return;
        };
        if address == 0 {
            return;
        }
        text(kernel, capture, address, pieces);
    }
}

/// Copies the vectors as one piece, and then a piece of what each holds, `total` bytes at most in all.
fn vectors(
    kernel: &mut Kernel,
    capture: &Capture,
    (at, count): (u64, usize),
    total: usize,
    pieces: &mut dyn Sink,
) {
    let count = count.min(MAX_FOLLOWED);
    let Some(list) = read(kernel, at, count.saturating_mul(VECTOR)) else {
        return;
    };
    put(capture, &list, pieces);
    let mut left = total;
    for vector in list.chunks_exact(VECTOR) {
        let (start, len) = (u64_at(vector, 0), u64_at(vector, 8));
        let len = usize::try_from(len.unwrap_or(0)).unwrap_or(usize::MAX);
        let len = len.min(left);
        left = left.saturating_sub(len);
        let len = len.min(usize::from(capture.limit));
        let Some(bytes) = read(kernel, start.unwrap_or(0), len) else {
            return;
        };
        put(capture, &bytes, pieces);
    }
}
