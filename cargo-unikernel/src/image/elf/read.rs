//! Reading an image of format `elf` back: only its headers, boot block and launch record.

use std::hash::Hasher as _;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use object::LittleEndian;
use object::elf::{FileHeader64, PT_LOAD, PT_NOTE};
use object::read::elf::{ElfFile, ElfFile64, ProgramHeader as _};
use object::read::{ReadCache, ReadRef};
use object::{Object as _, ObjectSection as _, SectionKind};
use twox_hash::XxHash64;
use unikernel_abi::VERSION;
use unikernel_abi::boot::{self, BootBlock, BootBlockError, Piece};
use unikernel_abi::bytes::{u16_at, u64_at};
use unikernel_abi::support;

use super::{ADDED, MAX_END, PHNUM, PHOFF, PROGRAM_HEADER, Span};
use crate::error::{Error, Result};
use crate::fs;

/// Longest launch record that is read, in bytes: far above what Linux lets a program have as arguments and environment.
const MAX_LAUNCH: u64 = 16 << 20;

/// Longest kernel that is taken out of an image, in bytes.
const MAX_KERNEL: u64 = 256 << 20;

/// What there is to know about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its launch record, undecoded.
    pub launch: Vec<u8>,
    /// Where the archive lies in the file.
    pub archive: Span,
    /// First physical address behind what is loaded.
    pub end: u64,
    /// CRC-32C of the kernel's code: tells kernels apart, whatever they are packed with.
    pub kernel_digest: u64,
    /// The kernel's support statement, as text.
    pub support: String,
}

/// Reads what there is to know about the image at `path`.
///
/// # Errors
/// When the file can't be read, or is no whole image of this format and version.
pub fn read(path: &Path) -> Result<Contents> {
    let cache = ReadCache::new(BufReader::new(fs::open(path)?));
    contents(&cache)
        .map_err(|error| error.context(format!("`{}` is no image that can be run", path.display())))
}

/// The kernel file that the image at `path` was made of, but for the place of its program headers and its boot block: what stands
/// before the image's own program headers, and those of them that were the kernel's.
///
/// # Errors
/// When the file can't be read, or is no image of this format.
pub fn kernel_of(path: &Path) -> Result<Vec<u8>> {
    const HEADER: usize = 64;
    let none = || Error::input(format!("`{}` has no kernel in it", path.display()));
    let mut file = fs::open(path)?;
    let failed = |error: io::Error| fs::failed("reading", path, &error);
    let mut bytes = vec![0; HEADER];
    file.read_exact(&mut bytes).map_err(failed)?;
    let n_headers = u16_at(&bytes, PHNUM).and_then(|n| n.checked_sub(ADDED));
    let (headers_at, n_headers) = u64_at(&bytes, PHOFF).zip(n_headers).ok_or_else(none)?;
    let headers_len = u64::from(n_headers) * u64::from(PROGRAM_HEADER);
    let len = headers_at.checked_add(headers_len);
    let len = len.filter(|len| *len <= MAX_KERNEL).ok_or_else(none)?;
    let rest = len.saturating_sub(HEADER as u64);
    file.take(rest).read_to_end(&mut bytes).map_err(failed)?;
    bytes[PHNUM..PHNUM + 2].copy_from_slice(&n_headers.to_le_bytes());
    Ok(bytes)
}

/// As [`read`], from wherever the bytes are.
pub(super) fn contents<'a, R: ReadRef<'a>>(data: R) -> Result<Contents> {
    let broken = |error: object::Error| Error::input(format!("as an ELF it is broken: {error}"));
    let file = ElfFile::<FileHeader64<LittleEndian>, R>::parse(data).map_err(broken)?;
    let section = file.section_by_name(boot::SECTION).ok_or_else(|| {
        Error::input("it has no boot block").hint("build one with `cargo unikernel build`")
    })?;
    let block = BootBlock::decode(section.data().map_err(broken)?).map_err(refused)?;

    let mut end = 0;
    for header in file.elf_program_headers() {
        let endian = LittleEndian;
        if header.p_type(endian) == PT_LOAD {
            let header_end = header
                .p_paddr(endian)
                .saturating_add(header.p_memsz(endian));
            end = header_end.max(end);
        }
    }
    if end > MAX_END {
        return Err(Error::input("its segments lie too far up in memory"));
    }
    // The archive is only looked for: it may be large, and the kernel digests it before it is used.
    let (start, len) = in_file(&file, data, &block.archive, "archive")?;
    let archive = Span { start, len };
    let (at, len) = in_file(&file, data, &block.launch, "launch record")?;
    if len > MAX_LAUNCH {
        return Err(Error::input(format!("its launch record has {len} bytes")));
    }
    let bytes = data
        .read_bytes_at(at, len)
        .map_err(|()| Error::input("its launch record can't be read"))?;
    if XxHash64::oneshot(0, bytes) != block.launch.digest {
        return Err(Error::input(
            "its launch record is damaged: the digest differs",
        ));
    }
    Ok(Contents {
        launch: bytes.to_vec(),
        archive,
        end,
        kernel_digest: code_digest(&file)?,
        support: support_text(&file)?,
    })
}

/// Offset and length in the file of a piece of the image.
fn in_file<'a, R: ReadRef<'a>>(
    file: &ElfFile<'a, FileHeader64<LittleEndian>, R>,
    data: R,
    piece: &Piece,
    name: &str,
) -> Result<(u64, u64)> {
    let endian = LittleEndian;
    let file_len = data
        .len()
        .map_err(|()| Error::input("its length can't be found"))?;
    if piece.len == 0 {
        return Err(Error::input(format!(
            "it has no {name}: it is a kernel, not an image"
        )));
    }
    let segment = file.elf_program_headers().iter().find(|header| {
        header.p_type(endian) == PT_LOAD
            && header.p_paddr(endian) == piece.start
            && header.p_filesz(endian) == piece.len
    });
    let segment =
        segment.ok_or_else(|| Error::input(format!("it has no segment with its {name}")))?;
    let at = segment.p_offset(endian);
    if at.saturating_add(piece.len) > file_len {
        return Err(Error::input(format!(
            "it ends within its {name}: the file is cut off"
        )));
    }
    Ok((at, piece.len))
}

fn refused(error: BootBlockError) -> Error {
    Error::input(match error {
        BootBlockError::Truncated => "its boot block is cut off".to_owned(),
        BootBlockError::Magic => "its boot block is none".to_owned(),
        BootBlockError::Version(version) => format!(
            "it was made for version {version} of the boot interface, and this tool has version {VERSION}"
        ),
    })
}

fn code_digest<'a, R: ReadRef<'a>>(
    file: &ElfFile<'a, FileHeader64<LittleEndian>, R>,
) -> Result<u64> {
    let mut digest = XxHash64::with_seed(0);
    for section in file
        .sections()
        .filter(|section| section.kind() == SectionKind::Text)
    {
        let bytes = section
            .data()
            .map_err(|error| Error::input(format!("as an ELF it is broken: {error}")))?;
        digest.write(bytes);
    }
    Ok(digest.finish())
}

/// The support statement in a kernel file, or in an image of one.
///
/// # Errors
/// When it has none, or one that can't be read.
pub fn support_text<'a, R: ReadRef<'a>>(
    file: &ElfFile<'a, FileHeader64<LittleEndian>, R>,
) -> Result<String> {
    let broken = |error: object::Error| Error::input(format!("as an ELF it is broken: {error}"));
    let section = file
        .section_by_name(support::SECTION)
        .ok_or_else(|| Error::input(format!("it has no section `{}`", support::SECTION)))?;
    let text = section.data().map_err(broken)?;
    // A linker may fill the section up with zeros.
    let len = text
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    String::from_utf8(text[..len].to_vec())
        .map_err(|error| Error::input(format!("its support statement is not UTF-8: {error}")))
}

/// Note of type 18 and owner `Xen`: the physical address of the 32-bit entry (Xen, `public/elfnote.h`).
const PHYS32_ENTRY: u32 = 18;

/// Whether a kernel can be entered as PVH says.
///
/// # Errors
/// When its program headers or notes are broken.
pub fn has_pvh_note(file: &ElfFile64<'_, LittleEndian>) -> Result<bool> {
    let broken = |error: object::Error| Error::input(format!("as an ELF it is broken: {error}"));
    let segments = file.elf_program_headers().iter();
    for segment in segments.filter(|s| s.p_type(LittleEndian) == PT_NOTE) {
        let notes = segment.notes(LittleEndian, file.data()).map_err(broken)?;
        for note in notes.into_iter().flatten() {
            let note = note.map_err(broken)?;
            if note.name() == b"Xen" && note.n_type(LittleEndian).0 == PHYS32_ENTRY {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
