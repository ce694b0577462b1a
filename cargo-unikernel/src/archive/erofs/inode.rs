//! An inode as it lies in the archive: 32 bytes, the compact form.

use super::{BLOCK, Entry, folder};
use crate::error::{Error, Result};
use crate::root::{Mode, Node};

/// Inodes lie at multiples of so many bytes; an inode's number counts them.
pub(super) const SLOT: u64 = 32;

/// Length of a compact inode in bytes.
pub(super) const SIZE: u64 = 32;

/// How content is stored (`EROFS_INODE_*` in `erofs_fs.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Layout {
    /// In whole blocks.
    #[default]
    Plain = 0,
    /// In whole blocks, but for the rest behind the last one, which follows the inode.
    Inline = 2,
}

/// What an entry is (`EROFS_FT_*` in `erofs_fs.h`, `S_IF*` in inode(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// A regular file.
    #[default]
    File = 1,
    /// A folder.
    Folder = 2,
    /// A symbolic link.
    Link = 7,
}

/// An inode; `nid` and `block` are given when places are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Inode {
    pub(super) nid: u64,
    pub(super) kind: Kind,
    pub(super) layout: Layout,
    /// First block of its content; 0 when it has none.
    pub(super) block: u32,
    permissions: u16,
    n_links: u16,
    /// Length of its content in bytes.
    size: u32,
}

impl Inode {
    /// The inode of an entry whose names are known.
    pub(super) fn of(entry: &Entry<'_>) -> Result<Self> {
        let (kind, Mode(permissions), size, n_links) = match entry.node {
            Node::Folder { mode } => (
                Kind::Folder,
                *mode,
                folder::len(&entry.names),
                2 + entry.n_folders,
            ),
            Node::File { mode, source } => (Kind::File, *mode, source.len(), 1),
            Node::Link { target } => (Kind::Link, Mode(0o777), target.len() as u64, 1),
        };
        let refuse = |what: &str| {
            Error::input(format!(
                "`{}` can't be put into the archive: {what}",
                entry.path
            ))
        };
        Ok(Self {
            nid: 0,
            kind,
            layout: layout(kind, permissions, size),
            block: 0,
            permissions,
            n_links: u16::try_from(n_links)
                .map_err(|_| refuse("more than 65,533 folders in it"))?,
            size: u32::try_from(size).map_err(|_| refuse("4 GiB or more"))?,
        })
    }

    /// Bytes that follow the inode.
    pub(super) fn inline_len(&self) -> u64 {
        match self.layout {
            Layout::Plain => 0,
            Layout::Inline => u64::from(self.size) % BLOCK,
        }
    }

    /// Whole blocks that its content takes.
    pub(super) fn n_blocks(&self) -> u64 {
        match self.layout {
            Layout::Plain => u64::from(self.size).div_ceil(BLOCK),
            Layout::Inline => u64::from(self.size) / BLOCK,
        }
    }

    /// `struct erofs_inode_compact`; `number` is what stat(2) shows as `st_ino`.
    pub(super) fn encode(&self, number: u64) -> [u8; 32] {
        let file_type: u16 = match self.kind {
            Kind::File => 0o100_000,
            Kind::Folder => 0o040_000,
            Kind::Link => 0o120_000,
        };
        let mut bytes = [0; 32];
        bytes[0..2].copy_from_slice(&((self.layout as u16) << 1).to_le_bytes());
        bytes[4..6].copy_from_slice(&(file_type | self.permissions).to_le_bytes());
        bytes[6..8].copy_from_slice(&self.n_links.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.size.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.block.to_le_bytes());
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        bytes[20..24].copy_from_slice(&number.to_le_bytes());
        bytes
    }
}

/// Files that programs map are page-aligned; what is smaller than a page and not run, and the ends of folders and links, are
/// packed behind their inodes when they fit there.
fn layout(kind: Kind, permissions: u16, size: u64) -> Layout {
    let is_mapped = kind == Kind::File && (size >= BLOCK || permissions & 0o111 != 0);
    let rest = size % BLOCK;
    if is_mapped || rest == 0 || SIZE + rest > BLOCK {
        Layout::Plain
    } else {
        Layout::Inline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mapped_is_page_aligned() {
        let check = |kind, permissions, size, expected| {
            assert_eq!(layout(kind, permissions, size), expected, "{kind:?} {size}");
        };
        check(Kind::File, 0o644, 0, Layout::Plain);
        check(Kind::File, 0o644, 1, Layout::Inline);
        check(Kind::File, 0o755, 1, Layout::Plain);
        check(Kind::File, 0o644, 4064, Layout::Inline);
        check(Kind::File, 0o644, 4065, Layout::Plain);
        check(Kind::File, 0o644, 5000, Layout::Plain);
        check(Kind::Folder, 0o755, 5000, Layout::Inline);
        check(Kind::Folder, 0o755, 8192, Layout::Plain);
    }
}
