//! One file of the archive: its attributes and where its bytes lie.

use unikernel_abi::bytes::{u16_at, u32_at, u64_at};

use super::{Erofs, ErofsError};

/// An inode's place in the archive, in units of 32 bytes. Only an allegation until [`Erofs::inode`] has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nid(pub(crate) u64);

/// The bytes of an inode slot.
const SLOT: u64 = 32;

/// Length of an extended inode; a compact one fills one slot.
const EXTENDED: u64 = 64;

/// The type bits of a mode (inode(7)).
const TYPE_MASK: u32 = 0o170_000;

/// An inode that was read; its extent lies within the archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inode {
    /// Its place.
    pub(crate) nid: Nid,
    /// Type and permissions (inode(7)).
    pub(crate) mode: u32,
    /// Length of its contents in bytes.
    pub(crate) size: u64,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Number of names.
    pub(crate) links: u32,
    /// Last modification in seconds since 1970.
    pub(crate) mtime: i64,
    /// Where the whole blocks start, in bytes.
    blocks: u64,
    /// How many of the contents' bytes lie in those blocks; the rest stands at `tail`.
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
        let short = ErofsError::Truncated;
        let start = nid
            .0
            .checked_mul(SLOT)
            .and_then(|at| at.checked_add(self.meta_start))
            .ok_or(short)?;
        let compact = self.slice(start, SLOT).ok_or(short)?;
        let format = u16_at(compact, 0).ok_or(short)?;
        let xattrs = match u16_at(compact, 2).ok_or(short)? {
            0 => 0,
            count => u64::from(count).saturating_mul(4).saturating_add(8),
        };
        let mode = u32::from(u16_at(compact, 4).ok_or(short)?);
        let (mut inode, len) = if format & 1 == 0 {
            (self.compact_inode(compact, nid, mode).ok_or(short)?, SLOT)
        } else {
            let bytes = self.slice(start, EXTENDED).ok_or(short)?;
            (extended_inode(bytes, nid, mode).ok_or(short)?, EXTENDED)
        };
        inode.tail = start
            .checked_add(len)
            .and_then(|at| at.checked_add(xattrs))
            .ok_or(short)?;
        self.place(&mut inode, format >> 1 & 7)?;
        Ok(inode)
    }

    /// Reads 32 bytes; `blocks` is the number of the first block.
    fn compact_inode(&self, bytes: &[u8], nid: Nid, mode: u32) -> Option<Inode> {
        Some(Inode {
            nid,
            mode,
            size: u64::from(u32_at(bytes, 8)?),
            uid: u32::from(u16_at(bytes, 24)?),
            gid: u32::from(u16_at(bytes, 26)?),
            links: u32::from(u16_at(bytes, 6)?),
            mtime: self.written,
            blocks: u64::from(u32_at(bytes, 16)?),
            in_blocks: 0,
            tail: 0,
        })
    }

    /// Fills in the extent, whose first block's number is still in `blocks`, and checks that it lies within the archive.
    fn place(&self, inode: &mut Inode, layout: u16) -> Result<(), ErofsError> {
        let has_contents = matches!(inode.mode & TYPE_MASK, 0o040_000 | 0o100_000 | 0o120_000);
        if !has_contents || inode.size == 0 {
            inode.size = 0;
            return Ok(());
        }
        let block_mask = self.block_size().wrapping_sub(1);
        inode.in_blocks = match layout {
            0 => inode.size,
            // All but the last block, which is behind the inode even when it is full.
            2 => inode.size.wrapping_sub(1) & !block_mask,
            other => return Err(ErofsError::Layout(other)),
        };
        inode.blocks <<= self.block_bits;
        let short = ErofsError::Truncated;
        if inode.in_blocks > 0 {
            self.slice(inode.blocks, inode.in_blocks).ok_or(short)?;
        }
        let rest = inode.size.checked_sub(inode.in_blocks).ok_or(short)?;
        if rest > 0 {
            self.slice(inode.tail, rest).ok_or(short)?;
        }
        Ok(())
    }

    /// The contents from `offset` on, as far as they lie in one piece and at most `len` bytes; empty at the end of the file.
    pub(crate) fn contents(&self, inode: &Inode, offset: u64, len: u64) -> &'static [u8] {
        let Some(rest) = inode.size.checked_sub(offset) else {
            return &[];
        };
        let (start, there) = match inode.in_blocks.checked_sub(offset) {
            Some(there) if there > 0 => (inode.blocks.checked_add(offset), there),
            _ => (
                inode
                    .tail
                    .checked_add(offset.saturating_sub(inode.in_blocks)),
                rest,
            ),
        };
        start
            .and_then(|start| self.slice(start, len.min(there).min(rest)))
            .unwrap_or(&[])
    }

    /// The archive's page that is the file's page `index` as it lies: aligned, and with nothing but zeros behind the file's end.
    pub(crate) fn page_in_place(&self, inode: &Inode, index: u64) -> Option<usize> {
        const PAGE: u64 = unikernel_machine::address::PAGE_SIZE as u64;
        let offset = index.checked_mul(PAGE)?;
        if offset >= inode.in_blocks {
            return None;
        }
        let start = inode.blocks.checked_add(offset)?;
        let there = inode.in_blocks.wrapping_sub(offset).min(PAGE);
        if !start.is_multiple_of(PAGE) {
            return None;
        }
        let padding = self.slice(start.checked_add(there)?, PAGE.wrapping_sub(there))?;
        if there < inode.size.wrapping_sub(offset).min(PAGE)
            || padding.iter().any(|byte| *byte != 0)
        {
            return None;
        }
        usize::try_from(start / PAGE).ok()
    }
}

/// Reads 64 bytes; `blocks` is the number of the first block.
fn extended_inode(bytes: &[u8], nid: Nid, mode: u32) -> Option<Inode> {
    Some(Inode {
        nid,
        mode,
        size: u64_at(bytes, 8)?,
        uid: u32_at(bytes, 24)?,
        gid: u32_at(bytes, 28)?,
        links: u32_at(bytes, 44)?,
        mtime: u64_at(bytes, 32)?.cast_signed(),
        blocks: u64::from(u32_at(bytes, 16)?),
        in_blocks: 0,
        tail: 0,
    })
}
