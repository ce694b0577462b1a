//! The bytes of a file that a processor would run.

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::elf::{FileHeader, ProgramHeader};

use super::read::Header;

/// The executable segments of a 64-bit ELF: link address and bytes of each. What is no such ELF has none.
#[must_use]
pub fn executable(bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let Ok(header) = Header::parse(bytes) else {
        return Vec::new();
    };
    let segments = header.program_headers(LE, bytes).unwrap_or_default();
    segments
        .iter()
        .filter(|segment| segment.p_type(LE) == elf::PT_LOAD)
        .filter(|segment| segment.p_flags(LE).0 & elf::PF_X.0 != 0)
        .filter_map(|segment| Some((segment.p_vaddr(LE), segment.data(LE, bytes).ok()?)))
        .collect()
}
