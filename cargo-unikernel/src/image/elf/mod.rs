//! `elf`: kernel, archive and launch record in one ELF that boots wherever a PVH note does.
//!
//! The kernel file's bytes stay where they are. Behind them come a new program header table, with a `PT_LOAD` more for the
//! archive and one for the launch record, and those two, page-aligned in the file and in physical memory. The boot block in the
//! kernel's own data says where they are loaded and how they digest ([`unikernel_abi::boot`]).
//!
//! The added segments keep the kernel's distance between virtual and physical addresses, so that segments stay sorted by both,
//! as the ELF specification asks. Loaders use `p_paddr` only.

mod read;

use object::LittleEndian;
use object::elf::{PF_R, PT_LOAD};
use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{Object as _, ObjectSection as _};
use twox_hash::XxHash64;
use unikernel_abi::boot::{self, BootBlock, Piece};

pub use read::{Contents, has_pvh_note, kernel_of, read, support_text};

use super::{ImageFormat, Parts, Plan, Span};
use crate::error::{Error, Result};

/// One self-contained ELF.
pub static FORMAT: ImageFormat = ImageFormat {
    name: "elf",
    about: "one ELF with a PVH note: QEMU, Cloud Hypervisor and Firecracker boot it directly",
    extension: "elf",
    plan,
};

/// Bytes in a page.
const PAGE: u64 = 4096;

/// Where an image must end in physical memory: all machines have memory in one piece up to here, if they have that much (QEMU's
/// q35 puts what is above elsewhere).
pub const MAX_END: u64 = 2 << 30;

/// Length of `Elf64_Phdr`.
const PROGRAM_HEADER: u16 = 56;

/// Where `Elf64_Ehdr` has the place and the number of the program headers.
const PHOFF: usize = 32;
const PHNUM: usize = 56;

/// How many program headers an image has more than its kernel file.
const ADDED: u16 = 2;

/// What there is to know about a kernel file.
struct Kernel<'a> {
    program_headers: &'a [u8],
    n_program_headers: u16,
    /// Where the boot block lies in the file.
    boot: Span,
    /// First physical address behind its segments.
    end: u64,
    /// What is added to a physical address to get the virtual one.
    offset: u64,
}

/// Where every byte of the image goes.
///
/// # Errors
/// When the kernel file can't take an archive, a host file can't be read, or the whole is too large to be loaded.
pub fn plan(parts: &Parts) -> Result<Plan> {
    let kernel = examine(&parts.kernel)?;
    let mut archive = Piece {
        start: kernel.end.next_multiple_of(PAGE),
        len: parts.archive.len(),
        digest: 0,
    };
    let launch = Piece {
        start: (archive.start + archive.len).next_multiple_of(PAGE),
        len: parts.launch.len() as u64,
        digest: XxHash64::oneshot(0, &parts.launch),
    };
    if launch.start + launch.len > MAX_END {
        return Err(Error::input(format!(
            "the image would end at {} MiB of memory, and it can be loaded only below {} MiB",
            (launch.start + launch.len) >> 20,
            MAX_END >> 20
        ))
        .hint("keep large data out of the root tree"));
    }
    archive.digest = parts.archive.digest()?;

    let mut plan = Plan::default();
    let segments = [("archive", archive), ("launch", launch)];
    let header_at = (parts.kernel.len() as u64).next_multiple_of(8);
    let headers_len = kernel.program_headers.len() as u64 + u64::from(ADDED * PROGRAM_HEADER);
    let mut file_at = header_at + headers_len;
    let mut headers = kernel.program_headers.to_vec();
    for (_, piece) in &segments {
        file_at = file_at.next_multiple_of(PAGE);
        headers.extend(segment(piece, file_at, kernel.offset));
        file_at += piece.len;
    }
    let block = BootBlock { archive, launch };
    plan.place(
        "kernel",
        1,
        patched(&parts.kernel, &kernel, header_at, &block)?,
    );
    plan.place("program headers", 8, headers);
    plan.place("archive", PAGE, parts.archive.clone());
    plan.place("launch record", PAGE, parts.launch.clone());
    Ok(plan)
}

fn examine(bytes: &[u8]) -> Result<Kernel<'_>> {
    let broken = |error: object::Error| Error::input(format!("the kernel file is broken: {error}"));
    let file = ElfFile64::<LittleEndian>::parse(bytes).map_err(broken)?;
    let section = file.section_by_name(boot::SECTION).ok_or_else(|| {
        Error::input(format!(
            "the kernel file has no section `{}`",
            boot::SECTION
        ))
    })?;
    let (start, len) = section.file_range().unwrap_or_default();
    if len != BootBlock::SIZE as u64 {
        return Err(Error::input(format!(
            "the kernel file's section `{}` has {len} bytes instead of {}",
            boot::SECTION,
            BootBlock::SIZE
        )));
    }
    let endian = file.endian();
    let loads = file.elf_program_headers().iter();
    let loads = loads.filter(|header| header.p_type(endian) == PT_LOAD);
    let last = loads
        .max_by_key(|header| {
            header
                .p_paddr(endian)
                .saturating_add(header.p_memsz(endian))
        })
        .ok_or_else(|| Error::input("the kernel file has nothing to load"))?;
    let end = last.p_paddr(endian).saturating_add(last.p_memsz(endian));
    if end > MAX_END {
        return Err(Error::input(
            "the kernel file loads itself too far up in memory",
        ));
    }
    Ok(Kernel {
        program_headers: object::bytes_of_slice(file.elf_program_headers()),
        n_program_headers: u16::try_from(file.elf_program_headers().len())
            .map_err(|_| Error::input("the kernel file has too many segments"))?,
        boot: Span { start, len },
        end,
        offset: last.p_vaddr(endian).wrapping_sub(last.p_paddr(endian)),
    })
}

/// `Elf64_Phdr` of a read-only `PT_LOAD`.
fn segment(piece: &Piece, file_at: u64, offset: u64) -> Vec<u8> {
    let mut header = Vec::from(PT_LOAD.0.to_le_bytes());
    header.extend(PF_R.0.to_le_bytes());
    let virtual_start = piece.start.wrapping_add(offset);
    for field in [
        file_at,
        virtual_start,
        piece.start,
        piece.len,
        piece.len,
        PAGE,
    ] {
        header.extend(field.to_le_bytes());
    }
    header
}

/// The kernel's bytes with the new place and number of program headers in the ELF header, and the boot block.
fn patched(
    bytes: &[u8],
    kernel: &Kernel<'_>,
    headers_at: u64,
    block: &BootBlock,
) -> Result<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let mut put = |at: usize, field: &[u8]| {
        let target = bytes.get_mut(at..at + field.len());
        target.map(|target| target.copy_from_slice(field))
    };
    let boot_at = usize::try_from(kernel.boot.start).unwrap_or(usize::MAX >> 1);
    put(PHOFF, &headers_at.to_le_bytes())
        .and_then(|()| {
            put(
                PHNUM,
                &(kernel.n_program_headers.checked_add(ADDED)?).to_le_bytes(),
            )
        })
        .and_then(|()| put(boot_at, &block.encode()))
        .ok_or_else(|| Error::input("the kernel file ends before its boot block"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
