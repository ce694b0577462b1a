//! Reads the headers of an ELF file (System V ABI, chapters 4 and 5; x86-64 psABI). Every number in it is only an allegation.

use alloc::vec::Vec;
use core::fmt;

use unikernel_abi::bytes::{field, u16_of, u32_of, u64_of};
use unikernel_machine::address::USER_END;
use unikernel_machine::space::Protection;

use crate::fs::path::MAX_PATH;
use crate::memory::PAGE;

/// Length of the file header.
pub(crate) const HEADER: usize = 64;

/// Length of a program header.
pub(crate) const PROGRAM_HEADER: usize = 56;

/// More program headers than this are refused; Linux's limit is a page of them or so.
const MAX_HEADERS: u16 = 128;

const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const EM_X86_64: u16 = 62;
const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PT_PHDR: u32 = 6;

/// Why a file is no ELF file that can be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ElfError {
    /// It does not begin as an ELF file does.
    Magic,
    /// It is for another machine: class, byte order or `e_machine` differ.
    Machine,
    /// Its type (`e_type`) is none of an executable's.
    Type(u16),
    /// It ends before something that it announces.
    Truncated,
    /// Its program headers have an unknown length or are too many.
    Headers,
    /// It has nothing to load.
    NothingToLoad,
    /// The segment with this number can't be mapped: it is misaligned, overlaps another, or lies outside the address space.
    Segment(usize),
    /// The path of its interpreter is not a text.
    Interpreter,
    /// The interpreter wants an interpreter itself.
    NestedInterpreter,
}

/// A file's headers, checked: segments ascend, don't overlap page by page, and lie below the end of the program's half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elf {
    /// Where it starts, relative to where it is loaded.
    pub(crate) entry: u64,
    /// What to map.
    pub(crate) segments: Vec<Segment>,
    /// Where the interpreter's path lies in the file: offset and length, the final NUL included.
    pub(crate) interpreter: Option<(u64, usize)>,
    /// Where the program headers are once it is loaded, relative to where.
    pub(crate) headers: u64,
    /// How many of them there are.
    pub(crate) header_count: u16,
    /// Whether it can be loaded at its own addresses only (`ET_EXEC`).
    pub(crate) is_fixed: bool,
}

/// A `PT_LOAD` segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Its address, relative to where the file is loaded.
    pub(crate) address: u64,
    /// Its length in memory; what the file doesn't give is zeros.
    pub(crate) memory_len: u64,
    /// Where its bytes start in the file; the same within a page as the address.
    pub(crate) offset: u64,
    /// How many bytes the file gives.
    pub(crate) file_len: u64,
    /// What the program may do with it.
    pub(crate) protection: Protection,
}

impl Segment {
    /// Reads a `PT_LOAD` header.
    fn read(bytes: &[u8; PROGRAM_HEADER]) -> Self {
        let flags = u32_of::<4, _>(bytes);
        let may = |flag, protection| match flags & flag {
            0 => Protection::empty(),
            _ => protection,
        };
        Self {
            offset: u64_of::<8, _>(bytes),
            address: u64_of::<16, _>(bytes),
            file_len: u64_of::<32, _>(bytes),
            memory_len: u64_of::<40, _>(bytes),
            protection: may(4, Protection::READ)
                | may(2, Protection::WRITE)
                | may(1, Protection::EXECUTE),
        }
    }

    /// Where it ends, if it can be mapped on pages behind the byte before `behind`.
    fn end_behind(&self, behind: u64) -> Option<u64> {
        let end = self.address.checked_add(self.memory_len)?;
        let skew = self.address % PAGE;
        let fits = skew == self.offset % PAGE
            && self.file_len <= self.memory_len
            && self.address.saturating_sub(skew) >= behind
            && end < USER_END;
        fits.then_some(end)
    }

    /// Where its bytes end in the file.
    fn file_end(&self) -> u64 {
        self.offset.saturating_add(self.file_len)
    }

    /// The address behind its last byte.
    pub(crate) fn end(&self) -> u64 {
        self.address.saturating_add(self.memory_len)
    }
}

/// What a file's header says.
pub(crate) struct Header {
    entry: u64,
    is_fixed: bool,
    /// Where the program headers lie in the file.
    pub(crate) offset: u64,
    count: u16,
}

impl Header {
    /// Reads the beginning of a file.
    pub(crate) fn read(bytes: &[u8; HEADER]) -> Result<Self, ElfError> {
        if field::<0, _, _>(bytes) != *b"\x7fELF" {
            return Err(ElfError::Magic);
        }
        // ELFCLASS64, ELFDATA2LSB.
        if field::<4, _, _>(bytes) != [2, 1] || u16_of::<18, _>(bytes) != EM_X86_64 {
            return Err(ElfError::Machine);
        }
        let kind = u16_of::<16, _>(bytes);
        if !matches!(kind, ET_DYN | ET_EXEC) {
            return Err(ElfError::Type(kind));
        }
        let count = u16_of::<56, _>(bytes);
        if usize::from(u16_of::<54, _>(bytes)) != PROGRAM_HEADER
            || !(1..=MAX_HEADERS).contains(&count)
        {
            return Err(ElfError::Headers);
        }
        Ok(Self {
            entry: u64_of::<24, _>(bytes),
            is_fixed: kind == ET_EXEC,
            offset: u64_of::<32, _>(bytes),
            count,
        })
    }

    /// How long the program headers are.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.count).saturating_mul(PROGRAM_HEADER)
    }
}

/// Reads a file of `size` bytes that has this header and these program headers.
pub(crate) fn read(header: &Header, headers: &[u8], size: u64) -> Result<Elf, ElfError> {
    let mut elf = Elf {
        entry: header.entry,
        segments: Vec::with_capacity(usize::from(header.count)),
        interpreter: None,
        headers: 0,
        header_count: header.count,
        is_fixed: header.is_fixed,
    };
    let mut stated_headers = None;
    let mut end = 0;
    for (index, bytes) in headers.as_chunks().0.iter().enumerate() {
        match u32_of::<0, PROGRAM_HEADER>(bytes) {
            PT_LOAD => {
                let segment = Segment::read(bytes);
                if segment.memory_len == 0 {
                    continue;
                }
                end = segment.end_behind(end).ok_or(ElfError::Segment(index))?;
                if segment.file_end() > size {
                    return Err(ElfError::Truncated);
                }
                elf.segments.push(segment);
            }
            PT_INTERP => {
                let len = usize::try_from(u64_of::<32, _>(bytes))
                    .ok()
                    .filter(|len| (2..=MAX_PATH).contains(len));
                let len = len.ok_or(ElfError::Interpreter)?;
                elf.interpreter = Some((u64_of::<8, _>(bytes), len));
            }
            PT_PHDR => stated_headers = Some(u64_of::<16, _>(bytes)),
            _ => {}
        }
    }
    if elf.segments.is_empty() {
        return Err(ElfError::NothingToLoad);
    }
    elf.headers = stated_headers
        .or_else(|| elf.address_of(header.offset))
        .unwrap_or(0);
    Ok(elf)
}

impl Elf {
    /// The address, relative to where the file is loaded, of its byte at `offset`.
    fn address_of(&self, offset: u64) -> Option<u64> {
        let segment = self
            .segments
            .iter()
            .find(|segment| segment.offset <= offset && offset < segment.file_end())?;
        segment
            .address
            .checked_add(offset.checked_sub(segment.offset)?)
    }

    /// The pages between the start of the first segment and the end of the last: first page and count.
    pub(crate) fn span(&self) -> (u64, u64) {
        let first = self
            .segments
            .first()
            .map_or(0, |segment| segment.address / PAGE);
        let end = self
            .segments
            .last()
            .map_or(0, |segment| segment.end().div_ceil(PAGE));
        (first, end.saturating_sub(first))
    }
}

impl fmt::Display for ElfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("it is not an ELF file"),
            Self::Machine => f.write_str("it is not an ELF file for x86-64"),
            Self::Type(kind) => write!(f, "it is an ELF file of type {kind}, not an executable"),
            Self::Truncated => f.write_str("it ends before something that its headers announce"),
            Self::Headers => {
                f.write_str("its program headers are not as the ELF format wants them")
            }
            Self::NothingToLoad => f.write_str("it has no segment to load"),
            Self::Segment(index) => write!(
                f,
                "program header {index} can't be mapped: it is misaligned, overlaps another, or lies outside the address space"
            ),
            Self::Interpreter => f.write_str("the path of its interpreter can't be read"),
            Self::NestedInterpreter => {
                f.write_str("it is used as an interpreter but wants one itself")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header for `count` program headers at byte 64.
    fn header(kind: u16, count: u16) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[16..18].copy_from_slice(&kind.to_le_bytes());
        bytes[18..20].copy_from_slice(&EM_X86_64.to_le_bytes());
        bytes[24..32].copy_from_slice(&0x1040_u64.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&count.to_le_bytes());
        bytes
    }

    fn load(address: u64, memory_len: u64, offset: u64, file_len: u64) -> Vec<u8> {
        let mut bytes = alloc::vec![0; PROGRAM_HEADER];
        bytes[..4].copy_from_slice(&PT_LOAD.to_le_bytes());
        bytes[4..8].copy_from_slice(&5_u32.to_le_bytes());
        for (at, value) in [(8, offset), (16, address), (32, file_len), (40, memory_len)] {
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads a file of 64 KB.
    fn read(header: &[u8; HEADER], headers: &[u8]) -> Result<Elf, ElfError> {
        super::read(&Header::read(header)?, headers, 0x1_0000)
    }

    fn check(segments: &[Vec<u8>], expected: Result<usize, ElfError>) {
        let count = u16::try_from(segments.len()).unwrap();
        let found = read(&header(ET_DYN, count), &segments.concat());
        assert_eq!(found.map(|elf| elf.segments.len()), expected);
    }

    #[test]
    fn segments_that_can_be_mapped() {
        check(&[load(0, 0x2000, 0, 0x2000)], Ok(1));
        check(
            &[
                load(0, 0x1000, 0, 0x800),
                load(0x3e10, 0x500, 0x2e10, 0x200),
            ],
            Ok(2),
        );
        check(&[load(0, 0, 0, 0), load(0, 1, 0, 1)], Ok(1));
    }

    #[test]
    fn executables_say_whether_they_can_be_moved() {
        let is_fixed = |kind| {
            let segment = load(0x40_0000, 0x1000, 0, 0x1000);
            read(&header(kind, 1), &segment).map(|elf| elf.is_fixed)
        };
        assert_eq!(is_fixed(ET_EXEC), Ok(true));
        assert_eq!(is_fixed(ET_DYN), Ok(false));
    }

    #[test]
    fn segments_that_cannot() {
        check(&[load(0x10, 0x100, 0, 0x100)], Err(ElfError::Segment(0)));
        check(&[load(0, 0x100, 0, 0x200)], Err(ElfError::Segment(0)));
        check(
            &[load(u64::MAX - 0xfff, 0x1000, 0, 0)],
            Err(ElfError::Segment(0)),
        );
        check(&[load(USER_END, 0x1000, 0, 0)], Err(ElfError::Segment(0)));
        check(
            &[load(0, 0x1001, 0, 0x1001), load(0x1800, 1, 0x1800, 1)],
            Err(ElfError::Segment(1)),
        );
        check(
            &[load(0x2000, 1, 0, 1), load(0, 1, 0, 1)],
            Err(ElfError::Segment(1)),
        );
        check(&[load(0, 1, !0xfff, 1)], Err(ElfError::Truncated));
        check(&[load(0, 1, 0x1_0000, 1)], Err(ElfError::Truncated));
    }

    #[test]
    fn headers_that_are_refused() {
        let check_header = |bytes: &[u8; HEADER], expected| {
            assert_eq!(Header::read(bytes).err(), Some(expected));
        };
        check_header(&[b'#'; HEADER], ElfError::Magic);
        check_header(&header(1, 1), ElfError::Type(1));
        check_header(&header(ET_DYN, 0), ElfError::Headers);
        check_header(&header(ET_DYN, 60_000), ElfError::Headers);
        let mut other = header(ET_DYN, 1);
        other[18] = 183;
        check_header(&other, ElfError::Machine);
        check(&[], Err(ElfError::Headers));
    }

    #[test]
    fn any_byte_may_be_wrong() {
        let (header, headers) = (
            header(ET_DYN, 2),
            [
                load(0, 0x1000, 0, 0x800),
                load(0x3e10, 0x500, 0x2e10, 0x200),
            ]
            .concat(),
        );
        for at in 0..header.len() + headers.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let (mut header, mut headers) = (header, headers.clone());
                match at.checked_sub(header.len()) {
                    None => header[at] = value,
                    Some(at) => headers[at] = value,
                }
                if let Ok(elf) = read(&header, &headers) {
                    assert!(elf.segments.iter().all(|segment| segment.end() < USER_END));
                }
            }
        }
    }
}
