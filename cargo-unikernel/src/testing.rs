//! Words for tests: a kernel file of a few instructions, and an image with it.

use std::collections::BTreeMap;
use std::path::Path;

use unikernel_abi::boot::{self, BootBlock};

use crate::assemble::{self, Image};
use crate::fs::{self, Written};
use crate::kernel::{self, KernelFile};
use crate::launch::Launch;
use crate::root::{RootPath, RootTree};

/// Where the tests' kernel is loaded, and what its virtual addresses are above it.
const PHYSICAL: u64 = 0x10_0000;
const OFFSET: u64 = 0xffff_ffff_8000_0000;

/// A kernel file that enters `code` in 32-bit mode, as PVH says (Xen, `docs/misc/pvh.pandoc`): `ebx` points to the start
/// information, paging is off. It has a boot block and a support statement, three pages of memory, and code at 1 MiB + 160.
pub(crate) fn kernel(code: &[u8]) -> Vec<u8> {
    const PAGE: usize = 4096;
    let entry = PHYSICAL + 160;
    let mut note = Vec::new();
    for field in [4_u32, 8, 18] {
        note.extend(field.to_le_bytes());
    }
    note.extend(b"Xen\0");
    note.extend(entry.to_le_bytes());
    note.truncate(24);
    let support = b"unikernel-support 1 x86_64-linux\n57 fork refused\n";
    let names = b"\0.unikernel.boot\0.unikernel.syscalls\0.shstrtab\0";

    let mut segment = note;
    segment.resize(32, 0);
    segment.extend(BootBlock::default().encode());
    segment.resize(160, 0);
    segment.extend(code);
    let mut file = header();
    file.extend(program_header(4, PAGE, 24, 24));
    file.extend(program_header(1, PAGE, segment.len(), 3 * PAGE));
    file.resize(PAGE, 0);
    file.extend(&segment);
    let support_at = file.len();
    file.extend(support);
    let names_at = file.len();
    file.extend(names);
    file.resize(file.len().next_multiple_of(8), 0);
    let sections_at = file.len();
    file.extend([0; 64]);
    let boot_at = PHYSICAL + OFFSET + 32;
    file.extend(section(1, 1, boot_at, PAGE + 32, BootBlock::SIZE));
    file.extend(section(17, 1, 0, support_at, support.len()));
    file.extend(section(37, 3, 0, names_at, names.len()));
    file[40..48].copy_from_slice(&(sections_at as u64).to_le_bytes());
    assert_eq!(&names[1..16], boot::SECTION.as_bytes());
    file
}

/// What the tests' image starts.
pub(crate) fn launch() -> Launch {
    Launch {
        program: RootPath::parse("/hello").unwrap(),
        name: RootPath::parse("/hello").unwrap(),
        args: vec!["a".into()],
        env: BTreeMap::new(),
        network: crate::network::Network::Unsaid,
    }
}

/// An image in `folder` whose kernel is `code`.
pub(crate) fn image(folder: &Path, code: &[u8]) -> (Image, Written) {
    let path = folder.join("kernel");
    fs::write_bytes(&path, &kernel(code)).unwrap();
    let kernel = KernelFile::open(
        kernel::find("builtin").unwrap(),
        &kernel::Origin::File(path),
    )
    .unwrap();
    let out = folder.join("image.elf");
    assemble::write(&kernel, &RootTree::default(), &launch(), None, &out).unwrap()
}

/// `Elf64_Ehdr` with two program headers and four sections.
fn header() -> Vec<u8> {
    let mut bytes = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    for half in [2_u16, 62] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(1_u32.to_le_bytes());
    for field in [PHYSICAL + OFFSET + 160, 64, 0] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 2, 64, 4, 3] {
        bytes.extend(half.to_le_bytes());
    }
    bytes
}

/// `Elf64_Phdr` of what is loaded at 1 MiB.
fn program_header(kind: u32, at: usize, file_len: usize, len: usize) -> Vec<u8> {
    let mut bytes = Vec::from(kind.to_le_bytes());
    bytes.extend(7_u32.to_le_bytes());
    let fields = [
        at as u64,
        PHYSICAL + OFFSET,
        PHYSICAL,
        file_len as u64,
        len as u64,
        if kind == 4 { 4 } else { 4096 },
    ];
    bytes.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    bytes
}

/// `Elf64_Shdr`.
fn section(name: u32, kind: u32, address: u64, at: usize, len: usize) -> Vec<u8> {
    let mut bytes = Vec::from(name.to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    let fields = [2, address, at as u64, len as u64, 0, 1, 0];
    bytes.extend(fields.iter().flat_map(|field: &u64| field.to_le_bytes()));
    bytes
}

/// The bytes of a report frame.
pub(crate) fn encoded(report: &unikernel_abi::report::Report<'_>) -> Vec<u8> {
    struct Bytes(Vec<u8>);
    impl unikernel_abi::bytes::Sink for Bytes {
        fn put(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }
    let mut bytes = Bytes(Vec::new());
    report.encode(&mut bytes);
    bytes.0
}
