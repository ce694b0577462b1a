//! What `run --trace` asks the kernel to copy out of the program's memory, call by call.
//!
//! The host knows what the arguments mean and the kernel does not: the launch record
//! ([`Item::Trace`](crate::launch::Item::Trace)) brings a table of [`Capture`]s, one behind the other, sorted by number. So the
//! kernel has no table of its own, and none that could differ from the host's.

use crate::bytes::{Sink, u16_at};

/// Length of an encoded [`Capture`]: number, argument, rule, count, size, limit.
pub const SIZE: usize = 9;

/// How much of the program's memory belongs to an argument, and when it is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A text up to its NUL, which is copied, too, unless the limit comes first. Before the call.
    Text = 1,
    /// `size` bytes, before the call.
    Fixed = 2,
    /// As many times `size` bytes as argument `count` says, before the call.
    Counted = 3,
    /// `size` bytes, behind a call that did not fail.
    FixedOut = 4,
    /// As [`Rule::Counted`], behind a call that did not fail.
    CountedOut = 5,
    /// As many times `size` bytes as the result says.
    ResultOut = 6,
    /// `struct iovec`s (readv(2)), as many as argument `count` says, and then what each of them points to. Before the call.
    Vectors = 7,
    /// The same behind the call; the result says how much they hold.
    VectorsOut = 8,
    /// Addresses of texts up to a null (execve(2)), each with its NUL as with [`Rule::Text`]. Before the call.
    Texts = 9,
}

impl Rule {
    const ALL: [Self; 9] = [
        Self::Text,
        Self::Fixed,
        Self::Counted,
        Self::FixedOut,
        Self::CountedOut,
        Self::ResultOut,
        Self::Vectors,
        Self::VectorsOut,
        Self::Texts,
    ];

    /// Whether it is followed behind the call.
    #[must_use]
    pub const fn is_behind(self) -> bool {
        matches!(
            self,
            Self::FixedOut | Self::CountedOut | Self::ResultOut | Self::VectorsOut
        )
    }
}

/// What is to be copied for one argument of one system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// The system call's number.
    pub number: u16,
    /// Which argument, from 0.
    pub argument: u8,
    /// How much, and when.
    pub rule: Rule,
    /// Which argument counts, where one does.
    pub count: u8,
    /// Bytes of one element, or of all.
    pub size: u16,
    /// Copy at most so many bytes in one [`Piece`].
    pub limit: u16,
}

impl Capture {
    /// Appends it to a table.
    pub fn encode(&self, sink: &mut dyn Sink) {
        sink.put(&self.number.to_le_bytes());
        sink.put(&[self.argument, self.rule as u8, self.count]);
        sink.put(&self.size.to_le_bytes());
        sink.put(&self.limit.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let &[_, _, argument, rule, count, ..] = bytes else {
            return None;
        };
        Some(Self {
            number: u16_at(bytes, 0)?,
            argument,
            rule: Rule::ALL.into_iter().find(|known| *known as u8 == rule)?,
            count,
            size: u16_at(bytes, 5)?,
            limit: u16_at(bytes, 7)?,
        })
    }
}

/// A table of captures; what is none in it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Captures<'a>(
    /// Encoded by [`Capture::encode`], sorted by number.
    pub &'a [u8],
);

impl<'a> Captures<'a> {
    /// What is to be copied for the system call with this number.
    pub fn of(self, number: u64) -> impl Iterator<Item = Capture> + use<'a> {
        let (entries, _) = self.0.as_chunks::<SIZE>();
        let number_of = |entry: &[u8; SIZE]| u64::from(u16::from_le_bytes([entry[0], entry[1]]));
        let start = entries.partition_point(|entry| number_of(entry) < number);
        let from_there = entries.iter().skip(start);
        from_there
            .take_while(move |entry| number_of(entry) == number)
            .filter_map(|entry| Capture::decode(entry))
    }
}

/// Bytes of the program's memory that belong to an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Which argument, from 0.
    pub argument: u8,
    /// What lay there; as far as it could be read, and as the limit allowed.
    pub bytes: &'a [u8],
}

/// Pieces one after the other, as they are encoded: argument, length as `u16`, bytes. What is no piece ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pieces<'a>(
    /// Encoded by [`Pieces::put`].
    pub &'a [u8],
);

impl<'a> Pieces<'a> {
    /// Writes one more piece; bytes beyond 65,535 are cut off.
    pub fn put(sink: &mut dyn Sink, piece: Piece<'_>) {
        let len = u16::try_from(piece.bytes.len()).unwrap_or(u16::MAX);
        let bytes = piece.bytes.get(..usize::from(len)).unwrap_or(&[]);
        sink.put(&[piece.argument]);
        sink.put(&len.to_le_bytes());
        sink.put(bytes);
    }

    /// The pieces of an argument, in order.
    pub fn of(self, argument: u8) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |piece| piece.argument == argument)
            .map(|piece| piece.bytes)
    }

    fn iter(self) -> impl Iterator<Item = Piece<'a>> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (argument, behind) = rest.split_first()?;
            let len = usize::from(u16_at(behind, 0)?);
            let bytes = behind.get(2..2 + len)?;
            rest = behind.get(2 + len..)?;
            Some(Piece {
                argument: *argument,
                bytes,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    fn capture(number: u16, argument: u8, rule: Rule) -> Capture {
        Capture {
            number,
            argument,
            rule,
            count: 2,
            size: 1,
            limit: 32,
        }
    }

    #[test]
    fn captures_are_found_by_number() {
        let all = [
            capture(0, 1, Rule::ResultOut),
            capture(7, 0, Rule::Counted),
            capture(7, 0, Rule::CountedOut),
            capture(59, 1, Rule::Texts),
        ];
        let mut table = Vec::new();
        for entry in &all {
            entry.encode(&mut table);
        }
        let found = |number| Captures(&table).of(number).collect::<Vec<_>>();
        assert_eq!(found(0), all[..1]);
        assert_eq!(found(7), all[1..3]);
        assert_eq!(found(59), all[3..]);
        assert_eq!(found(8), []);
        assert_eq!(found(u64::MAX), []);
    }

    #[test]
    fn pieces_keep_their_order_and_end_where_they_are_cut() {
        let mut bytes = Vec::new();
        for (argument, part) in [(1, &b"one"[..]), (0, b""), (1, b"two")] {
            let bytes_of_part = Piece {
                argument,
                bytes: part,
            };
            Pieces::put(&mut bytes, bytes_of_part);
        }
        let of = |bytes, argument| Pieces(bytes).of(argument).collect::<Vec<_>>();
        assert_eq!(of(&bytes[..], 1), [b"one", b"two"]);
        assert_eq!(of(&bytes[..], 0), [b""]);
        assert_eq!(of(&bytes[..bytes.len() - 1], 1), [b"one"]);
    }
}
