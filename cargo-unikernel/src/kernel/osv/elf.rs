//! OSv's kernel as an ELF file: `loader-stripped.elf`, or `loader.elf` with its symbols. All that is looked at lies in its first
//! page.

use object::LittleEndian as LE;
use object::elf::{EM_X86_64, ET_EXEC, FileHeader64, PT_LOAD, PT_NOTE};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use crate::error::{Error, Result};

/// Where the kernel is linked to lie, in physical memory (OSv, `OSV_KERNEL_BASE`).
pub(super) const START: u64 = 0x20_0000;
/// Offset of a pointer to the 32-bit entry for boot sectors (OSv, `arch/x64/loader.ld`).
const ENTRY: usize = 0x800;
/// More than any kernel: 128 MiB.
const MAX_LEN: u64 = 128 << 20;

/// The one segment of a kernel, which begins with the ELF header itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elf {
    /// Its length in the file.
    pub(super) loaded: u64,
    /// Its physical address.
    pub(super) start: u64,
    /// Its length in memory.
    pub(super) len: u64,
}

impl Elf {
    /// Reads a kernel by the first page, at least, of a file with `file_len` bytes.
    ///
    /// # Errors
    /// When these bytes begin no kernel of OSv's for x86-64, or one that lies elsewhere than all that are known.
    pub(super) fn parse(bytes: &[u8], file_len: u64) -> Result<Self> {
        let broken =
            |error: object::Error| Error::input(format!("as an ELF it is broken: {error}"));
        let header = FileHeader64::<LE>::parse(bytes).map_err(broken)?;
        if header.e_machine(LE) != EM_X86_64 || header.e_type(LE) != ET_EXEC {
            return Err(Error::input("it is no kernel for x86-64"));
        }
        let segments = header.program_headers(LE, bytes).map_err(broken)?;
        let mut loads = segments
            .iter()
            .filter(|segment| segment.p_type(LE) == PT_LOAD);
        let (Some(load), None) = (loads.next(), loads.next()) else {
            return Err(Error::input(
                "it has not the one segment that OSv's kernels have",
            ));
        };
        let has_note = segments.iter().any(|segment| segment.p_type(LE) == PT_NOTE);
        if load.p_offset(LE) != 0 || load.p_paddr(LE) != START || !has_note {
            return Err(Error::input(format!(
                "it is not laid out as OSv's kernels are: from the file's start to {START:#x} in memory, with a PVH note"
            )));
        }
        let (loaded, len) = (load.p_filesz(LE), load.p_memsz(LE));
        if loaded > file_len {
            return Err(Error::input("it is cut off"));
        }
        let entry = bytes.get(ENTRY..ENTRY + 4).unwrap_or_default();
        let entry = entry
            .iter()
            .rev()
            .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        let is_inside = entry.checked_sub(START).is_some_and(|at| at < loaded);
        if len < loaded || len > MAX_LEN || !is_inside {
            return Err(Error::input(
                "it has no entry where boot sectors look for one",
            ));
        }
        Ok(Self {
            loaded,
            start: START,
            len,
        })
    }

    /// Its length in memory by the first bytes of a kernel; `None` when they are not those of an ELF file.
    pub(super) fn parse_head(head: &[u8]) -> Option<u64> {
        let header = FileHeader64::<LE>::parse(head).ok()?;
        let segments = header.program_headers(LE, head).ok()?;
        let mut loads = segments
            .iter()
            .filter(|segment| segment.p_type(LE) == PT_LOAD);
        loads
            .next()
            .map(|load| load.p_memsz(LE))
            .filter(|len| *len <= MAX_LEN)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A kernel with so many bytes in the file and in memory.
    pub(in crate::kernel::osv) fn kernel(loaded: u64, len: u64) -> Vec<u8> {
        let mut bytes = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0");
        for field in [0x4020_0000_u64, 64, 0] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        for half in [64_u16, 56, 2, 64, 0, 0] {
            bytes.extend(half.to_le_bytes());
        }
        for (kind, at, loaded, len) in [(1_u32, 0, loaded, len), (4, 0xa0, 8, 8)] {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(7_u32.to_le_bytes());
            for field in [at, 0x4020_0000 + at, START + at, loaded, len, 4096] {
                bytes.extend(field.to_le_bytes());
            }
        }
        bytes.resize(ENTRY, 0);
        bytes.extend((START + 0x900).to_le_bytes());
        bytes.resize(usize::try_from(loaded).unwrap(), 0xcc);
        bytes
    }

    #[test]
    fn segment_is_found() {
        let bytes = kernel(5000, 9000);
        let elf = Elf::parse(&bytes[..4096], 5000).unwrap();
        assert_eq!((elf.loaded, elf.start, elf.len), (5000, START, 9000));
    }

    #[test]
    fn what_is_no_kernel_says_why() {
        let check = |change: fn(&mut Vec<u8>), expected: &str| {
            let mut bytes = kernel(5000, 9000);
            change(&mut bytes);
            let error = Elf::parse(&bytes, bytes.len() as u64).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(Vec::clear, "broken");
        check(|bytes| bytes[16] = 3, "no kernel for x86-64");
        check(|bytes| bytes[64 + 56] = 1, "one segment");
        check(|bytes| bytes[64 + 24 + 2] = 0x10, "laid out");
        check(|bytes| bytes.truncate(4000), "cut off");
        check(|bytes| bytes[ENTRY + 3] = 0x7f, "no entry");
    }
}
