//! EROFS: a read-only file system whose pages are used where they lie.
//!
//! Uncompressed, blocks of 4 KiB, compact inodes. Block 0 holds the superblock; from block 1 on lie the inodes, each with the
//! end of a small file, folder or link right behind it (`FLAT_INLINE`); then whole blocks of folders, links and files
//! (`FLAT_PLAIN`). A file of a block or more, and everything executable, is `FLAT_PLAIN`, page-aligned, and zero to the end of its last
//! block, so that a kernel can map its pages. Owners are 0, the time is always the same, and the UUID is nil: the same tree gives the
//! same bytes.
//!
//! Format: Linux, `fs/erofs/erofs_fs.h` and `Documentation/filesystems/erofs.rst`. Oracle in the tests: `fsck.erofs`.

mod folder;
mod inode;
pub mod read;
mod superblock;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;

use inode::{Inode, Layout};
use object::read::ReadCache;

use super::{Archive, Contents};
use crate::error::{Error, Result};
use crate::fs;
use crate::image::{Content, Plan, Span};
use crate::program::MAX_LEN;
use crate::root::{Node, RootPath, RootTree};

/// Bytes in a block.
pub const BLOCK: u64 = 4096;

/// EROFS, uncompressed.
pub static ARCHIVE: Archive = Archive {
    name: "erofs",
    about: "EROFS, uncompressed: file pages are mapped where they lie",
    plan,
    look,
};

fn look(path: &Path, span: Span, file: &str) -> Result<Contents> {
    let cache = ReadCache::new(BufReader::new(fs::open(path)?));
    let reader = read::Reader::open(&cache, span)?;
    let entries = reader.list()?;
    let found = entries.iter().find(|entry| entry.path == file);
    let content = found.map(|entry| reader.content(entry, MAX_LEN));
    let listed = |entry: &read::Entry| super::Entry {
        path: entry.path.clone(),
        permissions: entry.permissions,
        kind: entry.kind.clone(),
    };
    Ok(Contents {
        file: content.transpose()?,
        entries: entries.iter().map(listed).collect(),
    })
}

/// One node of the tree on its way into the archive.
struct Entry<'a> {
    path: &'a RootPath,
    node: &'a Node,
    /// Index of the folder that holds it; the root's own for the root.
    parent: usize,
    /// For a folder: names in it with the index of their entry, `.` and `..` too, sorted by bytes.
    names: Vec<(&'a str, usize)>,
    n_folders: u64,
    inode: Inode,
}

/// Where every byte of the archive goes; its length is a multiple of [`BLOCK`].
///
/// # Errors
/// When a file has more than 4 GiB, or a folder more than 65,533 folders: a compact inode can't say so.
pub fn plan(tree: &RootTree) -> Result<Plan> {
    let mut entries = collect(tree)?;
    let end = number(&mut entries);
    let n_blocks = allocate(&mut entries, BLOCK + end.next_multiple_of(BLOCK))?;

    let mut plan = Plan::default();
    plan.place(
        "superblock",
        BLOCK,
        superblock::encode(entries.len() as u64, entries[0].inode.nid, n_blocks),
    );
    for (index, entry) in entries.iter().enumerate() {
        let at = BLOCK + entry.inode.nid * inode::SLOT;
        let bytes = entry.inode.encode(index as u64 + 1);
        plan.place_at(format!("inode {}", entry.path), at, bytes.to_vec())?;
        place_content(&mut plan, &entries, entry)?;
    }
    plan.pad(BLOCK);
    Ok(plan)
}

/// The nodes in the tree's order, with names, sizes and layouts, but no places yet.
fn collect(tree: &RootTree) -> Result<Vec<Entry<'_>>> {
    let mut index_of = BTreeMap::new();
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (path, node) in tree.iter() {
        let index = entries.len();
        index_of.insert(path.clone(), index);
        let parent = path
            .parent()
            .map_or(Some(0), |above| index_of.get(&above).copied());
        let parent = parent.ok_or_else(|| {
            Error::internal(format!(
                "`{path}` stands in the root tree without its folder"
            ))
        })?;
        entries.push(Entry {
            path,
            node,
            parent,
            names: Vec::new(),
            n_folders: 0,
            inode: Inode::default(),
        });
        if let Some(name) = path.name() {
            entries[parent].names.push((name, index));
            entries[parent].n_folders += u64::from(matches!(node, Node::Folder { .. }));
        }
    }
    for (index, entry) in entries.iter_mut().enumerate() {
        if matches!(entry.node, Node::Folder { .. }) {
            entry.names.extend([(".", index), ("..", entry.parent)]);
            entry.names.sort_unstable();
        }
        entry.inode = Inode::of(entry)?;
    }
    Ok(entries)
}

/// Gives every inode its number, which is its place in slots behind block 0; returns the length of all inodes in bytes.
fn number(entries: &mut [Entry<'_>]) -> u64 {
    // Number 0 stays free: readers take it for "none".
    let mut at = inode::SLOT;
    for entry in entries {
        let len = inode::SIZE + entry.inode.inline_len();
        // What lies inline may not cross a block (Linux, `erofs_read_inode`).
        if at % BLOCK + len > BLOCK {
            at = at.next_multiple_of(BLOCK);
        }
        entry.inode.nid = at / inode::SLOT;
        at += len.next_multiple_of(inode::SLOT);
    }
    at
}

/// Gives every node with whole blocks its first block: folders first, so that a walk touches few pages. Returns the number of
/// blocks in all.
fn allocate(entries: &mut [Entry<'_>], start: u64) -> Result<u32> {
    let mut block = start / BLOCK;
    let too_large = |_| Error::input("the root tree has more than 16 TiB");
    for folders in [true, false] {
        for entry in entries.iter_mut() {
            let is_folder = matches!(entry.node, Node::Folder { .. });
            let n_blocks = entry.inode.n_blocks();
            if is_folder == folders && n_blocks > 0 {
                entry.inode.block = u32::try_from(block).map_err(too_large)?;
                block += n_blocks;
            }
        }
    }
    u32::try_from(block).map_err(too_large)
}

fn place_content(plan: &mut Plan, entries: &[Entry<'_>], entry: &Entry<'_>) -> Result<()> {
    let content = match entry.node {
        Node::Folder { .. } => {
            let nodes = entry.names.iter().map(|(name, index)| {
                let target = &entries[*index];
                (*name, target.inode.nid, target.inode.kind)
            });
            Content::from(folder::encode(nodes.collect()))
        }
        Node::File { source, .. } => source.clone().into(),
        Node::Link { target } => target.as_bytes().to_vec().into(),
    };
    let inode = &entry.inode;
    let inline_at = BLOCK + inode.nid * inode::SLOT + inode::SIZE;
    let blocks_at = u64::from(inode.block) * BLOCK;
    let name = entry.path.to_string();
    match (inode.layout, content) {
        (_, content) if content.is_empty() => {}
        (Layout::Plain, content) => {
            plan.place_at(name, blocks_at, content)?;
        }
        (Layout::Inline, content) if inode.n_blocks() == 0 => {
            plan.place_at(name, inline_at, content)?;
        }
        (Layout::Inline, content) => {
            let Content::Source(crate::root::Source::Bytes(bytes)) = content else {
                return Err(Error::internal(format!(
                    "`{name}` is to be split, but not in memory"
                )));
            };
            let split = bytes.len() - usize::try_from(inode.inline_len()).unwrap_or(0);
            let (blocks, tail) = bytes.split_at(split);
            plan.place_at(name.clone(), blocks_at, blocks.to_vec())?;
            plan.place_at(name, inline_at, tail.to_vec())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
