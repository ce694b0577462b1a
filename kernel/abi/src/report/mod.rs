//! Report frames: what the guest tells the host beside stdout and stderr.
//!
//! A frame is `magic: u16, kind: u16, len: u32`, then `len` bytes: the kind's fields in order, numbers as `u64`, texts as
//! `len: u32` and bytes. The host prints what it understands and ends with the status of [`Report::Exited`] or
//! [`Report::Killed`]; a guest that ends without one of them died.

use crate::bytes::{Sink, slice, u16_at, u32_at, u64_at};
use crate::trace::Pieces;

/// The first two bytes of a frame.
pub const MAGIC: u16 = 0x5552;

/// Length of a frame's header in bytes.
pub const HEADER: usize = 8;

/// Longest payload in bytes; a longer one is a broken stream.
pub const MAX_LEN: usize = 1 << 20;

/// How many registers [`Report::Stack`] has.
pub const REGISTERS: usize = 17;

/// A place in the program: a file and an offset from the address where its first byte was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Guest path of the mapped file; empty when the address lies in none.
    pub module: &'a [u8],
    /// Offset from the module's load address, or the address itself.
    pub offset: u64,
}

/// Places one after the other, as they are encoded; what is no place ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Places<'a>(
    /// Encoded by [`Places::put`].
    pub &'a [u8],
);

impl<'a> Places<'a> {
    /// Writes one more place.
    pub fn put(sink: &mut dyn Sink, at: Place<'_>) {
        place(sink, at);
    }

    /// The places in order.
    pub fn iter(self) -> impl Iterator<Item = Place<'a>> {
        let mut fields = Fields(self.0);
        core::iter::from_fn(move || fields.place())
    }
}

/// What the guest has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// The program starts. Ticks of the time stamp counter at the kernel's first instruction and now.
    Started {
        /// At the kernel's entry.
        entry_tsc: u64,
        /// Before the program's first instruction.
        program_tsc: u64,
    },
    /// The program ended by itself with this status (0-255).
    Exited {
        /// What it gave to `exit_group(2)`, lowest 8 bits.
        status: u64,
    },
    /// A signal ended the program. Comes after [`Report::Fault`], if a fault was the cause.
    Killed {
        /// The signal's number (signal(7)).
        signal: u64,
    },
    /// The program did something that the processor refused.
    Fault {
        /// The signal that Linux gives for it (signal(7)).
        signal: u64,
        /// `si_code` (sigaction(2)).
        code: u64,
        /// The address that was touched, or the instruction's.
        address: u64,
        /// 0 read, 1 write, 2 execute, 3 other.
        access: u64,
        /// Where the instruction stands.
        at: Place<'a>,
        /// The first bytes there, at most 15; none where they can't be read, or who tells does not know them.
        instruction: &'a [u8],
    },
    /// A system call that this kernel refuses by design (fork, exec).
    Refused {
        /// Its number (x86-64).
        number: u64,
        /// The lint rule that finds it before the boot.
        rule: &'a [u8],
        /// Where the instruction stands; [`Report::Stack`] just before tells who called.
        at: Place<'a>,
    },
    /// A system call that this kernel does not have; told once a number.
    Unknown {
        /// Its number (x86-64).
        number: u64,
        /// Where the instruction stands.
        at: Place<'a>,
    },
    /// The program could not be started; the reason in words.
    CannotStart {
        /// For people.
        reason: &'a [u8],
    },
    /// The kernel itself failed; the reason in words.
    Panic {
        /// For people.
        reason: &'a [u8],
    },
    /// Memory ran out, and the program was ended for it or was refused it.
    OutOfMemory {
        /// Physical memory the machine has, in bytes.
        total: u64,
    },
    /// Where the program is that a signal is about to end, or that called what this kernel does not do. Comes before
    /// [`Report::Fault`], [`Report::Killed`], [`Report::Refused`] and [`Report::Unknown`].
    Stack {
        /// [`REGISTERS`] of 8 bytes, as unwind tables number them: `rax rdx rcx rbx rsi rdi rbp rsp r8`-`r15`, then the
        /// address of the instruction that the thread stopped at: for a system call or breakpoint not that of the next one.
        registers: &'a [u8],
        /// The address of the first of `bytes`: the stack pointer, or the first mapped byte above it.
        at: u64,
        /// The beginning of the stack.
        bytes: &'a [u8],
        /// Files that code is mapped from; the offset is the address of their first byte.
        modules: Places<'a>,
    },
    /// A thread makes a system call; only when it is asked for ([`crate::trace`]).
    Called {
        /// The thread's number.
        thread: u64,
        /// The system call's number (x86-64).
        number: u64,
        /// Its six arguments.
        args: [u64; 6],
        /// What the arguments point to.
        memory: Pieces<'a>,
    },
    /// The call that the thread made last has returned.
    Returned {
        /// The thread's number.
        thread: u64,
        /// What it returned: a result, or the negative of an error number.
        result: u64,
        /// What the arguments point to now.
        memory: Pieces<'a>,
    },
    /// A signal reached the program; only when calls are told, too.
    Signalled {
        /// The signal's number (signal(7)).
        signal: u64,
        /// `si_code` (sigaction(2)).
        code: u64,
        /// What follows the code in a `siginfo_t`: `si_addr`, or `si_pid` (lower half) and `si_uid`, or `si_timerid` (lower half)
        /// and `si_overrun`; else 0.
        about: u64,
    },
    /// The program is held before its first instruction ([`Item::Hold`](crate::launch::Item::Hold)).
    Held {
        /// Where its first instruction lies: the interpreter's, if it has one.
        start: u64,
        /// What was added to the program's own addresses.
        program: u64,
        /// What was added to the interpreter's; 0 without one.
        interpreter: u64,
    },
}

/// What stands at the start of a report stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A frame, and how many bytes it took.
    Report(Report<'a>, usize),
    /// The bytes end before the frame does.
    Incomplete,
    /// No frame stands here; the stream is broken from here on.
    Broken,
}

impl Report<'_> {
    /// Writes the report as one frame.
    pub fn encode(&self, sink: &mut dyn Sink) {
        let mut count = crate::bytes::CountingSink::default();
        self.fields(&mut count);
        let len = u32::try_from(count.0).unwrap_or(u32::MAX);
        let header = u64::from(MAGIC) | u64::from(self.kind()) << 16 | u64::from(len) << 32;
        numbers(sink, &[header]);
        self.fields(sink);
    }

    const fn kind(&self) -> u16 {
        match self {
            Self::Started { .. } => 1,
            Self::Exited { .. } => 2,
            Self::Killed { .. } => 3,
            Self::Fault { .. } => 4,
            Self::Refused { .. } => 5,
            Self::Unknown { .. } => 6,
            Self::CannotStart { .. } => 7,
            Self::Panic { .. } => 8,
            Self::OutOfMemory { .. } => 9,
            Self::Stack { .. } => 10,
            Self::Called { .. } => 11,
            Self::Returned { .. } => 12,
            Self::Signalled { .. } => 13,
            Self::Held { .. } => 14,
        }
    }

    fn fields(&self, sink: &mut dyn Sink) {
        match *self {
            Self::Started {
                entry_tsc,
                program_tsc,
            } => numbers(sink, &[entry_tsc, program_tsc]),
            Self::Exited { status: number }
            | Self::Killed { signal: number }
            | Self::OutOfMemory { total: number } => numbers(sink, &[number]),
            Self::Fault {
                signal,
                code,
                address,
                access,
                at,
                instruction,
            } => {
                numbers(sink, &[signal, code, address, access]);
                place(sink, at);
                text(sink, instruction);
            }
            Self::Refused { number, rule, at } => {
                numbers(sink, &[number]);
                text(sink, rule);
                place(sink, at);
            }
            Self::Unknown { number, at } => {
                numbers(sink, &[number]);
                place(sink, at);
            }
            Self::CannotStart { reason } | Self::Panic { reason } => text(sink, reason),
            Self::Stack {
                registers,
                at,
                bytes,
                modules,
            } => {
                text(sink, registers);
                numbers(sink, &[at]);
                text(sink, bytes);
                text(sink, modules.0);
            }
            Self::Called {
                thread,
                number,
                args,
                memory,
            } => {
                numbers(sink, &[thread, number]);
                numbers(sink, &args);
                text(sink, memory.0);
            }
            Self::Returned {
                thread,
                result,
                memory,
            } => {
                numbers(sink, &[thread, result]);
                text(sink, memory.0);
            }
            Self::Signalled {
                signal: a,
                code: b,
                about: c,
            }
            | Self::Held {
                start: a,
                program: b,
                interpreter: c,
            } => numbers(sink, &[a, b, c]),
        }
    }
}

fn numbers(sink: &mut dyn Sink, values: &[u64]) {
    for value in values {
        sink.put(&value.to_le_bytes());
    }
}

fn text(sink: &mut dyn Sink, bytes: &[u8]) {
    sink.put(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    sink.put(bytes);
}

fn place(sink: &mut dyn Sink, at: Place<'_>) {
    text(sink, at.module);
    numbers(sink, &[at.offset]);
}

/// Reads the frame at the start of `bytes`.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    let (Some(magic), Some(kind), Some(len)) =
        (u16_at(bytes, 0), u16_at(bytes, 2), u32_at(bytes, 4))
    else {
        return Decoded::Incomplete;
    };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    if magic != MAGIC || len > MAX_LEN {
        return Decoded::Broken;
    }
    let Some(payload) = slice(bytes, HEADER, len) else {
        return Decoded::Incomplete;
    };
    match decode_fields(kind, &mut Fields(payload)) {
        Some(report) => Decoded::Report(report, HEADER + len),
        None => Decoded::Broken,
    }
}

fn decode_fields<'a>(kind: u16, fields: &mut Fields<'a>) -> Option<Report<'a>> {
    Some(match kind {
        1 => Report::Started {
            entry_tsc: fields.number()?,
            program_tsc: fields.number()?,
        },
        2 => Report::Exited {
            status: fields.number()?,
        },
        3 => Report::Killed {
            signal: fields.number()?,
        },
        4 => Report::Fault {
            signal: fields.number()?,
            code: fields.number()?,
            address: fields.number()?,
            access: fields.number()?,
            at: fields.place()?,
            // Guests that are not this kernel may leave it out.
            instruction: fields.text().unwrap_or_default(),
        },
        5 => Report::Refused {
            number: fields.number()?,
            rule: fields.text()?,
            at: fields.place()?,
        },
        6 => Report::Unknown {
            number: fields.number()?,
            at: fields.place()?,
        },
        7 => Report::CannotStart {
            reason: fields.text()?,
        },
        8 => Report::Panic {
            reason: fields.text()?,
        },
        9 => Report::OutOfMemory {
            total: fields.number()?,
        },
        10 => Report::Stack {
            registers: fields.text()?,
            at: fields.number()?,
            bytes: fields.text()?,
            modules: Places(fields.text()?),
        },
        11 => Report::Called {
            thread: fields.number()?,
            number: fields.number()?,
            args: fields.numbers()?,
            memory: Pieces(fields.text()?),
        },
        12 => Report::Returned {
            thread: fields.number()?,
            result: fields.number()?,
            memory: Pieces(fields.text()?),
        },
        13 => Report::Signalled {
            signal: fields.number()?,
            code: fields.number()?,
            about: fields.number()?,
        },
        14 => Report::Held {
            start: fields.number()?,
            program: fields.number()?,
            interpreter: fields.number()?,
        },
        _ => return None,
    })
}

/// The fields of a payload that are still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u64> {
        let value = u64_at(self.0, 0)?;
        self.0 = self.0.get(8..)?;
        Some(value)
    }

    fn numbers(&mut self) -> Option<[u64; 6]> {
        let mut values = [0; 6];
        for value in &mut values {
            *value = self.number()?;
        }
        Some(values)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let value = slice(self.0, 4, len)?;
        self.0 = self.0.get(4 + len..)?;
        Some(value)
    }

    fn place(&mut self) -> Option<Place<'a>> {
        Some(Place {
            module: self.text()?,
            offset: self.number()?,
        })
    }
}

#[cfg(test)]
mod tests;
