//! Report frames out of a stream that comes in pieces of any size.

use unikernel_abi::report::{self, Decoded, Report};

/// Bytes that are kept of a stream in which no frame was found where one should be.
const KEPT: usize = 4096;

/// One whole report frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame(Vec<u8>);

impl Frame {
    /// What it says.
    pub(super) fn report(&self) -> Option<Report<'_>> {
        match report::decode(&self.0) {
            Decoded::Report(report, _) => Some(report),
            Decoded::Incomplete | Decoded::Broken => None,
        }
    }

    /// Whether it says that there was no program to end.
    pub(super) fn is_cannot_start(&self) -> bool {
        matches!(self.report(), Some(Report::CannotStart { .. }))
    }
}

/// The reader of a report stream.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    is_broken: bool,
}

impl Frames {
    /// The frames that are complete with these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.buffer.extend_from_slice(bytes);
        while !self.is_broken {
            match report::decode(&self.buffer) {
                Decoded::Report(_, len) => {
                    let rest = self.buffer.split_off(len);
                    frames.push(Frame(std::mem::replace(&mut self.buffer, rest)));
                }
                Decoded::Incomplete => break,
                Decoded::Broken => self.is_broken = true,
            }
        }
        if self.is_broken {
            self.buffer.truncate(KEPT);
        }
        frames
    }

    /// What is left in the stream and is no whole frame.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::encoded;

    fn stream() -> Vec<u8> {
        let started = Report::Started {
            entry_tsc: 1,
            program_tsc: 2,
        };
        let reason = Report::Panic { reason: b"why" };
        [
            encoded(&started),
            encoded(&reason),
            encoded(&Report::Exited { status: 42 }),
        ]
        .concat()
    }

    #[test]
    fn every_split_gives_the_same_frames() {
        let stream = stream();
        let whole = Frames::default().push(&stream);
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[2].report(), Some(Report::Exited { status: 42 }));
        for at in 0..=stream.len() {
            let mut frames = Frames::default();
            let mut found = frames.push(&stream[..at]);
            found.extend(frames.push(&stream[at..]));
            assert_eq!(found, whole, "split at {at}");
            assert!(frames.rest().is_empty());
        }
    }

    #[test]
    fn broken_stream_is_kept_within_bounds() {
        let mut frames = Frames::default();
        assert_eq!(frames.push(&stream()).len(), 3);
        assert!(frames.push(b"panicked at nowhere").is_empty());
        assert!(frames.push(&[b'x'; 10_000]).is_empty());
        assert!(frames.rest().starts_with(b"panicked"));
        assert_eq!(frames.rest().len(), KEPT);
    }
}
