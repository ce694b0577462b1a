//! The four streams between guest and host, whatever carries them.
//!
//! Stdin, stdout, stderr and the report each have a port of a virtio [`console`](super::console), or share a serial
//! [`line`](super::line) in frames. The report stream also brings the host's wish that the program ends.

use alloc::vec::Vec;

use unikernel_abi::stream::Control;
pub(crate) use unikernel_abi::stream::Stream;
use unikernel_machine::serial::Serial;
use unikernel_machine::virtio::{DeviceKind, VirtioDevice};

use super::console::Console;
use super::line::Line;

/// What a receiving stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// Nothing any more: the host closed it.
    Ended,
}

/// The streams.
pub(crate) struct Streams {
    link: Link,
    /// Bit 0 stdin, bit 1 stdout, bit 2 stderr ([`unikernel_abi::launch::Item::Terminals`]).
    terminals: u64,
    /// Bytes that were received and not yet taken.
    stdin: Vec<u8>,
}

/// What carries them.
enum Link {
    Console(Console),
    Line(Line),
    /// Nothing: output vanishes, input has ended.
    None,
}

impl Streams {
    /// Streams over the first console with ports, else over the serial line.
    pub(crate) fn new(devices: &mut [VirtioDevice], serial: Option<Serial>) -> Self {
        let mut consoles = devices
            .iter_mut()
            .filter(|device| device.kind() == DeviceKind::Console);
        let link = match (consoles.find_map(Console::new), serial) {
            (Some(console), _) => Link::Console(console),
            (None, Some(serial)) => Link::Line(Line::new(serial)),
            (None, None) => Link::None,
        };
        Self {
            link,
            terminals: 0,
            stdin: Vec::new(),
        }
    }

    /// Notes which streams are terminals on the host, as the launch record says.
    pub(crate) fn set_terminals(&mut self, terminals: u64) {
        self.terminals = terminals;
    }

    /// Whether a stream is a terminal on the host.
    pub(crate) fn is_terminal(&self, stream: Stream) -> bool {
        let bit = match stream {
            Stream::Stdin => 1,
            Stream::Stdout => 2,
            Stream::Stderr => 4,
            Stream::Report => 0,
        };
        self.terminals & bit != 0
    }

    /// Sends as much as there is room for at once; how much that was, 0 when there is none.
    pub(crate) fn send(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        match &mut self.link {
            Link::Console(console) => console.send(stream, bytes),
            Link::Line(line) => line.send(stream, bytes),
            Link::None => bytes.len(),
        }
    }

    /// Sends all of it, waiting for room. A host that stops reading stops the machine, as it stops a program before a full pipe.
    pub(crate) fn send_all(&mut self, stream: Stream, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = self.send(stream, rest);
            rest = rest.get(sent..).unwrap_or(&[]);
            if sent == 0 {
                unikernel_machine::cpu::wait();
            }
        }
    }

    /// Whether there is room to send.
    pub(crate) fn can_send(&mut self, stream: Stream) -> bool {
        match &mut self.link {
            Link::Console(console) => console.can_send(stream),
            Link::Line(_) | Link::None => true,
        }
    }

    /// Copies what the host sent to stdin, and leaves it there until it is [taken](Self::take).
    pub(crate) fn look(&mut self, target: &mut [u8]) -> Received {
        self.fill_stdin();
        if self.stdin.is_empty() {
            return if self.has_ended() {
                Received::Ended
            } else {
                Received::Nothing
            };
        }
        let count = target.len().min(self.stdin.len());
        for (to, from) in target.iter_mut().zip(&self.stdin) {
            *to = *from;
        }
        Received::Bytes(count)
    }

    /// Takes bytes of stdin that were looked at.
    pub(crate) fn take(&mut self, count: usize) {
        self.stdin.drain(..count.min(self.stdin.len()));
    }

    /// How many bytes of stdin are there to be taken.
    pub(crate) fn waiting(&mut self) -> usize {
        self.fill_stdin();
        self.stdin.len()
    }

    /// Whether the host closed stdin and all was taken.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.stdin.is_empty()
            && match &mut self.link {
                Link::Console(console) => console.stdin_ended(),
                Link::Line(_) => false,
                Link::None => true,
            }
    }

    fn fill_stdin(&mut self) {
        if !self.stdin.is_empty() {
            return;
        }
        let mut buffer = [0; 1024];
        let count = match &mut self.link {
            Link::Console(console) => console.receive(&mut buffer),
            Link::Line(line) => line.receive(&mut buffer),
            Link::None => 0,
        };
        self.stdin
            .extend_from_slice(buffer.get(..count).unwrap_or(&[]));
    }

    /// What the host asks for, if anything came.
    pub(crate) fn control(&mut self) -> Option<Control> {
        match &mut self.link {
            Link::Console(console) => console.control(),
            Link::Line(line) => line.control(),
            Link::None => None,
        }
    }

    /// Whether nobody interrupts the program when something comes, so that somebody must look from time to time.
    pub(crate) fn must_be_polled(&self) -> bool {
        matches!(self.link, Link::Line(_))
    }

    /// Waits until the host has everything that was sent.
    pub(crate) fn flush(&mut self) {
        if let Link::Console(console) = &mut self.link {
            while !console.is_drained() {
                unikernel_machine::cpu::wait();
            }
        }
    }
}
