//! One call's arguments and result as strace(1) writes them.

use unikernel_abi::bytes::u64_at;
use unikernel_abi::trace::Pieces;

use super::call::{Arg, Call, Returns};
use super::structure::{self, Structure};
use super::text::{self, Escape};
use super::{errno, sets};

/// `AT_FDCWD`.
const WORKING_FOLDER: i64 = -100;

/// `O_CREAT` and `O_TMPFILE` without `O_DIRECTORY`: what opens with permissions.
const CREATES: u64 = 0o100 | 0o20_000_000;

/// Length of `struct iovec`.
const VECTOR: usize = 16;

/// A call that is shown: what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// What its arguments mean.
    pub(super) call: &'static Call,
    /// The arguments themselves.
    pub(super) args: [u64; 6],
    /// What they pointed to before the call.
    pub(super) before: Pieces<'a>,
    /// What they point to behind it.
    pub(super) behind: Pieces<'a>,
    /// What it returned; `None` before it has.
    pub(super) result: Option<u64>,
}

impl Shown<'_> {
    /// `name(arguments)`.
    pub(super) fn call(&self) -> String {
        let args = (0_u8..).zip(self.call.args);
        let args: Vec<String> = args
            .filter_map(|(index, arg)| self.argument(index, *arg))
            .chain(self.more_arguments())
            .collect();
        format!("{}({})", self.call.name, args.join(", "))
    }

    /// What stands behind `=`.
    pub(super) fn result(&self) -> String {
        let Some(result) = self
            .result
            .filter(|_| self.call.returns != Returns::Nothing)
        else {
            return "?".to_owned();
        };
        if let Some(error) = errno::show(result) {
            return error;
        }
        match (self.call.returns, result) {
            (Returns::Address, 0) => "0".to_owned(),
            (Returns::Address, _) => text::address(result),
            (Returns::Mode, _) => text::octal(result),
            (Returns::Fcntl, _) => self.fcntl_result(result),
            (Returns::Ready, 0) => "0 (Timeout)".to_owned(),
            (Returns::Ready, _) => format!("{result}{}", self.ready()),
            (Returns::Number | Returns::Nothing, _) => result.cast_signed().to_string(),
        }
    }

    fn value(&self, index: u8) -> u64 {
        self.args.get(usize::from(index)).copied().unwrap_or(0)
    }

    /// An argument; `None` when it is left out.
    fn argument(&self, index: u8, arg: Arg) -> Option<String> {
        let value = self.value(index);
        Some(match arg {
            Arg::Int | Arg::Fd | Arg::Id => text::signed(value, 4).to_string(),
            Arg::Long => value.cast_signed().to_string(),
            Arg::Unsigned => (value & 0xffff_ffff).to_string(),
            Arg::Size => value.to_string(),
            Arg::Hex => text::hex(value),
            Arg::Address => text::address(value),
            Arg::Mode => text::octal(value & 0xffff_ffff),
            Arg::ModeIfCreated(flags) if self.value(flags) & CREATES == 0 => return None,
            Arg::ModeIfCreated(_) => text::octal(value & 0xffff_ffff),
            Arg::Folder => match text::signed(value, 4) {
                WORKING_FOLDER => "AT_FDCWD".to_owned(),
                fd => fd.to_string(),
            },
            Arg::Named(set) => set.name(value & 0xffff_ffff),
            Arg::Futex => futex(value & 0xffff_ffff),
            Arg::Signal => structure::signal(value & 0xffff_ffff),
            Arg::Fcntl => return self.fcntl_argument(value),
            Arg::Ioctl => self.ioctl_argument(value),
            Arg::Prctl => self.prctl_argument(value),
            _ => self
                .pointed(index, arg)
                .unwrap_or_else(|| text::address(value)),
        })
    }

    /// What an argument points to; `None` when that is not known.
    fn pointed(&self, index: u8, arg: Arg) -> Option<String> {
        let before = || self.before.of(index).next();
        let behind = || self.behind.of(index).next();
        let result = self.result.unwrap_or(0);
        Some(match arg {
            Arg::Path => text::terminated(before()?, usize::MAX),
            Arg::Text => text::terminated(before()?, text::SHOWN),
            Arg::In(count) => text::buffer(before()?, self.value(count), Escape::Unprintable),
            Arg::Out => text::buffer(behind()?, result, Escape::Unprintable),
            Arg::Random => text::buffer(behind()?, result, Escape::All),
            Arg::OutText => {
                let bytes = behind()?;
                let end = bytes.iter().position(|byte| *byte == 0);
                let bytes = &bytes[..end.unwrap_or(bytes.len())];
                text::quoted(bytes, Escape::Unprintable)
            }
            Arg::Struct(kind) => kind.show(before()?)?,
            Arg::StructOut(kind) => kind.show(behind()?)?,
            Arg::Pair(kind) => {
                let (first, second) = before()?.split_at_checked(usize::from(kind.size))?;
                format!("[{}, {}]", kind.show(first)?, kind.show(second)?)
            }
            Arg::Poll(_) => list(&structure::POLL, before()?),
            Arg::Signals => structure::signals(u64_at(before()?, 0)?),
            Arg::SignalsOut => structure::signals(u64_at(behind()?, 0)?),
            Arg::IntsOut(_) => {
                let numbers = behind()?.chunks_exact(4).filter_map(|bytes| {
                    Some(i32::from_le_bytes(bytes.try_into().ok()?).to_string())
                });
                format!("[{}]", numbers.collect::<Vec<_>>().join(", "))
            }
            Arg::Vectors(_) => vectors(self.before.of(index), u64::MAX)?,
            Arg::VectorsOut(_) => vectors(self.behind.of(index), result)?,
            Arg::Texts => {
                let texts = self.before.of(index);
                let texts: Vec<_> = texts
                    .map(|text| text::terminated(text, text::SHOWN))
                    .collect();
                format!("[{}]", texts.join(", "))
            }
            Arg::Entries => {
                let n = n_entries(behind()?);
                format!("{:#x} /* {n} entries */", self.value(index))
            }
            _ => return None,
        })
    }

    /// The last arguments of calls that have more or fewer of them.
    fn more_arguments(&self) -> Vec<String> {
        let [_, operation, _, fourth, fifth, sixth] = self.args;
        match self.call.name {
            "futex" => {}
            // Only MREMAP_FIXED and MREMAP_DONTUNMAP take a new address.
            "mremap" if fourth & 6 != 0 => return vec![text::address(fifth)],
            _ => return Vec::new(),
        }
        match operation & 0x7f {
            0 => vec![text::address(fourth)],
            9 => vec![text::address(fourth), text::address(fifth), bitset(sixth)],
            10 => vec![bitset(sixth)],
            3..=5 | 12 => vec![
                fourth.to_string(),
                text::address(fifth),
                text::hex(sixth & 0xffff_ffff),
            ],
            _ => Vec::new(),
        }
    }

    fn fcntl_argument(&self, value: u64) -> Option<String> {
        let command = self.value(1) & 0xffff_ffff;
        let lock = |kind: &Structure, pieces: Pieces<'_>| {
            let shown = pieces.of(2).next().and_then(|bytes| kind.show(bytes));
            shown.unwrap_or_else(|| text::address(value))
        };
        Some(match command {
            1 | 3 | 9 | 11 | 1025 | 1032 | 1034 => return None,
            2 => sets::FD.name(value & 0xffff_ffff),
            4 => sets::OPEN.name(value & 0xffff_ffff),
            5 | 36 => lock(&structure::FOUND_LOCK, self.behind),
            6 | 7 | 37 | 38 => lock(&structure::LOCK, self.before),
            10 => structure::signal(value),
            1033 => sets::SEALS.name(value & 0xffff_ffff),
            _ => text::signed(value, 4).to_string(),
        })
    }

    fn fcntl_result(&self, result: u64) -> String {
        let named = |words: String| match result {
            0 => "0".to_owned(),
            _ => format!("{result:#x} ({words})"),
        };
        match self.value(1) & 0xffff_ffff {
            1 => named(format!("flags {}", sets::FD.name(result))),
            3 => format!("{} (flags {})", text::hex(result), sets::OPEN.name(result)),
            1034 => named(format!("seals {}", sets::SEALS.name(result))),
            _ => result.cast_signed().to_string(),
        }
    }

    fn ioctl_argument(&self, value: u64) -> String {
        let int = |pieces: Pieces<'_>| {
            let bytes = pieces.of(2).next()?.get(..4)?;
            Some(format!("[{}]", i32::from_le_bytes(bytes.try_into().ok()?)))
        };
        let shown = match self.value(1) & 0xffff_ffff {
            0x541b | 0x540f => int(self.behind),
            0x5421 | 0x5452 | 0x5410 => int(self.before),
            0x5413 => self
                .behind
                .of(2)
                .next()
                .and_then(|bytes| structure::WINDOW.show(bytes)),
            _ => None,
        };
        shown.unwrap_or_else(|| text::address(value))
    }

    fn prctl_argument(&self, value: u64) -> String {
        let name = |pieces: Pieces<'_>| {
            let bytes = pieces.of(1).next()?;
            let end = bytes.iter().position(|byte| *byte == 0);
            let bytes = &bytes[..end.unwrap_or(bytes.len())];
            Some(text::quoted(bytes, Escape::Unprintable))
        };
        let shown = match self.value(0) & 0xffff_ffff {
            15 => name(self.before),
            16 => name(self.behind),
            _ => Some(text::hex(value)),
        };
        shown.unwrap_or_else(|| text::address(value))
    }

    /// Which descriptors poll(2) found ready.
    fn ready(&self) -> String {
        let Some(bytes) = self.behind.of(0).next() else {
            return String::new();
        };
        let is_ready = |entry: &&[u8]| entry[6] != 0 || entry[7] != 0;
        let entries = bytes
            .chunks_exact(usize::from(structure::POLLED.size))
            .filter(is_ready);
        let entries: Vec<_> = entries
            .filter_map(|entry| structure::POLLED.show(entry))
            .collect();
        format!(" ([{}])", entries.join(", "))
    }
}

fn bitset(value: u64) -> String {
    match value & 0xffff_ffff {
        0xffff_ffff => "FUTEX_BITSET_MATCH_ANY".to_owned(),
        bits => text::hex(bits),
    }
}

/// futex(2)'s operation, `FUTEX_PRIVATE_FLAG` as a part of its name.
fn futex(value: u64) -> String {
    const PRIVATE: u64 = 0x80;
    let name = sets::FUTEX.name(value & !PRIVATE);
    if value & PRIVATE == 0 {
        return name;
    }
    match name.split_once('|') {
        Some((word, flags)) => format!("{word}_PRIVATE|{flags}"),
        None => format!("{name}_PRIVATE"),
    }
}

fn list(kind: &Structure, bytes: &[u8]) -> String {
    let entries = bytes.chunks_exact(usize::from(kind.size));
    let entries: Vec<_> = entries.filter_map(|entry| kind.show(entry)).collect();
    format!("[{}]", entries.join(", "))
}

/// `struct iovec`s, the first piece, with what they hold, the others; `total` bytes of that in all.
fn vectors<'a>(mut pieces: impl Iterator<Item = &'a [u8]>, total: u64) -> Option<String> {
    let mut left = total;
    let mut shown = Vec::new();
    for vector in pieces.next()?.chunks_exact(VECTOR) {
        let (base, len) = (u64_at(vector, 0)?, u64_at(vector, 8)?);
        let filled = len.min(left);
        left -= filled;
        let base = match pieces.next() {
            Some(bytes) => text::buffer(bytes, filled, Escape::Unprintable),
            None => text::address(base),
        };
        shown.push(format!("{{iov_base={base}, iov_len={len}}}"));
    }
    Some(format!("[{}]", shown.join(", ")))
}

/// How many `struct linux_dirent64` there are.
fn n_entries(bytes: &[u8]) -> usize {
    const LEN_AT: usize = 16;
    let mut n = 0;
    let mut at = 0_usize;
    while let Some(len @ 1..) = unikernel_abi::bytes::u16_at(bytes, at + LEN_AT) {
        at += usize::from(len);
        n += 1;
    }
    n
}
