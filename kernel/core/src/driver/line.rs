//! The streams on a serial line: frames as [`unikernel_abi::stream`] says.

use alloc::vec::Vec;

use unikernel_abi::stream::{Control, FRAME_HEADER, Framed, Stream, frame_header, framed};
use unikernel_machine::serial::Serial;

/// Longest payload of a frame that we send: a serial line is slow, and the other streams wait behind it.
const MAX_PAYLOAD: usize = 1024;

/// Longest beginning of a frame that is kept while its end has not come.
const MAX_PENDING: usize = FRAME_HEADER + u16::MAX as usize;

/// A serial line that carries frames.
pub(crate) struct Line {
    serial: Serial,
    pending: Vec<u8>,
    stdin: Vec<u8>,
    control: Option<Control>,
}

impl Line {
    /// A line that nothing has come over.
    pub(crate) fn new(serial: Serial) -> Self {
        Self {
            serial,
            pending: Vec::new(),
            stdin: Vec::new(),
            control: None,
        }
    }

    /// Sends one frame; how many of the bytes it holds.
    pub(crate) fn send(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        let payload = bytes.get(..MAX_PAYLOAD).unwrap_or(bytes);
        let len = u16::try_from(payload.len()).unwrap_or(0);
        self.serial.write(&frame_header(stream, len));
        self.serial.write(payload);
        payload.len()
    }

    /// Takes what came for stdin; how many bytes.
    pub(crate) fn receive(&mut self, target: &mut [u8]) -> usize {
        self.listen();
        let count = target.len().min(self.stdin.len());
        for (to, from) in target.iter_mut().zip(self.stdin.drain(..count)) {
            *to = from;
        }
        count
    }

    /// What the host asks for, if anything came.
    pub(crate) fn control(&mut self) -> Option<Control> {
        self.listen();
        self.control.take()
    }

    fn listen(&mut self) {
        while let Some(byte) = self.serial.try_read() {
            self.pending.push(byte);
            self.take_frame();
        }
    }

    fn take_frame(&mut self) {
        let used = match framed(&self.pending) {
            Framed::Frame(Stream::Stdin, payload, used) => {
                self.stdin.extend_from_slice(payload);
                used
            }
            Framed::Frame(Stream::Report, payload, used) => {
                self.control = payload
                    .iter()
                    .find_map(|byte| Control::from_byte(*byte))
                    .or(self.control);
                used
            }
            Framed::Frame(Stream::Stdout | Stream::Stderr, _, used) | Framed::Noise(used) => used,
            Framed::Incomplete if self.pending.len() >= MAX_PENDING => self.pending.len(),
            Framed::Incomplete => 0,
        };
        self.pending.drain(..used.min(self.pending.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_both_ways() {
        let (serial, peer) = unikernel_machine::testing::serial();
        let mut line = Line::new(serial);
        assert_eq!(line.send(Stream::Stderr, b"hi"), 2);
        assert_eq!(peer.take(), b"\x1f\x03\x02\x00hi");
        peer.send(b"noise\x1f\x01\x03\x00abc\x1f\x04\x01\x00T");
        let mut buffer = [0; 8];
        assert_eq!(line.receive(&mut buffer), 3);
        assert_eq!(buffer.get(..3), Some(&b"abc"[..]));
        assert_eq!(line.control(), Some(Control::Terminate));
    }
}
