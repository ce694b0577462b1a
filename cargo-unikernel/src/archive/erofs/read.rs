//! Reading an archive back, as far as we lay it out ourselves: compact inodes, no compression.
//!
//! The bytes may be anybody's: every offset and length is checked against the archive's, folders are entered once, and the
//! number of entries is limited.

use std::collections::BTreeSet;

use object::read::ReadRef;

use super::BLOCK;
use super::inode::{self, Kind};
use super::superblock::{MAGIC, OFFSET};
use crate::archive::EntryKind;
use crate::error::{Error, Result};
use crate::image::Span;

/// Most entries that are listed.
const MAX_ENTRIES: usize = 1 << 20;
/// Longest folder or link that is read, in bytes.
const MAX_LEN: u64 = 64 << 20;
/// Length of `struct erofs_dirent`.
const NAME_ENTRY: usize = 12;

/// Something in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its absolute path.
    pub path: String,
    /// Its permissions, 0o0000 to 0o7777.
    pub permissions: u16,
    /// What it is.
    pub kind: EntryKind,
    inode: Inode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inode {
    kind: Kind,
    permissions: u16,
    size: u64,
    /// Offset in the archive of the blocks.
    blocks: u64,
    /// Offset and length of what follows the inode.
    tail: (u64, u64),
}

/// An archive somewhere in a file.
#[derive(Debug, Clone, Copy)]
pub struct Reader<R> {
    data: R,
    span: Span,
    /// Offset of inode 0.
    inodes: u64,
    root: u64,
}

impl<'a, R: ReadRef<'a>> Reader<R> {
    /// The archive that lies at `span` of `data`.
    ///
    /// # Errors
    /// When it is none, or one that this tool does not write.
    pub fn open(data: R, span: Span) -> Result<Self> {
        let mut reader = Self {
            data,
            span,
            inodes: 0,
            root: 0,
        };
        let block = reader.bytes(OFFSET as u64, 128)?;
        if number(block, 0, 4) != u64::from(MAGIC) {
            return Err(broken("it does not start as EROFS does"));
        }
        // log2 of the block size; features that change what the rest means.
        if number(block, 12, 1) != 12 || number(block, 80, 4) != 0 {
            return Err(broken(
                "it is laid out in a way that this tool does not write",
            ));
        }
        if number(block, 36, 4) * BLOCK > span.len {
            return Err(broken("it is cut off"));
        }
        reader.root = number(block, 14, 2);
        reader.inodes = number(block, 40, 4) * BLOCK;
        Ok(reader)
    }

    /// All that is in it, each folder before what it holds, names sorted.
    ///
    /// # Errors
    /// When it is damaged, or holds more than 1,048,576 entries.
    pub fn list(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut entered = BTreeSet::new();
        // The last one is next.
        let mut open = vec![("/".to_owned(), self.root)];
        while let Some((path, nid)) = open.pop() {
            let inode = self.inode(nid)?;
            let kind = match inode.kind {
                Kind::File => EntryKind::File(inode.size),
                Kind::Link => {
                    let target = String::from_utf8(self.content_of(&inode, MAX_LEN)?);
                    EntryKind::Link(target.map_err(|_| broken("a link is not UTF-8"))?)
                }
                Kind::Folder => EntryKind::Folder,
            };
            if kind == EntryKind::Folder {
                if !entered.insert(nid) {
                    return Err(broken("a folder is in it twice"));
                }
                let mut names = self.names(&inode)?;
                names.reverse();
                if entries.len() + open.len() + names.len() > MAX_ENTRIES {
                    return Err(broken("it holds too many entries"));
                }
                let above = path.trim_end_matches('/');
                open.extend(
                    names
                        .into_iter()
                        .map(|(name, nid)| (format!("{above}/{name}"), nid)),
                );
            }
            entries.push(Entry {
                path,
                permissions: inode.permissions,
                kind,
                inode,
            });
        }
        Ok(entries)
    }

    /// The content of a file of at most `limit` bytes.
    ///
    /// # Errors
    /// When it is longer, or leaves the archive.
    pub fn content(&self, entry: &Entry, limit: u64) -> Result<Vec<u8>> {
        self.content_of(&entry.inode, limit)
            .map_err(|error| error.context(format!("reading `{}`", entry.path)))
    }

    fn inode(&self, nid: u64) -> Result<Inode> {
        let at = nid
            .checked_mul(inode::SLOT)
            .and_then(|at| at.checked_add(self.inodes))
            .ok_or_else(|| broken("an inode lies outside"))?;
        let bytes = self.bytes(at, inode::SIZE)?;
        let mode = number(bytes, 4, 2);
        let kind = match mode & 0o170_000 {
            0o100_000 => Kind::File,
            0o040_000 => Kind::Folder,
            0o120_000 => Kind::Link,
            _ => return Err(broken("an inode is neither file nor folder nor link")),
        };
        let size = number(bytes, 8, 4);
        let tail_len = match number(bytes, 0, 2) {
            0 => 0,
            // `EROFS_INODE_FLAT_INLINE`.
            4 => size % BLOCK,
            _ => return Err(broken("an inode has a form that this tool does not write")),
        };
        Ok(Inode {
            kind,
            permissions: u16::try_from(mode & 0o7777).unwrap_or_default(),
            size,
            blocks: number(bytes, 16, 4) * BLOCK,
            tail: (at + inode::SIZE, tail_len),
        })
    }

    fn content_of(&self, inode: &Inode, limit: u64) -> Result<Vec<u8>> {
        if inode.size > limit {
            return Err(broken("something in it is longer than can be"));
        }
        let (tail_at, tail_len) = inode.tail;
        let mut content = Vec::new();
        if inode.size > tail_len {
            content.extend(self.bytes(inode.blocks, inode.size - tail_len)?);
        }
        content.extend(self.bytes(tail_at, tail_len)?);
        Ok(content)
    }

    /// Names in a folder with the numbers of their inodes, in the archive's order, without `.` and `..`.
    fn names(&self, inode: &Inode) -> Result<Vec<(String, u64)>> {
        let content = self.content_of(inode, MAX_LEN)?;
        let mut names = Vec::new();
        for block in content.chunks(4096) {
            let n_names = number(block, 8, 2) as usize / NAME_ENTRY;
            for index in 0..n_names {
                let at = index * NAME_ENTRY;
                let start = number(block, at + 8, 2) as usize;
                let end = match index + 1 < n_names {
                    true => number(block, at + NAME_ENTRY + 8, 2) as usize,
                    false => block.len(),
                };
                let name = block.get(start..end);
                let name = name.ok_or_else(|| broken("a name leaves its folder"))?;
                // The last name of a block is followed by zeros.
                let len = name.iter().position(|byte| *byte == 0);
                let name = &name[..len.unwrap_or(name.len())];
                let name = std::str::from_utf8(name).map_err(|_| broken("a name is not UTF-8"))?;
                match name {
                    "." | ".." => {}
                    name if name.is_empty() || name.contains('/') => {
                        return Err(broken("a name is none"));
                    }
                    name => names.push((name.to_owned(), number(block, at, 8))),
                }
            }
        }
        Ok(names)
    }

    /// Bytes at an offset in the archive.
    fn bytes(&self, at: u64, len: u64) -> Result<&'a [u8]> {
        if at.checked_add(len).is_none_or(|end| end > self.span.len) {
            return Err(broken("it leaves its bounds"));
        }
        self.data
            .read_bytes_at(self.span.start + at, len)
            .map_err(|()| broken("it can't be read"))
    }
}

/// The little-endian number of `len` bytes at `at`; 0 where there are none.
fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    let bytes = bytes.get(at..at + len).unwrap_or_default();
    let bytes = bytes.iter().rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn broken(how: &str) -> Error {
    Error::input(format!("the archive is damaged or not ours: {how}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::{Mode, Node, RootPath, RootTree, Source};

    fn tree() -> RootTree {
        let mut tree = RootTree::default();
        let file = |mode, len: usize| Node::File {
            mode: Mode(mode),
            source: Source::from(vec![b'x'; len]),
        };
        let mut put = |path: &str, node| tree.insert(RootPath::parse(path).unwrap(), node).unwrap();
        put("/app", file(0o755, 10));
        put("/etc/empty", file(0o644, 0));
        put("/etc/large", file(0o600, 9000));
        let target = "/app".to_owned();
        put("/link", Node::Link { target });
        put("/tmp", Node::Folder { mode: Mode(0o1777) });
        for index in 0..400 {
            put(&format!("/many/name-{index:03}"), file(0o644, 3));
        }
        tree
    }

    fn archive(tree: &RootTree) -> Vec<u8> {
        let mut bytes = Vec::new();
        let plan = super::super::plan(tree).unwrap();
        plan.write(&mut bytes).unwrap();
        bytes
    }

    fn reader(bytes: &[u8]) -> Result<Reader<&[u8]>> {
        let span = Span {
            start: 0,
            len: bytes.len() as u64,
        };
        Reader::open(bytes, span)
    }

    #[test]
    fn what_was_written_is_read() {
        let (tree, bytes) = (tree(), archive(&tree()));
        let reader = reader(&bytes).unwrap();
        let mut entries = reader.list().unwrap();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let mut expected: Vec<_> = tree.iter().collect();
        expected.sort_by_key(|(path, _)| path.to_string());
        assert_eq!(entries.len(), expected.len());
        for (entry, (path, node)) in entries.iter().zip(expected) {
            assert_eq!(entry.path, path.to_string());
            let (mode, kind) = match node {
                Node::Folder { mode } => (*mode, EntryKind::Folder),
                Node::File { mode, source } => (*mode, EntryKind::File(source.len())),
                Node::Link { target } => (Mode(0o777), EntryKind::Link(target.clone())),
            };
            assert_eq!((Mode(entry.permissions), &entry.kind), (mode, &kind));
            if let EntryKind::File(len) = kind {
                let content = reader.content(entry, u64::MAX).unwrap();
                assert_eq!(content, vec![b'x'; usize::try_from(len).unwrap()]);
            }
        }
    }

    #[test]
    fn any_damage_is_an_answer() {
        let mut tree = RootTree::default();
        for path in ["/a/b", "/c"] {
            let target = "x".to_owned();
            tree.insert(RootPath::parse(path).unwrap(), Node::Link { target })
                .unwrap();
        }
        let whole = archive(&tree);
        let mut refused = 0;
        for at in 1024..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let listed = reader(&bytes).and_then(|reader| reader.list());
                refused += usize::from(listed.is_err());
            }
        }
        assert!(refused > 50, "{refused}");
        for len in [0, 1024, 1100, 4096, 4200, 5000] {
            let listed = reader(&whole[..len]).and_then(|reader| reader.list());
            assert!(listed.is_err(), "{len}");
        }
    }

    #[test]
    fn folder_in_itself_is_refused() {
        let mut tree = RootTree::default();
        let node = Node::Folder { mode: Mode(0o755) };
        tree.insert(RootPath::parse("/abc").unwrap(), node).unwrap();
        let mut bytes = archive(&tree);
        // The entry of `abc`, the third one in the root's content, is led back to the root.
        let name = bytes.windows(6).position(|window| window == b"...abc");
        let at = name.unwrap() - 3 * NAME_ENTRY;
        let (root, entry) = (at, at + 2 * NAME_ENTRY);
        bytes.copy_within(root..root + 8, entry);
        let error = reader(&bytes).unwrap().list().unwrap_err().to_string();
        assert!(error.contains("twice"), "{error}");
    }
}
