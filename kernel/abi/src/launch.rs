//! The launch record: which program the kernel starts, and what the host knows that the guest cannot find out.
//!
//! A header (magic, version, length of the items) and items one after the other, each `tag: u16, 0: u16, len: u32`, then `len`
//! bytes. The image holds one; `run` passes another as a boot module, which then counts alone. Arguments and environment so
//! never travel on the VMM's command line.

use crate::VERSION;
use crate::bytes::{Sink, field, u16_of, u32_of};

/// The first eight bytes of a launch record.
pub const MAGIC: [u8; 8] = *b"UNIKLNCH";

/// Length of the header in bytes.
const HEADER: usize = 16;

/// One fact of a launch record. Texts hold no NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// Guest path of the ELF to start. Exactly one.
    Program(&'a [u8]),
    /// One more argument; the first is `argv[0]`.
    Arg(&'a [u8]),
    /// One more environment string, `NAME=VALUE`.
    Env(&'a [u8]),
    /// Ticks of the guest's time stamp counter in a second.
    TscHz(u64),
    /// The wall clock when the VMM was started, in nanoseconds since 1970-01-01T00:00:00Z.
    UnixTimeNs(u64),
    /// Which standard streams are terminals on the host: bit 0 stdin, bit 1 stdout, bit 2 stderr.
    Terminals(u64),
    /// Seed of the address space layout, for tests that need the same one twice.
    LayoutSeed(u64),
    /// Each system call is to be told ([`crate::trace`]): what to copy for it.
    Trace(&'a [u8]),
    /// 1: tell where the program lies, and wait for [`Control::Start`](crate::stream::Control::Start) before its first
    /// instruction.
    Hold(u64),
}

/// Why bytes are not a launch record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchError {
    /// The bytes end before the record does.
    Truncated,
    /// They don't start with [`MAGIC`].
    Magic,
    /// Their version, which is not [`VERSION`].
    Version(u32),
    /// An item with this tag has an unknown tag or the wrong length.
    Item(u16),
}

impl<'a> Item<'a> {
    const fn tag(&self) -> u16 {
        match self {
            Self::Program(_) => 1,
            Self::Arg(_) => 2,
            Self::Env(_) => 3,
            Self::TscHz(_) => 4,
            Self::UnixTimeNs(_) => 5,
            Self::Terminals(_) => 6,
            Self::LayoutSeed(_) => 7,
            Self::Trace(_) => 8,
            Self::Hold(_) => 9,
        }
    }

    fn decode(tag: u16, bytes: &'a [u8]) -> Option<Self> {
        let number = || bytes.try_into().ok().map(u64::from_le_bytes);
        Some(match tag {
            1 => Self::Program(bytes),
            2 => Self::Arg(bytes),
            3 => Self::Env(bytes),
            4 => Self::TscHz(number()?),
            5 => Self::UnixTimeNs(number()?),
            6 => Self::Terminals(number()?),
            7 => Self::LayoutSeed(number()?),
            8 => Self::Trace(bytes),
            9 => Self::Hold(number()?),
            _ => return None,
        })
    }

    fn encode(&self, sink: &mut dyn Sink) {
        let number;
        let bytes = match *self {
            Self::Program(bytes) | Self::Arg(bytes) | Self::Env(bytes) | Self::Trace(bytes) => {
                bytes
            }
            Self::TscHz(value)
            | Self::UnixTimeNs(value)
            | Self::Terminals(value)
            | Self::LayoutSeed(value)
            | Self::Hold(value) => {
                number = value.to_le_bytes();
                &number
            }
        };
        sink.put(&self.tag().to_le_bytes());
        sink.put(&[0; 2]);
        sink.put(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        sink.put(bytes);
    }
}

/// Writes a launch record with these items.
pub fn encode(items: &[Item<'_>], sink: &mut dyn Sink) {
    let mut count = crate::bytes::CountingSink::default();
    for item in items {
        item.encode(&mut count);
    }
    sink.put(&MAGIC);
    sink.put(&VERSION.to_le_bytes());
    sink.put(&u32::try_from(count.0).unwrap_or(u32::MAX).to_le_bytes());
    for item in items {
        item.encode(sink);
    }
}

/// A launch record whose header was checked; bytes behind its end don't belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    items: &'a [u8],
}

impl<'a> Launch<'a> {
    /// Checks the header.
    ///
    /// # Errors
    /// When the bytes are too few, no launch record, or of another version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, LaunchError> {
        let short = LaunchError::Truncated;
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(short)?;
        if field::<0, _, _>(header) != MAGIC {
            return Err(LaunchError::Magic);
        }
        let version = u32_of::<8, _>(header);
        if version != VERSION {
            return Err(LaunchError::Version(version));
        }
        let len = usize::try_from(u32_of::<12, _>(header)).map_err(|_| short)?;
        let items = rest.get(..len).ok_or(short)?;
        Ok(Self { items })
    }

    /// The items in order; after an error there are no more.
    pub fn items(&self) -> impl Iterator<Item = Result<Item<'a>, LaunchError>> + use<'a> {
        let mut rest = self.items;
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let item = next(&mut rest);
            if item.is_err() {
                rest = &[];
            }
            Some(item)
        })
    }
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Item<'a>, LaunchError> {
    let short = LaunchError::Truncated;
    let (head, behind) = rest.split_first_chunk::<8>().ok_or(short)?;
    let tag = u16_of::<0, _>(head);
    let len = usize::try_from(u32_of::<4, _>(head)).map_err(|_| short)?;
    let (bytes, behind) = behind.split_at_checked(len).ok_or(short)?;
    *rest = behind;
    Item::decode(tag, bytes).ok_or(LaunchError::Item(tag))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    impl Sink for Vec<u8> {
        fn put(&mut self, bytes: &[u8]) {
            self.extend_from_slice(bytes);
        }
    }

    const ITEMS: [Item<'static>; 7] = [
        Item::Program(b"/hello"),
        Item::Arg(b"/hello"),
        Item::Arg(b""),
        Item::Env(b"HOME=/"),
        Item::TscHz(2_000_000_000),
        Item::Trace(&[1, 0]),
        Item::Hold(1),
    ];

    fn encoded() -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&ITEMS, &mut bytes);
        bytes
    }

    #[test]
    fn round_trip() {
        let mut bytes = encoded();
        bytes.extend_from_slice(b"what the page holds behind it");
        let items: Result<Vec<_>, _> = Launch::decode(&bytes).unwrap().items().collect();
        assert_eq!(items.unwrap(), ITEMS);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = encoded();
        for len in 0..bytes.len() {
            let result = Launch::decode(&bytes[..len]);
            assert_eq!(result.err(), Some(LaunchError::Truncated), "{len} bytes");
        }
    }

    #[test]
    fn unknown_item_ends_the_record() {
        let mut bytes = encoded();
        bytes[16] = 200;
        let items: Vec<_> = Launch::decode(&bytes).unwrap().items().collect();
        assert_eq!(items, [Err(LaunchError::Item(200))]);
    }
}
