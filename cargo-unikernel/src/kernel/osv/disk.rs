//! The disk that OSv boots from: boot sector, command line, kernel, root file system.
//!
//! | offset | what |
//! |---|---|
//! | 0 | boot sector; u16 at 0x10: length of the kernel in units of 32 KiB; second partition entry: the archive |
//! | 0x200 | command line with its NUL, at most 63 sectors |
//! | 0x10000 | kernel: OSv's own compressed one, or the ELF file as it lies in memory |
//! | behind, at a sector | the archive |
//!
//! OSv's boot sector has its kernel behind it in `loader.img`, compressed; unpacking that takes seconds where the processor is
//! emulated. Ours reads the kernel as it is and enters it the same way (OSv, `arch/x64/boot16.S`; `guest/osv/boot.S`). Either
//! disk is also one that a kernel started directly finds its archive on.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::{command_line, elf::Elf};
use crate::archive::rofs;
use crate::error::{Error, Result};
use crate::fs;
use crate::image::{Plan, Span};
use crate::kernel::Piece;
use crate::root::Source;

/// Bytes in a sector.
const SECTOR: u64 = 512;
/// Where the command line lies.
pub(super) const LINE: u64 = 0x200;
/// Where the kernel lies.
const KERNEL: u64 = 0x1_0000;
/// What boot sectors read at once, in bytes.
const UNIT: u64 = 0x8000;
/// Where the boot sector has the kernel's length in units.
const UNITS: usize = 0x10;
/// Where ours has the address and length of memory to be zeroed behind the kernel.
const ZEROED: usize = 0x12;
/// Where both have the disk's signature, and this is it.
const SIGNATURE: (usize, [u8; 4]) = (0x1b8, *b"VSO\0");
/// Where the second partition entry lies: OSv mounts `/dev/vblk0.1` and no other.
const SECOND_PARTITION: usize = 0x1ce;
/// The last two bytes of a boot sector.
const MARK: (usize, [u8; 2]) = (510, [0x55, 0xaa]);

/// Our boot sector, without what differs from disk to disk.
static BOOT: &[u8] = include_bytes!(env!("UNIKERNEL_OSV_BOOT"));

/// The disk with OSv's own `loader.img`.
///
/// # Errors
/// When the command line or the archive is too long.
pub(super) fn stock(loader: &Piece, line: &[u8], archive: Plan) -> Result<Plan> {
    check_loader(&loader.bytes, loader.len)?;
    let head = loader.bytes.get(..SECTOR as usize).unwrap_or_default();
    let len = loader.len - KERNEL;
    compose(head, part(loader, KERNEL, len), line, archive)
}

/// The disk with our boot sector and the kernel's ELF file.
///
/// # Errors
/// As [`stock`].
pub(super) fn own(loader: &Piece, line: &[u8], archive: Plan) -> Result<Plan> {
    let kernel = Elf::parse(&loader.bytes, loader.len)?;
    let mut head = BOOT.to_vec();
    head.resize(SECTOR as usize, 0);
    let loaded = kernel.loaded;
    let units = loaded.div_ceil(UNIT);
    // Whole units are read, so what is zeroed begins behind the file's own bytes and not behind the last unit.
    let zeroed = [kernel.start + loaded, kernel.len - loaded];
    let units = u16::try_from(units).unwrap_or(u16::MAX).to_le_bytes();
    put(&mut head, UNITS, &units);
    for (index, number) in zeroed.into_iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        put(&mut head, ZEROED + 4 * index, &number.to_le_bytes());
    }
    put(&mut head, SIGNATURE.0, &SIGNATURE.1);
    put(&mut head, MARK.0, &MARK.1);
    compose(&head, part(loader, 0, loaded), line, archive)
}

/// A part of a kernel's file: as a part of that, where it is one, so that it is not copied in memory.
fn part(file: &Piece, at: u64, len: u64) -> Source {
    match &file.path {
        Some(path) => Source::HostPart {
            path: path.clone(),
            at,
            len,
        },
        None => {
            let bytes = file
                .bytes
                .iter()
                .skip(usize::try_from(at).unwrap_or(usize::MAX));
            let bytes = bytes.take(usize::try_from(len).unwrap_or(usize::MAX));
            Source::from(bytes.copied().collect::<Vec<u8>>())
        }
    }
}

fn compose(head: &[u8], kernel: Source, line: &[u8], archive: Plan) -> Result<Plan> {
    let too_long = |what: &str| Error::input(format!("{what} does not fit on a disk for OSv"));
    if line.len() >= command_line::MAX_LEN || line.contains(&0) {
        return Err(too_long("the command line"));
    }
    let mut plan = Plan::default();
    let kernel_end = KERNEL + kernel.len();
    let start = kernel_end.next_multiple_of(UNIT) / SECTOR;
    let n_sectors = archive.len().div_ceil(SECTOR);
    let sectors = u32::try_from(start).ok().zip(u32::try_from(n_sectors).ok());
    let (start, n_sectors) = sectors.ok_or_else(|| too_long("the archive"))?;
    let mut head = head.to_vec();
    put(&mut head, 0x1be, &[0; 64]);
    put(&mut head, SECOND_PARTITION, &partition(start, n_sectors));
    plan.place_at("boot sector", 0, head)?;
    plan.place_at("command line", LINE, [line, b"\0"].concat())?;
    plan.place_at("kernel", KERNEL, kernel)?;
    plan.place_at("archive", u64::from(start) * SECTOR, archive)?;
    plan.pad(SECTOR);
    Ok(plan)
}

/// A partition entry: the old start may not be 0, the type neither, and the rest of the old addresses is not looked at (OSv,
/// `fs/devfs/device.cc`, `read_partition_table`).
fn partition(start: u32, n_sectors: u32) -> Vec<u8> {
    let old = [0, 0, 1, 0, 0x83, 0, 1, 0];
    [&old[..], &start.to_le_bytes(), &n_sectors.to_le_bytes()].concat()
}

fn put(target: &mut [u8], at: usize, bytes: &[u8]) {
    let target = target.iter_mut().skip(at);
    target.zip(bytes).for_each(|(to, from)| *to = *from);
}

/// Whether a file of `len` bytes that begins with these is a `loader.img`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_loader(head: &[u8], len: u64) -> Result<()> {
    let at = |(at, bytes): (usize, &[u8])| head.get(at..at + bytes.len()) == Some(bytes);
    if !at((MARK.0, &MARK.1)) || !at((SIGNATURE.0, &SIGNATURE.1)) {
        return Err(Error::input("it has no boot sector of OSv's"));
    }
    let units = head.get(UNITS..UNITS + 2).unwrap_or_default();
    let units: u64 = units
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let has = len.saturating_sub(KERNEL);
    if units == 0 || units * UNIT > has.next_multiple_of(UNIT) || !len.is_multiple_of(SECTOR) {
        return Err(Error::input(format!(
            "its boot sector reads {units} units of 32 KiB, and {has} bytes of kernel are there"
        )));
    }
    if partition_of(head).is_some() {
        return Err(
            Error::input("it is a disk with a root file system already").hint(
                "a kernel alone is wanted: `loader.img` of a build, `osv-loader.qemu` of a release",
            ),
        );
    }
    Ok(())
}

/// Where the second partition lies, if there is one.
fn partition_of(head: &[u8]) -> Option<Span> {
    let entry = head.get(SECOND_PARTITION..SECOND_PARTITION + 16)?;
    let word = |at: usize| Some(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?));
    let (start, n_sectors) = (word(8)?, word(12)?);
    (n_sectors != 0).then(|| Span {
        start: u64::from(start) * SECTOR,
        len: u64::from(n_sectors) * SECTOR,
    })
}

/// What lies on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    /// The command line, without its NUL.
    pub(super) line: Vec<u8>,
    /// Where the archive lies.
    pub(super) archive: Span,
    /// The first bytes of the kernel.
    pub(super) kernel: Vec<u8>,
}

/// Whether a file that begins with these bytes is a disk of OSv's.
pub(super) fn begins(head: &[u8]) -> bool {
    let at = |(at, bytes): (usize, &[u8])| head.get(at..at + bytes.len()) == Some(bytes);
    at((MARK.0, &MARK.1)) && at((SIGNATURE.0, &SIGNATURE.1)) && partition_of(head).is_some()
}

/// Reads the disk at `path`, whoever composed it.
///
/// # Errors
/// When it can't be read, or is no disk with a root file system of ROFS.
pub(super) fn read(path: &Path) -> Result<Contents> {
    let part = |at: u64, len: u64| -> Result<Vec<u8>> {
        let mut file = fs::open(path)?;
        let failed = |error| fs::failed("read", path, &error);
        file.seek(SeekFrom::Start(at)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    };
    let no_disk =
        |why: &str| Error::input(format!("`{}` is no disk of OSv's: {why}", path.display()));
    let head = part(0, SECTOR)?;
    if !begins(&head) {
        return Err(no_disk("its first sector is not OSv's"));
    }
    let archive = partition_of(&head).ok_or_else(|| no_disk("it has no second partition"))?;
    if archive.end() > fs::len(path)? {
        return Err(no_disk("its second partition ends behind it"));
    }
    if !rofs::read::begins(&part(archive.start, 8)?) {
        return Err(no_disk("its second partition holds no ROFS archive"));
    }
    let mut line = part(LINE, command_line::MAX_LEN as u64)?;
    let end = line.iter().position(|byte| *byte == 0);
    line.truncate(end.ok_or_else(|| no_disk("its command line has no end"))?);
    Ok(Contents {
        line,
        archive,
        kernel: part(KERNEL, UNIT)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `loader.img` of `n` units.
    fn loader(n: u8) -> Piece {
        let mut bytes = vec![0xee; (KERNEL + u64::from(n) * UNIT) as usize];
        put(&mut bytes, 0x1be, &[0; 64]);
        put(&mut bytes, UNITS, &[n, 0]);
        put(&mut bytes, SIGNATURE.0, &SIGNATURE.1);
        put(&mut bytes, MARK.0, &MARK.1);
        piece(bytes)
    }

    fn piece(bytes: Vec<u8>) -> Piece {
        Piece {
            len: bytes.len() as u64,
            bytes: bytes.into(),
            path: None,
        }
    }

    fn archive() -> Plan {
        (rofs::ARCHIVE.plan)(&crate::root::RootTree::default()).unwrap()
    }

    fn written(plan: &Plan) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.raw");
        fs::write_atomically(&path, |file| plan.write(file)).unwrap();
        (folder, path)
    }

    #[test]
    fn stock_disk_described_and_read_back() {
        let plan = stock(&loader(2), b"--verbose /hello", archive()).unwrap();
        assert_eq!(
            plan.to_string(),
            "\
0x00000000        512 boot sector
0x00000200         17 command line
0x00010000      65536 kernel
0x00020000       1024 archive
0x00020000        512 superblock
0x00020200         32 structure
"
        );
        let (_folder, path) = written(&plan);
        let read = read(&path).unwrap();
        assert_eq!(read.line, b"--verbose /hello");
        assert_eq!((read.archive.start, read.archive.len), (0x2_0000, 1024));
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes[0x1be..0x1ce], [0; 16]);
        assert_eq!(
            bytes[0x1ce..0x1de],
            [0, 0, 1, 0, 0x83, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0]
        );
        assert!(
            bytes[0x211..0x1_0000].iter().all(|byte| *byte == 0),
            "nothing of the loader's"
        );
    }

    #[test]
    fn own_disk_says_what_is_read_and_what_is_zeroed() {
        let kernel = super::super::elf::tests::kernel(70_000, 90_000);
        let plan = own(&piece(kernel.clone()), b"/hello", archive()).unwrap();
        let (_folder, path) = written(&plan);
        let bytes = fs::read(&path).unwrap();
        assert!(BOOT.len() <= 0x1b8, "{} bytes of code", BOOT.len());
        assert_eq!(bytes[UNITS..UNITS + 2], [3, 0]);
        assert_eq!(
            bytes[ZEROED..ZEROED + 4],
            (0x20_0000_u32 + 70_000).to_le_bytes()
        );
        assert_eq!(bytes[ZEROED + 4..ZEROED + 8], 20_000_u32.to_le_bytes());
        assert_eq!(
            bytes[KERNEL as usize..KERNEL as usize + 70_000],
            kernel[..70_000]
        );
        assert_eq!(read(&path).unwrap().archive.start, KERNEL + 3 * UNIT);
    }

    #[test]
    fn what_is_no_loader_says_why() {
        let check = |change: fn(&mut Vec<u8>), expected: &str| {
            let mut bytes = loader(1).bytes.to_vec();
            change(&mut bytes);
            let error = check_loader(&bytes, bytes.len() as u64).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(Vec::clear, "no boot sector");
        check(|bytes| bytes[0x1b8] = 0, "no boot sector");
        check(|bytes| bytes[UNITS] = 2, "reads 2 units");
        check(|bytes| bytes[UNITS] = 0, "reads 0 units");
        check(
            |bytes| bytes[SECOND_PARTITION + 12] = 1,
            "root file system already",
        );
        let whole = loader(1);
        assert!(check_loader(&whole.bytes[..512], whole.len).is_ok());
    }

    #[test]
    fn what_is_no_disk_says_why() {
        let plan = stock(&loader(1), b"/hello", archive()).unwrap();
        let check = |change: fn(&mut Vec<u8>), expected: &str| {
            let (_folder, path) = written(&plan);
            let mut bytes = fs::read(&path).unwrap();
            change(&mut bytes);
            fs::write_bytes(&path, &bytes).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(Vec::clear, "first sector");
        check(|bytes| bytes[511] = 0, "first sector");
        check(|bytes| bytes.truncate(0x1_8000), "ends behind it");
        check(|bytes| bytes[0x1_8000] = 0, "no ROFS");
        check(|bytes| bytes[0x200..0x1_0000].fill(b'x'), "has no end");
    }
}
