//! Reading a ROFS archive back, whoever wrote it.
//!
//! The bytes may be anybody's: every offset, count and number is checked against the archive, each inode is entered once, and
//! the tables are limited in length.

use std::collections::BTreeSet;

use object::read::ReadRef;

use super::{BLOCK, FILE, FOLDER, INODE, LINK, MAGIC, VERSION};
use crate::archive::EntryKind;
use crate::error::{Error, Result};
use crate::image::Span;

/// Longest structure area that is read, in bytes.
const MAX_TABLES: u64 = 256 << 20;
/// Most folders within folders.
const MAX_DEPTH: usize = 256;

/// Something in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its absolute path.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Where a file's bytes lie, from the start of what was read.
    pub content: Span,
}

/// The type, place and count of an inode.
#[derive(Debug, Clone, Copy)]
struct Inode {
    kind: u64,
    at: u64,
    count: u64,
}

struct Tables<'a> {
    span: Span,
    names: Vec<(u64, &'a str)>,
    targets: Vec<&'a str>,
    inodes: Vec<Inode>,
}

/// Whether an archive begins with these bytes.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC.to_le_bytes())
}

/// All entries of the archive that lies at `span` of `data`, each folder before what it holds.
///
/// # Errors
/// When it is none, or damaged.
pub fn list<'a, R: ReadRef<'a>>(data: R, span: Span) -> Result<Vec<Entry>> {
    let tables = Tables::read(data, span)?;
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    tables.enter(1, String::new(), 0, &mut seen, &mut entries)?;
    Ok(entries)
}

/// The bytes of a file of at most `most` bytes.
///
/// # Errors
/// When it is longer, or its bytes can't be read.
pub fn content<'a, R: ReadRef<'a>>(data: R, entry: &Entry, most: u64) -> Result<&'a [u8]> {
    if entry.content.len > most {
        return Err(broken(format!("`{}` is too long", entry.path)));
    }
    bytes(data, entry.content.start, entry.content.len)
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::input(format!("the ROFS archive is damaged: {what}"))
}

fn bytes<'a, R: ReadRef<'a>>(data: R, at: u64, len: u64) -> Result<&'a [u8]> {
    data.read_bytes_at(at, len)
        .map_err(|()| broken(format!("nothing lies at {at:#x}, {len} bytes")))
}

impl<'a> Tables<'a> {
    fn read<R: ReadRef<'a>>(data: R, span: Span) -> Result<Self> {
        let head = bytes(data, span.start, 64)?;
        let words: Vec<u64> = head.chunks_exact(8).map(number).collect();
        let [
            magic,
            version,
            block,
            first,
            n_blocks,
            n_names,
            n_targets,
            n_inodes,
        ] = words[..]
        else {
            return Err(broken("its superblock is short"));
        };
        if magic != MAGIC || version != VERSION || block != BLOCK {
            return Err(Error::input(format!(
                "it is no ROFS archive of version {VERSION} with blocks of {BLOCK} bytes"
            )));
        }
        let start = first.checked_mul(BLOCK).filter(|start| *start <= span.len);
        let len = n_blocks.checked_mul(BLOCK).filter(|len| *len <= MAX_TABLES);
        let (Some(start), Some(len)) = (start, len) else {
            return Err(broken("its tables lie outside, or are too long"));
        };
        let len = len.min(span.len - start);
        let mut rest = Rest(bytes(data, span.start + start, len)?);
        let names = rest.table(n_names, |rest| Some((rest.number()?, rest.text()?)));
        let names = names.ok_or_else(|| broken("its table of names"))?;
        let targets = rest.table(n_targets, Rest::text);
        let targets = targets.ok_or_else(|| broken("its table of links"))?;
        let inodes = rest.table(n_inodes, Rest::inode);
        let inodes = inodes.ok_or_else(|| broken("its table of inodes"))?;
        Ok(Self {
            span,
            names,
            targets,
            inodes,
        })
    }

    fn enter(
        &self,
        number: u64,
        path: String,
        depth: usize,
        seen: &mut BTreeSet<u64>,
        entries: &mut Vec<Entry>,
    ) -> Result<()> {
        let inode = index(number).and_then(|index| self.inodes.get(index.checked_sub(1)?));
        let inode = *inode.ok_or_else(|| broken(format!("`{path}` has no inode")))?;
        if depth > MAX_DEPTH || !seen.insert(number) {
            return Err(broken(format!("`{path}` is in itself, or there twice")));
        }
        let mut content = Span { start: 0, len: 0 };
        let kind = match inode.kind {
            FOLDER => EntryKind::Folder,
            FILE => {
                content = self.file(&path, inode)?;
                EntryKind::File(content.len)
            }
            LINK => {
                let target = index(inode.at).and_then(|at| self.targets.get(at));
                let target = target.ok_or_else(|| broken(format!("link `{path}`")))?;
                EntryKind::Link((*target).to_owned())
            }
            other => return Err(broken(format!("`{path}` is of type {other:#x}"))),
        };
        let shown = if path.is_empty() { "/" } else { &path }.to_owned();
        entries.push(Entry {
            path: shown,
            kind,
            content,
        });
        if inode.kind != FOLDER {
            return Ok(());
        }
        let range = index(inode.at).and_then(|at| Some(at..at.checked_add(index(inode.count)?)?));
        let names = range.and_then(|range| self.names.get(range));
        for (number, name) in names.ok_or_else(|| broken(format!("folder `{path}`")))? {
            if name.is_empty() || name.contains(['/', '\0']) || *name == "." || *name == ".." {
                return Err(broken(format!("a name in `{path}`")));
            }
            self.enter(*number, format!("{path}/{name}"), depth + 1, seen, entries)?;
        }
        Ok(())
    }

    fn file(&self, path: &str, inode: Inode) -> Result<Span> {
        let start = inode.at.checked_mul(BLOCK);
        let end = start.and_then(|start| start.checked_add(inode.count));
        match (start, end) {
            (Some(start), Some(end)) if end <= self.span.len => Ok(Span {
                start: self.span.start + start,
                len: inode.count,
            }),
            _ => Err(broken(format!("the bytes of `{path}` lie outside"))),
        }
    }
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

fn number(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(word)
}

/// What is left of the tables.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8).map(number)
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = index(number(self.take(2)?))?;
        std::str::from_utf8(self.take(len)?).ok()
    }

    fn inode(&mut self) -> Option<Inode> {
        let fields = self.take(INODE)?;
        let field = |at: usize| fields.get(at..at + 8).map(number);
        Some(Inode {
            kind: field(0)? & 0xf000,
            at: field(16)?,
            count: field(24)?,
        })
    }

    fn table<T>(&mut self, n: u64, next: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // The smallest entry has two bytes: more entries than that can't be there.
        let n = index(n).filter(|n| *n <= self.0.len())?;
        (0..n).map(|_| next(self)).collect()
    }
}
