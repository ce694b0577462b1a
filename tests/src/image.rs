//! An image of format `elf`, read back with goblin, independently of the tool's own reader.

use goblin::elf::Elf;
use unikernel_abi::boot::{self, BootBlock, Piece};

/// The boot block of an image.
///
/// # Panics
/// When the image is no ELF with a boot block.
#[must_use]
pub fn boot_block(image: &[u8]) -> BootBlock {
    let section = section(image, boot::SECTION);
    BootBlock::decode(section).expect("a boot block")
}

/// The bytes of a section.
///
/// # Panics
/// When the ELF has no such section.
#[must_use]
pub fn section<'a>(file: &'a [u8], name: &str) -> &'a [u8] {
    let elf = Elf::parse(file).expect("an ELF");
    let header = elf
        .section_headers
        .iter()
        .find(|header| elf.shdr_strtab.get_at(header.sh_name) == Some(name))
        .unwrap_or_else(|| panic!("no section `{name}`"));
    &file[header.file_range().expect("a section with bytes")]
}

/// The bytes of a piece, from the segment that loads it.
///
/// # Panics
/// When no segment of the file loads all of it.
#[must_use]
pub fn piece<'a>(image: &'a [u8], piece: &Piece) -> &'a [u8] {
    let elf = Elf::parse(image).expect("an ELF");
    let loaded = elf.program_headers.iter().find_map(|segment| {
        let within = piece.start.checked_sub(segment.p_paddr)?;
        let fits = within + piece.len <= segment.p_filesz;
        (segment.p_type == goblin::elf::program_header::PT_LOAD && fits)
            .then(|| segment.p_offset + within)
    });
    let start = usize::try_from(loaded.expect("a segment that loads the piece")).expect("64 bits");
    &image[start..start + usize::try_from(piece.len).expect("64 bits")]
}
