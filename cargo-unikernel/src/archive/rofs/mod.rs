//! ROFS: OSv's read-only file system.
//!
//! Little-endian, blocks of 512 bytes. Block 0 is the superblock; then the data of each file from a block boundary on; then
//! three tables back to back: names in folders, targets of links, inodes. An inode is a type and two numbers: there are no
//! permissions, owners or times, so the same tree gives the same bytes. All programs see everything as 0555, owned by root.
//!
//! Format: OSv, `fs/rofs/rofs.hh` and `scripts/gen-rofs-img.py`.

pub mod read;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;

use object::read::ReadCache;

use super::{Archive, Contents};
use crate::error::{Error, Result};
use crate::fs;
use crate::image::{Plan, Span};
use crate::program::MAX_LEN;
use crate::root::{Node, RootPath, RootTree};

/// Bytes in a block: OSv computes addresses with this size, whatever the superblock says.
pub const BLOCK: u64 = 512;

/// First word of the superblock.
const MAGIC: u64 = 0xdead_bead;
/// The only version that there is.
const VERSION: u64 = 1;
/// Length of an inode in bytes.
const INODE: usize = 32;
/// Longest name that OSv's VFS takes (`NAME_MAX`), in bytes.
const MAX_NAME: usize = 255;
/// Longest target of a link that OSv's VFS follows (`PATH_MAX`, with its NUL), in bytes.
const MAX_TARGET: usize = 4095;

/// What OSv shows for everything (`fs/rofs/rofs_vnops.cc`).
const PERMISSIONS: u16 = 0o555;

/// Types of inodes: those of `st_mode` (inode(7)).
const FOLDER: u64 = 0x4000;
const FILE: u64 = 0x8000;
const LINK: u64 = 0xa000;

/// OSv's own.
pub static ARCHIVE: Archive = Archive {
    name: "rofs",
    about: "OSv's read-only file system: no permissions, no times",
    plan,
    look,
};

fn look(path: &Path, span: Span, file: &str) -> Result<Contents> {
    let cache = ReadCache::new(BufReader::new(fs::open(path)?));
    let entries = read::list(&cache, span)?;
    let found = entries.iter().find(|entry| entry.path == file);
    let content = found.map(|entry| read::content(&cache, entry, MAX_LEN).map(<[u8]>::to_vec));
    let listed = |entry: &read::Entry| super::Entry {
        path: entry.path.clone(),
        permissions: PERMISSIONS,
        kind: entry.kind.clone(),
    };
    Ok(Contents {
        file: content.transpose()?,
        entries: entries.iter().map(listed).collect(),
    })
}

/// The three tables, as they grow.
#[derive(Default)]
struct Tables {
    names: Vec<u8>,
    n_names: u64,
    targets: Vec<u8>,
    n_targets: u64,
    inodes: Vec<u8>,
}

/// Where every byte of the archive goes; its length is a multiple of [`BLOCK`].
///
/// # Errors
/// When a name or a link's target is longer than OSv takes.
pub fn plan(tree: &RootTree) -> Result<Plan> {
    let numbers: BTreeMap<&RootPath, u64> = (tree.iter().map(|(path, _)| path)).zip(1..).collect();
    let folders = folders(tree, &numbers);
    let mut plan = Plan::default();
    let superblock = plan.place("superblock", BLOCK, crate::image::Content::Reserved(BLOCK));
    let mut tables = Tables::default();
    for (number, (path, node)) in (1..).zip(tree.iter()) {
        let (kind, at, count) = match node {
            Node::Folder { .. } => {
                let names = folders.get(&number).map_or(&[][..], Vec::as_slice);
                let first = tables.n_names;
                for (name, number) in names {
                    tables.name(path, name, *number)?;
                }
                (FOLDER, first, names.len() as u64)
            }
            Node::File { source, .. } => {
                let span = plan.place(path.to_string(), BLOCK, source.clone());
                (FILE, span.start / BLOCK, span.len)
            }
            Node::Link { target } => (LINK, tables.target(path, target)?, 1),
        };
        for field in [kind, number, at, count] {
            tables.inodes.extend(field.to_le_bytes());
        }
    }
    let n_inodes = (tables.inodes.len() / INODE) as u64;
    let counts = [tables.n_names, tables.n_targets, n_inodes];
    let structure = [tables.names, tables.targets, tables.inodes].concat();
    let span = plan.place("structure", BLOCK, structure);
    plan.pad(BLOCK);
    let area = [span.start / BLOCK, span.len.div_ceil(BLOCK)];
    plan.fill(superblock, encode_superblock(area, counts))?;
    Ok(plan)
}

/// By number of a folder: the names in it with their numbers, in the tree's order.
fn folders<'a>(
    tree: &'a RootTree,
    numbers: &BTreeMap<&RootPath, u64>,
) -> BTreeMap<u64, Vec<(&'a str, u64)>> {
    let mut folders: BTreeMap<u64, Vec<(&str, u64)>> = BTreeMap::new();
    for (path, _) in tree.iter() {
        let above = path.parent();
        let above = above.as_ref().and_then(|above| numbers.get(above));
        if let (Some(above), Some(name), Some(number)) = (above, path.name(), numbers.get(path)) {
            folders.entry(*above).or_default().push((name, *number));
        }
    }
    folders
}

/// `area`: first block and number of blocks of the tables; `counts`: names, targets, inodes.
fn encode_superblock(area: [u64; 2], counts: [u64; 3]) -> Vec<u8> {
    let fields = [&[MAGIC, VERSION, BLOCK][..], &area, &counts].concat();
    let mut block: Vec<u8> = fields
        .iter()
        .flat_map(|field| field.to_le_bytes())
        .collect();
    block.resize(BLOCK as usize, 0);
    block
}

impl Tables {
    fn name(&mut self, folder: &RootPath, name: &str, number: u64) -> Result<()> {
        let len = length(name, MAX_NAME, || {
            format!("the name `{name}` in `{folder}`")
        })?;
        self.names.extend(number.to_le_bytes());
        self.names.extend(len);
        self.names.extend(name.as_bytes());
        self.n_names += 1;
        Ok(())
    }

    /// The index of the target that was put there.
    fn target(&mut self, path: &RootPath, target: &str) -> Result<u64> {
        let len = length(target, MAX_TARGET, || {
            format!("the target of the link `{path}`")
        })?;
        self.targets.extend(len);
        self.targets.extend(target.as_bytes());
        self.n_targets += 1;
        Ok(self.n_targets - 1)
    }
}

fn length(text: &str, most: usize, what: impl Fn() -> String) -> Result<[u8; 2]> {
    let len = u16::try_from(text.len()).ok();
    let len = len.filter(|len| usize::from(*len) <= most && *len > 0);
    len.map(u16::to_le_bytes).ok_or_else(|| {
        Error::input(format!(
            "{} has {} bytes, and OSv takes 1 to {most}",
            what(),
            text.len()
        ))
    })
}

#[cfg(test)]
mod tests;
