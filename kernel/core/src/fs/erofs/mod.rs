//! Reads an EROFS archive where it lies.
//!
//! The format is that of the Linux kernel's `Documentation/filesystems/erofs.rst`, uncompressed: files lie in whole blocks
//! ([`Layout::Plain`]) or have their last part behind their inode ([`Layout::Inline`]). Nothing is copied and nothing is
//! trusted: every number of the archive is checked against its length when it is used, so the worst that a broken archive does
//! is an error on the file concerned.
//!
//! [`Erofs`] checks the superblock, [`Inode`] is one file's attributes, [`Extent`] where its bytes lie; [`directory`] finds names.

pub(crate) mod directory;
mod inode;
#[cfg(test)]
mod tests;

pub(crate) use self::inode::{Extent, Inode, Nid};

use unikernel_abi::bytes::{slice, u16_at, u32_at, u64_at};

/// Byte offset of the superblock.
const SUPERBLOCK: usize = 1024;

/// The superblock's first four bytes, as a number.
const MAGIC: u32 = 0xe0f5_e1e2;

/// The bits of `feature_incompat` that don't change how uncompressed files lie: only `LZ4_0PADDING`, which `mkfs.erofs` sets.
const KNOWN_FEATURES: u32 = 0x1;

/// Why bytes are not an archive that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErofsError {
    /// They end before something that they announce.
    Truncated,
    /// No EROFS superblock stands at byte 1024.
    Magic,
    /// Blocks of 2 to the power of so many bytes; 9 to 12 are readable.
    BlockSize(u8),
    /// Features (bits of `feature_incompat`) that this reader does not have, such as compression.
    Features(u32),
    /// An inode's data layout (bits 1 to 3 of its format) that this reader does not have.
    Layout(u16),
    /// A directory whose entries contradict each other.
    Directory,
}

/// An archive whose superblock was checked; each file in it is checked when it is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Erofs {
    bytes: &'static [u8],
    /// 9 to 12.
    block_bits: u32,
    meta_start: u64,
    root: Nid,
    /// When it was written, in seconds since 1970: the modification time of compact inodes.
    written: i64,
}

impl Erofs {
    /// Checks the superblock of `bytes`.
    pub(crate) fn mount(bytes: &'static [u8]) -> Result<Self, ErofsError> {
        let short = ErofsError::Truncated;
        let superblock = slice(bytes, SUPERBLOCK, 128).ok_or(short)?;
        if u32_at(superblock, 0) != Some(MAGIC) {
            return Err(ErofsError::Magic);
        }
        let bits = *superblock.get(12).ok_or(short)?;
        if !(9..=12).contains(&bits) {
            return Err(ErofsError::BlockSize(bits));
        }
        let features = u32_at(superblock, 80).ok_or(short)?;
        if features & !KNOWN_FEATURES != 0 {
            return Err(ErofsError::Features(features));
        }
        Ok(Self {
            bytes,
            block_bits: u32::from(bits),
            meta_start: u64::from(u32_at(superblock, 40).ok_or(short)?) << bits,
            root: Nid(u64::from(u16_at(superblock, 14).ok_or(short)?)),
            written: u64_at(superblock, 24).ok_or(short)?.cast_signed(),
        })
    }

    /// The inode of the root directory.
    pub(crate) fn root(&self) -> Result<Inode, ErofsError> {
        let root = self.inode(self.root)?;
        if !root.is_directory() {
            return Err(ErofsError::Directory);
        }
        Ok(root)
    }

    /// The length of so many blocks in bytes.
    fn blocks(&self, count: u32) -> u64 {
        u64::from(count).wrapping_shl(self.block_bits)
    }

    /// The length of a block in bytes.
    fn block_size(&self) -> u64 {
        self.blocks(1)
    }

    /// The bytes `at..at + len` of the archive.
    fn slice(&self, at: u64, len: u64) -> Option<&'static [u8]> {
        slice(
            self.bytes,
            usize::try_from(at).ok()?,
            usize::try_from(len).ok()?,
        )
    }
}
