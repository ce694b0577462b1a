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
    /// Reads the inode at `nid`, and checks that its contents lie within the archive.
    pub(crate) fn inode(&self, nid: Nid) -> Result<Inode, ErofsError> {
        let short = ErofsError::Truncated;
        let start = nid.0.saturating_mul(SLOT).saturating_add(self.meta_start);
        let bytes = usize::try_from(start)
            .ok()
            .and_then(|at| self.bytes.get(at..));
        let bytes = bytes.ok_or(short)?;
        let inode: &[u8; COMPACT] = bytes.first_chunk().ok_or(short)?;
        let format = u16_at(inode, 0).ok_or(short)?;
        let mode = u32::from(u16_at(inode, 4).ok_or(short)?);
        let first_block = u32_at(inode, 16).ok_or(short)?;
        let (len, size, uid, gid, links, mtime) = if format & 1 == 0 {
            (
                COMPACT,
                u64::from(u32_at(inode, 8).ok_or(short)?),
                u32::from(u16_at(inode, 24).ok_or(short)?),
                u32::from(u16_at(inode, 26).ok_or(short)?),
                u32::from(u16_at(inode, 6).ok_or(short)?),
                self.written,
            )
        } else {
            let inode: &[u8; EXTENDED] = bytes.first_chunk().ok_or(short)?;
            (
                EXTENDED,
                u64_at(inode, 8).ok_or(short)?,
                u32_at(inode, 24).ok_or(short)?,
                u32_at(inode, 28).ok_or(short)?,
                u32_at(inode, 44).ok_or(short)?,
                u64_at(inode, 32).ok_or(short)?.cast_signed(),
            )
        };
        let has_contents = matches!(mode & TYPE_MASK, 0o040_000 | 0o100_000 | 0o120_000);
        let size = if has_contents { size } else { 0 };
        let in_blocks = match format >> 1 & 7 {
            0 => size,
            // All but the last block, which is behind the inode even when it is full.
            2 => size.saturating_sub(1) & !self.block_size().wrapping_sub(1),
            other => return Err(ErofsError::Layout(other)),
        };
        let blocks = self.blocks(if in_blocks == 0 { 0 } else { first_block });
        let xattrs = match u64::from(u16_at(inode, 2).ok_or(short)?) {
            0 => 0,
            count => count.saturating_mul(4).saturating_add(8),
        };
        let tail = start.saturating_add(len as u64).saturating_add(xattrs);
        let blocks_end = blocks.saturating_add(in_blocks);
        let tail_end = tail.saturating_add(size.saturating_sub(in_blocks));
        if blocks_end.max(tail_end) > self.bytes.len() as u64 {
            return Err(short);
        }
        Ok(Inode {
            nid,
            mode,
            uid,
            gid,
            links,
            mtime,
            extent: Extent {
                size,
                blocks,
                in_blocks,
                tail,
            },
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
        // What is left of a file is in its last blocks or behind its inode; a page of both is nowhere.
        let is_there = there > 0 && there == wanted;
        if !is_there || !start.is_multiple_of(PAGE) {
            return None;
        }
        let padding = self.slice(start.saturating_add(there), PAGE.saturating_sub(there))?;
        if padding.iter().any(|byte| *byte != 0) {
            return None;
        }
        usize::try_from(start / PAGE).ok()
    }
}
