//! What a kernel says on its console when it gives up. Not each does end the machine then: some stand still.

use std::collections::VecDeque;

use crate::kernel::LastWords;

/// Lines that are kept to find the reason in: a kernel may show its registers behind it.
const KEPT: usize = 16;
/// Longest part of a line that is kept, in bytes.
const MAX_LINE: usize = 512;

/// What a console's lines tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The kernel gave up.
    GaveUp(Reason),
    /// It did not: there is more than it would have written.
    WentOn,
}

impl Told {
    /// Why the kernel gave up, if it did.
    pub(super) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::GaveUp(reason) => Some(reason),
            Self::WentOn => None,
        }
    }
}

/// Why a kernel gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    /// In its own words; lossy.
    pub(super) words: String,
    /// The signal that ends a program for that on Linux (signal(7)).
    pub(super) signal: Option<u8>,
}

/// The reader of a console's lines.
#[derive(Debug)]
pub(super) struct Listener {
    known: &'static LastWords,
    line: Vec<u8>,
    lines: VecDeque<Vec<u8>>,
    gave_up: bool,
}

impl Listener {
    /// A reader for a kernel that gives up with such words.
    pub(super) fn new(known: &'static LastWords) -> Self {
        Self {
            known,
            line: Vec::new(),
            lines: VecDeque::new(),
            gave_up: false,
        }
    }

    /// What is told by what was written next, if anything is: the last of it counts.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<Told> {
        let mut told = None;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            let room = MAX_LINE.saturating_sub(self.line.len());
            let added = text.unwrap_or(piece).iter().take(room);
            self.line.extend(added);
            if text.is_some() {
                let line = std::mem::take(&mut self.line);
                told = self.end_of(line).or(told);
            }
        }
        told
    }

    fn end_of(&mut self, line: Vec<u8>) -> Option<Told> {
        if self.gave_up {
            let begins = |frame: &&str| line.starts_with(frame.as_bytes());
            self.gave_up = line.is_empty() || self.known.frames.iter().any(begins);
            return (!self.gave_up).then_some(Told::WentOn);
        }
        if line == self.known.head.as_bytes() {
            self.gave_up = true;
            let reason = self.reason();
            self.lines.clear();
            return Some(Told::GaveUp(reason));
        }
        if !line.is_empty() {
            self.lines.push_back(line);
            self.lines.drain(..self.lines.len().saturating_sub(KEPT));
        }
        None
    }

    fn reason(&self) -> Reason {
        let lines = self.lines.iter().rev();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line)).collect();
        let known = self.known.reasons.iter().find_map(|(part, signal)| {
            let line = lines.iter().find(|line| line.contains(part))?;
            Some((line, Some(*signal)))
        });
        let (words, signal) = match known {
            Some((words, signal)) => (words.to_string(), signal),
            None => (
                lines.first().map(ToString::to_string).unwrap_or_default(),
                None,
            ),
        };
        Reason { words, signal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, Streams};

    fn told(text: &str) -> Option<Told> {
        let Streams::Console { last_words, .. } = kernel::find("osv").unwrap().streams else {
            panic!("OSv has a console");
        };
        let whole = Listener::new(last_words).push(text.as_bytes());
        let mut listener = Listener::new(last_words);
        let bytes = text.as_bytes().chunks(1);
        let pieces = bytes.filter_map(|byte| listener.push(byte)).last();
        assert_eq!(whole, pieces, "{text}");
        whole
    }

    fn check(text: &str, words: &str, signal: Option<u8>) {
        let words = words.to_owned();
        let expected = Told::GaveUp(Reason { words, signal });
        assert_eq!(told(text), Some(expected), "{text}");
    }

    #[test]
    fn reason_and_signal_are_found_before_the_backtrace() {
        let illegal = "DUMMY_HANDLER for invalid_opcode aborting.";
        check(
            &format!("out\n[registers]\nRIP: 0x1 <?>\n{illegal}\n\n[backtrace]\n0x01 <a+1>\n0x02"),
            illegal,
            Some(4),
        );
        let fault = "page fault outside application, addr: 0x0000200000101d00";
        check(
            &format!("{fault}\n[registers]\nRAX: 0\nAborted\n\n[backtrace]\n"),
            fault,
            Some(11),
        );
        check(
            "what():  oops\nAborted\n\n[backtrace]\n",
            "Aborted",
            Some(6),
        );
        let assertion = "Assertion failed: uid == 0 (id.cc: setuid: 40)";
        check(&format!("{assertion}\n\n[backtrace]\n"), assertion, None);
        check("[backtrace]\n", "", None);
    }

    #[test]
    fn program_that_writes_the_same_and_more_has_not_ended() {
        assert_eq!(
            told("Aborted\n[backtrace]\n0x01 <a+1>\nnext\n"),
            Some(Told::WentOn)
        );
        assert_eq!(told("Aborted\nsee [backtrace]\n"), None);
    }
}
