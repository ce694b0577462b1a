//! The files that kernels consist of, told apart by what is in them, not by their names.

use memchr::memmem;
use object::elf::{EM_X86_64, ET_EXEC, FileHeader32, FileHeader64};
use object::read::elf::{ElfFile64, FileHeader};
use object::{LittleEndian, Object as _, ObjectSymbol as _};
use unikernel_abi::boot;

use crate::error::{Error, Result};
use crate::image::elf;

/// A file of a kernel.
#[derive(Debug)]
pub struct Part {
    /// The kind of kernel: what `--kernel` takes.
    pub kind: &'static str,
    /// What it is called in the store, as in the kernel project's own build.
    pub file: &'static str,
    /// Whether these bytes are one.
    is: fn(&[u8]) -> bool,
}

/// All of them, by kind and file.
pub static PARTS: &[Part] = &[
    part("builtin", "kernel.elf", is_builtin),
    part("nanos", "boot.img", is_nanos_boot),
    part("nanos", "kernel.img", is_nanos_kernel),
    part("osv", "loader-stripped.elf", |bytes| {
        osv_elf(bytes) == Some(Symbols::Stripped)
    }),
    part("osv", "loader.elf", |bytes| {
        osv_elf(bytes) == Some(Symbols::Whole)
    }),
    part("osv", "loader.img", |bytes| {
        is_osv_disk(bytes) && !has_partitions(bytes) && cut_off(bytes).is_none()
    }),
];

const fn part(kind: &'static str, file: &'static str, is: fn(&[u8]) -> bool) -> Part {
    Part { kind, file, is }
}

/// The file that a kernel of this kind can't be without; OSv can be run from any of its own.
pub(super) fn needed(kind: &str) -> Option<&'static str> {
    match kind {
        "builtin" => Some("kernel.elf"),
        "nanos" => Some("kernel.img"),
        _ => None,
    }
}

/// How compressed files begin, and what undoes it. `gunzip` is done here.
const COMPRESSED: [(&[u8], &str); 4] = [
    (b"\xfd7zXZ\0", "unxz"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "unzstd"),
    (b"BZh", "bunzip2"),
    (b"PK\x03\x04", "unzip"),
];

/// What can be told apart.
pub(super) const KNOWN: &str = "known: OSv's loader.img, loader.elf, loader-stripped.elf; Nanos's kernel.img with boot.img; \
                                a kernel file of `builtin`";

/// Which file of which kernel these bytes are.
///
/// # Errors
/// When they are none; the error says what they look like.
pub(super) fn recognise(bytes: &[u8]) -> Result<&'static Part> {
    let found = PARTS.iter().find(|part| (part.is)(bytes));
    found.ok_or_else(|| what_it_is(bytes))
}

fn what_it_is(bytes: &[u8]) -> Error {
    let compressed = COMPRESSED.iter();
    let mut compressed = compressed.filter(|(magic, _)| bytes.starts_with(magic));
    if let Some((_, program)) = compressed.next() {
        return Error::input("it is compressed in a way that is not undone here")
            .hint(format!("unpack it first, with `{program}`"));
    }
    let start = bytes.get(..64).unwrap_or(bytes).trim_ascii_start();
    if start.starts_with(b"<") {
        return Error::input("it is a web page or another text, and no kernel file");
    }
    if bytes.starts_with(b"QFI\xfb") {
        return Error::input("it is a qcow2 disk, and kernels are wanted raw")
            .hint("`qemu-img convert -O raw FILE loader.img` unpacks it");
    }
    if let Some(error) = cut_off(bytes) {
        return error;
    }
    if is_osv_disk(bytes) {
        return Error::input("it is a disk of OSv with a filesystem, and no bare loader")
            .hint("OSv's build calls the bare one `loader.img`");
    }
    if bytes.starts_with(b"\x7fELF") {
        return match elf_of(bytes) {
            Some(_) => Error::input("it is an ELF, but of no kernel that is known here"),
            None => Error::input("it is a broken ELF, or not one of 64 bits for x86-64"),
        };
    }
    Error::input("it is no kernel file that is known here").hint(KNOWN)
}

/// The error for what is the beginning of a kernel file, or of an ELF.
pub(super) fn cut_off(bytes: &[u8]) -> Option<Error> {
    let what = if has_osv_boot(bytes) && !has_partitions(bytes) {
        "OSv's `loader.img`"
    } else {
        "an ELF"
    };
    let len = bytes.len();
    let end = osv_disk_end(bytes).or_else(|| elf_end::<FileHeader64<LittleEndian>>(bytes))?;
    (end > len as u64).then(|| {
        Error::input(format!(
            "it is {what} that was cut off: it has {len} bytes, and at least {end} are wanted"
        ))
        .hint("get it again: of a whole file the SHA-256 is another, too")
    })
}

/// Where OSv's bare loader ends at the least, as its boot sector says: it reads the kernel by units of 32 KiB, the last of which
/// may be there in part.
fn osv_disk_end(bytes: &[u8]) -> Option<u64> {
    const UNIT: u64 = 0x8000;
    if !has_osv_boot(bytes) || has_partitions(bytes) {
        return None;
    }
    let units = bytes.get(0x10..)?.first_chunk::<2>()?;
    let read = u64::from(u16::from_le_bytes(*units)) * UNIT;
    let kernel = bytes.get(OSV_KERNEL..).unwrap_or_default();
    let own = elf_end::<FileHeader32<LittleEndian>>(kernel).unwrap_or(4);
    let len = own.max((read + 1).saturating_sub(UNIT));
    len.checked_add(OSV_KERNEL as u64)
}

/// Where the table of an ELF's sections ends, which linkers put last.
fn elf_end<Elf: FileHeader<Endian = LittleEndian>>(bytes: &[u8]) -> Option<u64> {
    let header = Elf::parse(bytes).ok()?;
    let entries = u64::from(header.e_shnum(LittleEndian));
    let table = entries * u64::from(header.e_shentsize(LittleEndian));
    let start: u64 = header.e_shoff(LittleEndian).into();
    start.checked_add(table)
}

type Elf<'a> = ElfFile64<'a, LittleEndian>;

fn elf_of(bytes: &[u8]) -> Option<Elf<'_>> {
    let file = Elf::parse(bytes).ok()?;
    (file.elf_header().e_machine(LittleEndian) == EM_X86_64).then_some(file)
}

/// The boot block and the support statement that `unikernel-abi` agrees on.
fn is_builtin(bytes: &[u8]) -> bool {
    elf_of(bytes).is_some_and(|file| {
        file.section_by_name(boot::SECTION).is_some() && elf::support_text(&file).is_ok()
    })
}

/// What TFS, the filesystem of Nanos, begins with: both of its boot files look for it on the disk.
const TFS: &[u8] = b"NVMTFS";

/// The kernel reads TFS and can be entered as PVH says.
fn is_nanos_kernel(bytes: &[u8]) -> bool {
    memmem::find(bytes, TFS).is_some()
        && elf_of(bytes).is_some_and(|file| elf::has_pvh_note(&file).unwrap_or(false))
}

/// A boot sector, right before whose partition table a record says where stage 2 lies: u64 address, u64 length, u32 type 12.
fn is_nanos_boot(bytes: &[u8]) -> bool {
    const RECORD: usize = 426;
    let len = number(bytes, RECORD + 8);
    is_boot_sector(bytes)
        && number(bytes, RECORD) == Some(0x8000)
        && len.is_some_and(|len| len.checked_add(512) == Some(bytes.len() as u64))
        && bytes.get(RECORD + 16..RECORD + 20) == Some(&[12, 0, 0, 0])
        && memmem::find(bytes, TFS).is_some()
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*field))
}

#[derive(PartialEq, Eq)]
enum Symbols {
    Whole,
    Stripped,
}

/// OSv's kernel is the C library of its programs: an executable at a fixed address that exports, beside it, its own functions.
fn osv_elf(bytes: &[u8]) -> Option<Symbols> {
    let file = elf_of(bytes)?;
    if file.elf_header().e_type(LittleEndian) != ET_EXEC {
        return None;
    }
    let own = |name: &str| name.starts_with("osv_") || name.starts_with("_ZN3osv");
    let mut exports = file.dynamic_symbols().filter(|it| it.is_definition());
    if !exports.any(|symbol| symbol.name().is_ok_and(own)) {
        return None;
    }
    Some(match file.symbol_table() {
        Some(_) => Symbols::Whole,
        None => Symbols::Stripped,
    })
}

/// Where the compressed kernel lies in `loader.img`, in bytes.
const OSV_KERNEL: usize = 0x1_0000;

/// OSv's boot sector with its disk signature, and the compressed kernel.
fn is_osv_disk(bytes: &[u8]) -> bool {
    let kernel = bytes.get(OSV_KERNEL..);
    has_osv_boot(bytes) && kernel.is_some_and(|kernel| kernel.starts_with(b"\x7fELF"))
}

fn has_osv_boot(bytes: &[u8]) -> bool {
    is_boot_sector(bytes) && bytes.get(0x1b8..0x1bc) == Some(b"VSO\0")
}

fn is_boot_sector(bytes: &[u8]) -> bool {
    bytes.get(510..512) == Some(&[0x55, 0xaa])
}

fn has_partitions(bytes: &[u8]) -> bool {
    let table = bytes.get(446..510).unwrap_or_default();
    table.iter().any(|byte| *byte != 0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing;

    /// A bare loader of OSv: boot sector, and the start of an ELF where the compressed kernel lies.
    pub(crate) fn osv_loader() -> Vec<u8> {
        let mut bytes = vec![0; 0x1_0000];
        bytes[0x1b8..0x1bc].copy_from_slice(b"VSO\0");
        bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
        bytes.extend(b"\x7fELF\x01 and the kernel");
        bytes
    }

    fn nanos_boot() -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
        bytes.extend(b"stage 2 looks for NVMTFS");
        let len = bytes.len() as u64 - 512;
        bytes[426..434].copy_from_slice(&0x8000_u64.to_le_bytes());
        bytes[434..442].copy_from_slice(&len.to_le_bytes());
        bytes[442..446].copy_from_slice(&12_u32.to_le_bytes());
        bytes
    }

    #[test]
    fn each_is_told_by_its_content() {
        let check = |bytes: &[u8], expected: (&str, &str)| {
            let part = recognise(bytes).unwrap();
            assert_eq!((part.kind, part.file), expected);
        };
        check(&testing::kernel(&[0xf4]), ("builtin", "kernel.elf"));
        check(&osv_loader(), ("osv", "loader.img"));
        check(&nanos_boot(), ("nanos", "boot.img"));
    }

    #[test]
    fn what_is_none_is_told_too() {
        let check = |bytes: &[u8], expected: &str| {
            let error = recognise(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        let mut disk = osv_loader();
        disk[0x1ce + 4] = 0x83;
        check(&disk, "with a filesystem");
        check(b"<!DOCTYPE html>", "web page");
        check(b"QFI\xfb....", "qcow2");
        check(b"PK\x03\x04", "compressed");
        check(b"\x7fELF rest", "broken ELF");
        for len in [512, 40_000, 0x1_0000] {
            check(&osv_loader()[..len], "`loader.img` that was cut off");
        }
        let mut loader = osv_loader();
        loader[0x10] = 2;
        // The last unit may be there in part.
        check(&loader, "at least 98305 are wanted");
        loader.resize(98305, 0);
        assert_eq!(recognise(&loader).unwrap().file, "loader.img");
        let kernel = testing::kernel(&[0xf4]);
        check(&kernel[..kernel.len() - 1], "an ELF that was cut off");
        check(b"", "no kernel file");
        let mut arm = testing::kernel(&[0xf4]);
        arm[18] = 183;
        check(&arm, "not one of 64 bits for x86-64");
        let mut boot = nanos_boot();
        boot.push(0);
        check(&boot, "no kernel file");
    }

    #[test]
    fn cut_files_do_no_harm() {
        for whole in [osv_loader(), nanos_boot(), testing::kernel(&[0xf4])] {
            for len in (0..whole.len()).step_by(37) {
                let _ = recognise(&whole[..len]);
            }
        }
    }
}
