//! Sends report frames to the host.

use alloc::vec::Vec;
use core::fmt;

use unikernel_abi::bytes::Sink;
use unikernel_abi::report::Report;

use crate::driver::streams::{Stream, Streams};

/// Longest sentence in a report.
const MAX_TEXT: usize = 512;

/// A frame, or a part of one, that is being written.
#[derive(Default)]
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    /// What was written.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Sink for Frame {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Sends one report, waiting for room.
pub(crate) fn send(streams: &mut Streams, report: &Report<'_>) {
    let mut frame = Frame::default();
    report.encode(&mut frame);
    streams.send_all(Stream::Report, &frame.0);
}

/// Tells that the program can't be started, and why.
pub(crate) fn cannot_start(streams: &mut Streams, reason: &dyn fmt::Display) {
    let mut text = Text::default();
    // A text that is cut off is better than none.
    let _ = fmt::write(&mut text, format_args!("{reason}"));
    send(
        streams,
        &Report::CannotStart {
            reason: text.bytes(),
        },
    );
}

/// Tells that the kernel itself failed. Takes no memory until the frame is made: the lack of it may be the reason.
pub(crate) fn panicked(streams: &mut Streams, reason: &fmt::Arguments<'_>) {
    let mut text = Text::default();
    let _ = fmt::write(&mut text, *reason);
    let report = Report::Panic {
        reason: text.bytes(),
    };
    let mut buffer = [0; MAX_TEXT + 64];
    let mut sink = unikernel_abi::bytes::FixedSink::new(&mut buffer);
    report.encode(&mut sink);
    if let Some(frame) = sink.finish() {
        streams.send(Stream::Report, frame);
    }
}

/// A text of limited length that needs no heap.
struct Text {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_TEXT],
            len: 0,
        }
    }
}

impl Text {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let slot = self.bytes.get_mut(self.len).ok_or(fmt::Error)?;
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reason_is_cut_off() {
        let mut text = Text::default();
        let long = "x".repeat(MAX_TEXT + 5);
        assert!(fmt::write(&mut text, format_args!("{long}")).is_err());
        assert_eq!(text.bytes().len(), MAX_TEXT);
    }
}
