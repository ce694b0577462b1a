//! The archived copy of a program: what the loader maps, and nothing else.
//!
//! The section table and all bytes that no program header covers (symbol table, debug information) are dropped; every byte
//! that a segment loads keeps its offset, so addresses in reports fit the unstripped file too. The build-id is computed anew
//! from what is left, because the linker's digests debug information, which knows the folder it was built in. A program that
//! carries something behind its ELF parts is left whole.

use std::ops::Range;

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The note type of a build-id (`NT_GNU_BUILD_ID`).
const BUILD_ID: u32 = 3;

/// A build-id and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildId {
    range: Range<usize>,
    bytes: Vec<u8>,
}

impl BuildId {
    /// Puts it into the file, or into as much of it as is there.
    pub fn put(&self, file: &mut [u8]) {
        if let Some(place) = file.get_mut(self.range.clone()) {
            place.copy_from_slice(&self.bytes);
        }
    }
}

/// How many bytes of a file are archived; `None` for all of it, as it is: it carries something behind its ELF parts, or is no
/// 64-bit little-endian ELF.
///
/// # Errors
/// When its headers or segments don't lie within it.
pub fn kept_len<'a, R: ReadRef<'a>>(file: R) -> Result<Option<u64>> {
    let broken = |cause: &dyn std::fmt::Display| Error::input(format!("broken ELF file: {cause}"));
    let Ok(header) = elf::FileHeader64::<LE>::parse(file) else {
        return Ok(None);
    };
    let segments = header
        .program_headers(LE, file)
        .map_err(|error| broken(&error))?;
    let headers = header
        .e_phoff(LE)
        .saturating_add(u64::from(header.e_phnum(LE)) * 56);
    let ends = segments
        .iter()
        .filter(|segment| segment.p_type(LE) != elf::PT_NULL)
        .map(|segment| segment.p_offset(LE).saturating_add(segment.p_filesz(LE)));
    let end = ends.fold(headers.max(64), u64::max);
    let file_len = file.len().unwrap_or_default();
    if end > file_len {
        return Err(broken(&"a segment reaches beyond the end of the file"));
    }
    Ok((!has_payload(header, file, file_len, end)).then_some(end))
}

/// Makes the [kept](kept_len) bytes of a file what is archived; returns the build-id that is then theirs, if they have one.
///
/// # Errors
/// When they are no 64-bit little-endian ELF.
pub fn strip(kept: &mut [u8]) -> Result<Option<BuildId>> {
    clear_section_table(kept);
    let Some(range) = find_build_id(kept)? else {
        return Ok(None);
    };
    if let Some(place) = kept.get_mut(range.clone()) {
        place.fill(0);
    }
    let digest = Sha256::digest(&*kept);
    let bytes = digest.iter().copied().chain(std::iter::repeat(0));
    let build_id = BuildId {
        bytes: bytes.take(range.len()).collect(),
        range,
    };
    build_id.put(kept);
    Ok(Some(build_id))
}

fn find_build_id(kept: &[u8]) -> Result<Option<Range<usize>>> {
    let broken = |error: object::Error| Error::input(format!("broken ELF file: {error}"));
    let header = elf::FileHeader64::<LE>::parse(kept).map_err(broken)?;
    let segments = header.program_headers(LE, kept).map_err(broken)?;
    let mut notes = segments
        .iter()
        .filter(|segment| segment.p_type(LE) == elf::PT_NOTE);
    let found = notes.find_map(|note| build_id_range(kept, note.p_offset(LE), note.p_filesz(LE)));
    Ok(found)
}

/// Whether bytes follow that belong to no segment and no section: a program with an archive behind it (self-extracting ones,
/// script bundlers) reads them from its own file.
fn has_payload<'a, R: ReadRef<'a>>(
    header: &elf::FileHeader64<LE>,
    file: R,
    file_len: u64,
    segments_end: u64,
) -> bool {
    let Ok(sections) = header.section_headers(LE, file) else {
        return true;
    };
    let table_end = header
        .e_shoff(LE)
        .saturating_add(sections.len() as u64 * 64);
    let ends = sections
        .iter()
        .filter_map(|section| section.file_range(LE))
        .map(|(offset, len)| offset.saturating_add(len));
    let end = ends.fold(table_end.max(segments_end), u64::max);
    file_len > end
}

/// Sets `e_shoff`, `e_shnum` and `e_shstrndx` to 0: no section table (gABI, ELF header).
fn clear_section_table(bytes: &mut [u8]) {
    for range in [0x28..0x30, 0x3c..0x40] {
        if let Some(field) = bytes.get_mut(range) {
            field.fill(0);
        }
    }
}

/// Where the bytes of the build-id lie, if this note segment has one.
fn build_id_range(bytes: &[u8], offset: u64, len: u64) -> Option<Range<usize>> {
    let mut at = usize::try_from(offset).ok()?;
    let end = at.checked_add(usize::try_from(len).ok()?)?;
    let word = |at: usize| {
        let word = bytes.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_le_bytes(word.try_into().ok()?)).ok()
    };
    while at < end {
        let (name_len, content_len) = (word(at)?, word(at.checked_add(4)?)?);
        let kind = word(at.checked_add(8)?)?;
        let name = at.checked_add(12)?;
        let content = name.checked_add(name_len.checked_next_multiple_of(4)?)?;
        let content_end = content.checked_add(content_len)?;
        if kind == BUILD_ID as usize && bytes.get(name..name.checked_add(name_len)?)? == b"GNU\0" {
            return (content_end <= end).then_some(content..content_end);
        }
        at = content.checked_add(content_len.checked_next_multiple_of(4)?)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::elf::ElfFacts;

    fn own() -> Vec<u8> {
        crate::fs::read(&std::env::current_exe().unwrap()).unwrap()
    }

    /// What is archived of a whole file.
    fn stripped(bytes: &[u8]) -> Result<Vec<u8>> {
        let Some(len) = kept_len(bytes)? else {
            return Ok(bytes.to_vec());
        };
        let mut kept = bytes[..usize::try_from(len).unwrap()].to_vec();
        strip(&mut kept)?;
        Ok(kept)
    }

    #[test]
    fn stripped_program_has_the_same_facts() {
        let bytes = own();
        let stripped = stripped(&bytes).unwrap();
        assert!(stripped.len() < bytes.len());
        assert_eq!(
            ElfFacts::parse(&stripped).unwrap(),
            ElfFacts::parse(&bytes).unwrap()
        );
    }

    #[test]
    fn what_is_not_loaded_does_not_change_the_stripped_program() {
        let bytes = own();
        let mut other = bytes.clone();
        let last = other.len() - 1;
        other[last] ^= 0xff;
        assert_eq!(stripped(&bytes).unwrap(), stripped(&other).unwrap());
    }

    #[test]
    fn archive_behind_the_program_is_kept() {
        let bytes = [own(), b"PK\x03\x04 payload".to_vec()].concat();
        assert_eq!(kept_len(&*bytes).unwrap(), None);
    }

    #[test]
    fn stripped_program_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("true");
        let bytes = crate::fs::read(std::path::Path::new("/bin/true")).unwrap();
        crate::fs::write_bytes(&path, &stripped(&bytes).unwrap()).unwrap();
        crate::fs::make_program(&path).unwrap();
        let run = crate::tool::Invocation::new(&path)
            .run_captured(None)
            .unwrap();
        assert!(run.status.success());
    }

    #[test]
    fn flipped_bytes_never_panic() {
        let bytes = own();
        let mut copy = bytes[..4096].to_vec();
        for at in 0..1024 {
            copy[at] ^= 0xff;
            let _ = stripped(&copy);
            let _ = strip(&mut copy.clone());
            copy[at] ^= 0xff;
        }
    }
}
