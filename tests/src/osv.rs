//! Disks for OSv, read by what its kernel reads (`fs/devfs/device.cc`, `fs/rofs/rofs_common.cc`), and made-up kernels that are
//! good enough to be packed.

use std::collections::BTreeMap;

/// What a disk holds.
#[derive(Debug)]
pub struct Disk {
    /// The command line.
    pub line: String,
    /// By path: the content of each file, and the target of each link with `-> ` before it; folders have nothing.
    pub files: BTreeMap<String, Vec<u8>>,
}

fn word(bytes: &[u8], at: usize) -> usize {
    let bytes = bytes[at..at + 8].try_into().expect("eight bytes");
    usize::try_from(u64::from_le_bytes(bytes)).expect("a 64-bit host")
}

fn half(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

/// Reads a disk.
///
/// # Panics
/// When OSv could not read it.
#[must_use]
pub fn disk(bytes: &[u8]) -> Disk {
    assert_eq!(bytes[510..512], [0x55, 0xaa], "no partition table");
    let entry = &bytes[0x1ce..0x1de];
    assert!(
        entry[4] != 0 && entry[6] & 0x3f != 0,
        "an entry that OSv passes over: {entry:x?}"
    );
    let sectors =
        [8, 12].map(|at| u32::from_le_bytes(entry[at..at + 4].try_into().expect("four")) as usize);
    let [start, len] = sectors.map(|sectors| sectors * 512);
    let line = &bytes[0x200..0x200 + 63 * 512];
    let end = line
        .iter()
        .position(|byte| *byte == 0)
        .expect("an end of the command line");
    let line = String::from_utf8(line[..end].to_vec()).expect("UTF-8");
    let mut files = BTreeMap::new();
    walk(&Rofs::read(&bytes[start..start + len]), 1, "", &mut files);
    Disk { line, files }
}

struct Rofs<'a> {
    bytes: &'a [u8],
    names: Vec<(usize, String)>,
    links: Vec<String>,
    /// Type, place, count.
    inodes: Vec<[usize; 3]>,
}

impl<'a> Rofs<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let head: Vec<usize> = (0..8).map(|index| word(bytes, 8 * index)).collect();
        assert_eq!(head[..3], [0xdead_bead, 1, 512]);
        let mut at = head[3] * 512;
        let text = |at: &mut usize| {
            let len = half(bytes, *at);
            *at += 2 + len;
            String::from_utf8(bytes[*at - len..*at].to_vec()).expect("UTF-8")
        };
        let mut names = Vec::new();
        for _ in 0..head[5] {
            let number = word(bytes, at);
            at += 8;
            names.push((number, text(&mut at)));
        }
        let links = (0..head[6]).map(|_| text(&mut at)).collect();
        let mut inodes = Vec::new();
        for number in 1..=head[7] {
            assert_eq!(word(bytes, at + 8), number, "inodes are in order");
            inodes.push([0, 16, 24].map(|field| word(bytes, at + field)));
            at += 32;
        }
        assert!(at <= (head[3] + head[4]) * 512 && bytes.len() == (head[3] + head[4]) * 512);
        Self {
            bytes,
            names,
            links,
            inodes,
        }
    }
}

fn walk(rofs: &Rofs<'_>, number: usize, path: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let [kind, at, count] = rofs.inodes[number - 1];
    let content = match kind {
        0x4000 => {
            for (number, name) in &rofs.names[at..at + count] {
                walk(rofs, *number, &format!("{path}/{name}"), files);
            }
            Vec::new()
        }
        0x8000 => rofs.bytes[at * 512..at * 512 + count].to_vec(),
        0xa000 => format!("-> {}", rofs.links[at]).into_bytes(),
        other => panic!("type {other:#x} at {path}"),
    };
    files.insert(path.to_owned(), content);
}

/// A `loader.img` of two units of 32 KiB; nothing in it would run.
#[must_use]
pub fn loader_img() -> Vec<u8> {
    let mut bytes = vec![0; 0x1_0000 + 2 * 0x8000];
    bytes[0x10] = 2;
    bytes[0x1b8..0x1bc].copy_from_slice(b"VSO\0");
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    bytes[0x1_0000..].fill(0xee);
    bytes
}

/// A `loader-stripped.elf` with 70,000 bytes in the file and 90,000 in memory; nothing in it would run.
#[must_use]
pub fn loader_elf() -> Vec<u8> {
    const VIRTUAL: u64 = 0x4020_0000;
    const PHYSICAL: u64 = 0x20_0000;
    let mut bytes = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0");
    let push = |bytes: &mut Vec<u8>, fields: &[u64]| {
        bytes.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    };
    push(&mut bytes, &[VIRTUAL, 64, 0]);
    bytes.extend([0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 64, 0, 0, 0, 0, 0]);
    push(
        &mut bytes,
        &[7 << 32 | 1, 0, VIRTUAL, PHYSICAL, 70_000, 90_000, 4096],
    );
    push(
        &mut bytes,
        &[4 << 32 | 4, 0xa0, VIRTUAL + 0xa0, PHYSICAL + 0xa0, 8, 8, 4],
    );
    bytes.resize(0x800, 0);
    push(&mut bytes, &[PHYSICAL + 0x900]);
    bytes.resize(70_000, 0xcc);
    bytes
}
