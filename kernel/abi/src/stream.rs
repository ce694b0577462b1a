//! Which console port carries which stream, and their framing on a serial line.
//!
//! The guest has four streams. Where there is a virtio console with ports (virtio 1.2, section 5.3), each stream has a port of
//! its own, numbered as here (port 0 is left to a console of the VMM's). Elsewhere they share COM1, in frames:
//! `0x1f, stream: u8, len: u16`, then `len` bytes. Bytes outside a frame come from firmware and are not the guest's.

use crate::bytes::u16_at;

/// A stream between guest and host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// The program's standard input, host to guest.
    Stdin = 1,
    /// The program's standard output.
    Stdout = 2,
    /// The program's standard error.
    Stderr = 3,
    /// What the kernel reports ([`crate::report`]); host to guest: control ([`Control`]).
    Report = 4,
}

impl Stream {
    /// All streams, by port number.
    pub const ALL: [Self; 4] = [Self::Stdin, Self::Stdout, Self::Stderr, Self::Report];

    /// The stream's port number on a virtio console.
    #[must_use]
    pub const fn port(self) -> u32 {
        self as u32
    }

    /// The stream with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Stdin),
            2 => Some(Self::Stdout),
            3 => Some(Self::Stderr),
            4 => Some(Self::Report),
            _ => None,
        }
    }

    /// The stream's name in the VMM's device names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Report => "report",
        }
    }
}

/// One byte from the host on the report stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The host was asked to end the program: send it SIGTERM.
    Terminate = b'T' as isize,
    /// Start the program that [`Item::Hold`](crate::launch::Item::Hold) holds.
    Start = b'S' as isize,
}

impl Control {
    /// The control that this byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'T' => Some(Self::Terminate),
            b'S' => Some(Self::Start),
            _ => None,
        }
    }
}

/// The port of QEMU's `isa-debug-exit` device; writing to it ends the VM. The status itself travels as a report frame.
pub const DEBUG_EXIT_PORT: u16 = 0xf4;

/// The port of QEMU's `isa-debugcon` device: reports of a kernel that is not ours, a byte at a time.
pub const REPORT_PORT: u16 = 0xe9;

/// First byte of a frame on a serial line.
pub const FRAME_START: u8 = 0x1f;

/// Length of a frame's header on a serial line.
pub const FRAME_HEADER: usize = 4;

/// The header of a serial frame with `len` bytes.
#[must_use]
pub const fn frame_header(stream: Stream, len: u16) -> [u8; FRAME_HEADER] {
    let [low, high] = len.to_le_bytes();
    [FRAME_START, stream as u8, low, high]
}

/// What stands at the start of bytes from a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framed<'a> {
    /// A whole frame, and how many bytes it took.
    Frame(Stream, &'a [u8], usize),
    /// So many bytes that belong to no frame.
    Noise(usize),
    /// A frame began, but its end is not there yet.
    Incomplete,
}

/// Reads what stands at the start of `bytes`.
#[must_use]
pub fn framed(bytes: &[u8]) -> Framed<'_> {
    let noise = bytes.iter().take_while(|b| **b != FRAME_START).count();
    if noise > 0 {
        return Framed::Noise(noise);
    }
    let (Some(number), Some(len)) = (bytes.get(1), u16_at(bytes, 2)) else {
        return Framed::Incomplete;
    };
    let Some(stream) = Stream::from_number(u32::from(*number)) else {
        return Framed::Noise(1);
    };
    let end = FRAME_HEADER + usize::from(len);
    match bytes.get(FRAME_HEADER..end) {
        Some(payload) => Framed::Frame(stream, payload, end),
        None => Framed::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn frames_stand_between_noise() {
        let mut bytes = std::vec::Vec::from(*b"SeaBIOS\r\n");
        bytes.extend(frame_header(Stream::Stderr, 2));
        bytes.extend(b"hi");
        assert_eq!(framed(&bytes), Framed::Noise(9));
        assert_eq!(framed(&bytes[9..]), Framed::Frame(Stream::Stderr, b"hi", 6));
        assert_eq!(framed(&bytes[9..14]), Framed::Incomplete);
        assert_eq!(framed(&[FRAME_START, 9, 0, 0]), Framed::Noise(1));
    }
}
