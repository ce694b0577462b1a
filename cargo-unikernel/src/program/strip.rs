//! The archived copy of a program: what the loader maps, and nothing else.
//!
//! The section table and all bytes that no program header covers (symbol table, debug information) are dropped; every byte
//! that a segment loads keeps its offset, so addresses in reports fit the unstripped file too. The build-id is computed anew
//! from what is left, because the linker's digests debug information, which knows the folder it was built in. A program that
//! carries something behind its ELF parts is left whole.

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The note type of a build-id (`NT_GNU_BUILD_ID`).
const BUILD_ID: u32 = 3;

/// A stripped program, and the whole file with the same build-id for debuggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stripped {
    /// What goes into the archive.
    pub program: Vec<u8>,
    /// The file as it was, but for the build-id.
    pub unstripped: Vec<u8>,
}

/// Strips a 64-bit little-endian ELF.
///
/// # Errors
/// When it is none, or its headers don't lie within it.
pub fn strip(bytes: &[u8]) -> Result<Stripped> {
    let broken = |cause: &dyn std::fmt::Display| Error::input(format!("broken ELF file: {cause}"));
    let header = elf::FileHeader64::<LE>::parse(bytes).map_err(|error| broken(&error))?;
    let segments = header
        .program_headers(LE, bytes)
        .map_err(|error| broken(&error))?;
    let headers = header
        .e_phoff(LE)
        .saturating_add(u64::from(header.e_phnum(LE)) * 56);
    let ends = segments
        .iter()
        .filter(|segment| segment.p_type(LE) != elf::PT_NULL)
        .map(|segment| segment.p_offset(LE).saturating_add(segment.p_filesz(LE)));
    let end = ends.fold(headers.max(64), u64::max);
    let end = usize::try_from(end).map_err(|error| broken(&error))?;
    let kept = bytes
        .get(..end)
        .ok_or_else(|| broken(&"a segment reaches beyond the end of the file"))?;
    if has_payload(header, bytes, end) {
        return Ok(Stripped {
            program: bytes.to_vec(),
            unstripped: bytes.to_vec(),
        });
    }

    let mut program = kept.to_vec();
    clear_section_table(&mut program);
    let build_id = segments
        .iter()
        .filter(|segment| segment.p_type(LE) == elf::PT_NOTE)
        .find_map(|segment| build_id_range(bytes, segment.p_offset(LE), segment.p_filesz(LE)));
    let mut unstripped = bytes.to_vec();
    if let Some(range) = build_id {
        if let Some(place) = program.get_mut(range.clone()) {
            place.fill(0);
        }
        let digest = Sha256::digest(&program);
        for file in [&mut program, &mut unstripped] {
            if let Some(place) = file.get_mut(range.clone()) {
                let bytes = digest.iter().chain(std::iter::repeat(&0));
                place
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(to, from)| *to = *from);
            }
        }
    }
    Ok(Stripped {
        program,
        unstripped,
    })
}

/// Whether bytes follow that belong to no segment and no section: a program with an archive behind it (self-extracting ones,
/// script bundlers) reads them from its own file.
fn has_payload(header: &elf::FileHeader64<LE>, bytes: &[u8], segments_end: usize) -> bool {
    let Ok(sections) = header.section_headers(LE, bytes) else {
        return true;
    };
    let table_end = header
        .e_shoff(LE)
        .saturating_add(sections.len() as u64 * 64);
    let ends = sections
        .iter()
        .filter_map(|section| section.file_range(LE))
        .map(|(offset, len)| offset.saturating_add(len));
    let end = ends.fold(table_end.max(segments_end as u64), u64::max);
    bytes.len() as u64 > end
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
fn build_id_range(bytes: &[u8], offset: u64, len: u64) -> Option<std::ops::Range<usize>> {
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

    #[test]
    fn stripped_program_has_the_same_facts() {
        let bytes = own();
        let stripped = strip(&bytes).unwrap();
        assert!(stripped.program.len() < bytes.len());
        assert_eq!(stripped.unstripped.len(), bytes.len());
        assert_eq!(
            ElfFacts::parse(&stripped.program).unwrap(),
            ElfFacts::parse(&bytes).unwrap()
        );
    }

    #[test]
    fn what_is_not_loaded_does_not_change_the_stripped_program() {
        let bytes = own();
        let mut other = bytes.clone();
        let last = other.len() - 1;
        other[last] ^= 0xff;
        assert_eq!(
            strip(&bytes).unwrap().program,
            strip(&other).unwrap().program
        );
    }

    #[test]
    fn archive_behind_the_program_is_kept() {
        let bytes = [own(), b"PK\x03\x04 payload".to_vec()].concat();
        assert_eq!(strip(&bytes).unwrap().program, bytes);
    }

    #[test]
    fn stripped_program_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("true");
        let bytes = crate::fs::read(std::path::Path::new("/bin/true")).unwrap();
        crate::fs::write_bytes(&path, &strip(&bytes).unwrap().program).unwrap();
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
            let _ = strip(&copy);
            copy[at] ^= 0xff;
        }
    }
}
