//! The streams of a guest that has only a serial line ([`unikernel_abi::stream`]).

use unikernel_abi::stream::{Framed, Stream, framed};

/// Bytes that are kept of what belongs to no frame: firmware, and a kernel's last words.
const KEPT: usize = 4096;

/// The reader of a serial line.
#[derive(Debug, Default)]
pub(super) struct SerialLine {
    buffer: Vec<u8>,
    noise: Vec<u8>,
}

impl SerialLine {
    /// Hands the payload of each frame that is complete with these bytes to `target`.
    pub(super) fn push(&mut self, bytes: &[u8], mut target: impl FnMut(Stream, &[u8])) {
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(rest) = self.buffer.get(at..).filter(|rest| !rest.is_empty()) {
            match framed(rest) {
                Framed::Frame(stream, payload, len) => {
                    target(stream, payload);
                    at += len;
                }
                Framed::Noise(len) => {
                    self.noise.extend_from_slice(&rest[..len]);
                    at += len;
                }
                Framed::Incomplete => break,
            }
        }
        self.buffer.drain(..at);
        let too_many = self.noise.len().saturating_sub(KEPT);
        self.noise.drain(..too_many);
    }

    /// The last bytes outside frames.
    pub(super) fn noise(&self) -> &[u8] {
        &self.noise
    }
}

#[cfg(test)]
mod tests {
    use unikernel_abi::stream::frame_header;

    use super::*;

    #[test]
    fn every_split_gives_the_same_payloads() {
        let mut line = Vec::from(*b"qboot\r\n");
        line.extend(frame_header(Stream::Stdout, 3));
        line.extend(b"out");
        line.extend(b"?");
        line.extend(frame_header(Stream::Report, 0));
        for at in 0..=line.len() {
            let mut serial = SerialLine::default();
            let mut found = Vec::new();
            serial.push(&line[..at], |stream, bytes| {
                found.push((stream, bytes.to_vec()));
            });
            serial.push(&line[at..], |stream, bytes| {
                found.push((stream, bytes.to_vec()));
            });
            let expected = [
                (Stream::Stdout, b"out".to_vec()),
                (Stream::Report, Vec::new()),
            ];
            assert_eq!(found, expected, "split at {at}");
            assert_eq!(serial.noise(), b"qboot\r\n?");
        }
    }

    #[test]
    fn noise_is_kept_within_bounds() {
        let mut serial = SerialLine::default();
        for _ in 0..100 {
            serial.push(&[b'x'; 1000], |_, _| {});
        }
        serial.push(b"last words", |_, _| {});
        assert_eq!(serial.noise().len(), KEPT);
        assert!(serial.noise().ends_with(b"last words"));
    }
}
