//! One file of the archive: its attributes and where its bytes lie.

use unikernel_abi::bytes::{u16_at, u32_at, u64_at};
use unikernel_machine::address::PAGE_SIZE;

use super::{Erofs, ErofsError};

/// An inode's place in the archive, in units of 32 bytes. Only an allegation until [`Erofs::inode`] has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nid(pub(crate) u64);

/// The bytes of an inode slot.
const SLOT: u64 = 32;

/// Length of a compact inode: one slot.
const COMPACT: usize = 32;

/// Length of an extended inode.
const EXTENDED: usize = 64;

/// The type bits of a mode (inode(7)).
const TYPE_MASK: u32 = 0o170_000;

/// An inode that was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inode {
    /// Its place.
    pub(crate) nid: Nid,
    /// Type and permissions (inode(7)).
    pub(crate) mode: u32,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Number of names.
    pub(crate) links: u32,
    /// Last modification in seconds since 1970.
    pub(crate) mtime: i64,
    /// Its contents.
    pub(crate) extent: Extent,
}

/// Where a file's bytes lie: all of them within the archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// How many there are.
    pub(crate) size: u64,
    /// Where the whole blocks start, in bytes.
    blocks: u64,
    /// How many of the bytes lie in those blocks; the rest stands at `tail`.
    in_blocks: u64,
    /// Where the rest starts.
    tail: u64,
}

impl Inode {
    /// Whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        self.mode & TYPE_MASK == 0o040_000
    }
}

impl Erofs {
    /// Reads the inode at `nid`.
    pub(crate) fn inode(&self, nid: Nid) -> Result<Inode, ErofsError> {
        self.read_inode(nid).ok_or(ErofsError::Truncated)?
    }

    /// The same; `None` where the archive ends before it does.
    fn read_inode(&self, nid: Nid) -> Option<Result<Inode, ErofsError>> {
        let start = nid.0.saturating_mul(SLOT).saturating_add(self.meta_start);
        let bytes = self.bytes.get(usize::try_from(start).ok()?..)?;
        let inode: &[u8; COMPACT] = bytes.first_chunk()?;
        let format = u16_at(inode, 0)?;
        let mode = u32::from(u16_at(inode, 4)?);
        let first_block = u32_at(inode, 16)?;
        let (len, size, uid, gid, links, mtime) = if format & 1 == 0 {
            (
                COMPACT,
                u64::from(u32_at(inode, 8)?),
                u32::from(u16_at(inode, 24)?),
                u32::from(u16_at(inode, 26)?),
                u32::from(u16_at(inode, 6)?),
                self.written,
            )
        } else {
            let inode: &[u8; EXTENDED] = bytes.first_chunk()?;
            (
                EXTENDED,
                u64_at(inode, 8)?,
                u32_at(inode, 24)?,
                u32_at(inode, 28)?,
                u32_at(inode, 44)?,
                u64_at(inode, 32)?.cast_signed(),
            )
        };
        let xattrs = match u64::from(u16_at(inode, 2)?) {
            0 => 0,
            count => count.saturating_mul(4).saturating_add(8),
        };
        let tail = start.saturating_add(len as u64).saturating_add(xattrs);
        let has_contents = matches!(mode & TYPE_MASK, 0o040_000 | 0o100_000 | 0o120_000);
        let size = if has_contents { size } else { 0 };
        let extent = self.extent(format >> 1 & 7, size, first_block, tail);
        Some(extent.map(|extent| Inode {
            nid,
            mode,
            uid,
            gid,
            links,
            mtime,
            extent,
        }))
    }

    /// Where `size` bytes lie with a layout, and whether that is within the archive.
    fn extent(
        &self,
        layout: u16,
        size: u64,
        first_block: u32,
        tail: u64,
    ) -> Result<Extent, ErofsError> {
        let in_blocks = match layout {
            0 => size,
            // All but the last block, which is behind the inode even when it is full.
            2 => size.saturating_sub(1) & !self.block_size().wrapping_sub(1),
            other => return Err(ErofsError::Layout(other)),
        };
        let blocks = if in_blocks == 0 { 0 } else { first_block };
        let blocks = u64::from(blocks) << self.block_bits;
        let blocks_end = blocks.saturating_add(in_blocks);
        let tail_end = tail.saturating_add(size.saturating_sub(in_blocks));
        if blocks_end.max(tail_end) > self.bytes.len() as u64 {
            return Err(ErofsError::Truncated);
        }
        Ok(Extent {
            size,
            blocks,
            in_blocks,
            tail,
        })
    }

    /// The contents from `offset` on, as far as they lie in one piece and at most `len` bytes; empty at the end of the file.
    pub(crate) fn contents(&self, extent: &Extent, offset: u64, len: u64) -> &'static [u8] {
        let (start, there) = match offset.checked_sub(extent.in_blocks) {
            None => (
                extent.blocks.saturating_add(offset),
                extent.in_blocks.saturating_sub(offset),
            ),
            Some(behind) => (
                extent.tail.saturating_add(behind),
                extent.size.saturating_sub(offset),
            ),
        };
        self.slice(start, len.min(there)).unwrap_or(&[])
    }

    /// The archive's page that is the file's page `index` as it lies: aligned, and with nothing but zeros behind the file's end.
    pub(crate) fn page_in_place(&self, extent: &Extent, index: u64) -> Option<usize> {
        const PAGE: u64 = PAGE_SIZE as u64;
        let offset = index.saturating_mul(PAGE);
        let start = extent.blocks.saturating_add(offset);
        let there = extent.in_blocks.saturating_sub(offset).min(PAGE);
        let wanted = extent.size.saturating_sub(offset).min(PAGE);
        if there == 0 || there < wanted || !start.is_multiple_of(PAGE) {
            return None;
        }
        let padding = self.slice(start.saturating_add(there), PAGE.saturating_sub(there))?;
        if padding.iter().any(|byte| *byte != 0) {
            return None;
        }
        usize::try_from(start / PAGE).ok()
    }
}
