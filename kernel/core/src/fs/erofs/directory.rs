//! Names of the archive: directory blocks of entries, then their names, sorted over the whole directory.

use unikernel_abi::bytes::{slice, u16_at, u64_at};

use super::{Erofs, ErofsError, Inode, Nid};

/// Length of an entry: inode, offset of the name, type, a byte of zero.
const ENTRY: usize = 12;

/// Places of entries that a block takes up: more than fit into the largest block.
const PLACES: u64 = 512;

/// One name in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The name.
    pub(crate) name: &'static [u8],
    /// What it names.
    pub(crate) nid: Nid,
    /// `FT_*` of the format: 1 file, 2 directory, 3 character device, 4 block device, 5 FIFO, 6 socket, 7 symbolic link.
    pub(crate) kind: u8,
}

/// The entries of one directory block.
#[derive(Clone, Copy)]
struct Block {
    bytes: &'static [u8],
    count: usize,
}

impl Block {
    fn new(bytes: &'static [u8]) -> Result<Self, ErofsError> {
        let names = usize::from(u16_at(bytes, 8).ok_or(ErofsError::Directory)?);
        let count = names / ENTRY;
        if count == 0 || names % ENTRY != 0 || names > bytes.len() {
            return Err(ErofsError::Directory);
        }
        Ok(Self { bytes, count })
    }

    fn entry(&self, index: usize) -> Result<Entry, ErofsError> {
        self.read(index).ok_or(ErofsError::Directory)
    }

    fn read(&self, index: usize) -> Option<Entry> {
        let at = index.checked_mul(ENTRY)?;
        let name = usize::from(u16_at(self.bytes, at.checked_add(8)?)?);
        let next = index.checked_add(1)?;
        let name = if next < self.count {
            let end = usize::from(u16_at(self.bytes, at.checked_add(ENTRY)?.checked_add(8)?)?);
            slice(self.bytes, name, end.checked_sub(name)?)?
        } else {
            // The last name ends with the block, or with a NUL before it.
            self.bytes.get(name..)?.split(|byte| *byte == 0).next()?
        };
        if name.is_empty() || name.contains(&b'/') {
            return None;
        }
        Some(Entry {
            name,
            nid: Nid(u64_at(self.bytes, at)?),
            kind: *self.bytes.get(at.checked_add(10)?)?,
        })
    }
}

impl Erofs {
    /// What `name` names in the directory.
    pub(crate) fn find(&self, directory: &Inode, name: &[u8]) -> Result<Option<Entry>, ErofsError> {
        self.first_not_before(directory, |entry| entry < name)
            .map(|entry| entry.filter(|entry| entry.name == name))
    }

    /// The first entry whose place is `place` or behind it, and its place. Places grow with names and never change.
    pub(crate) fn at_or_behind(
        &self,
        directory: &Inode,
        place: u64,
    ) -> Result<Option<(u64, Entry)>, ErofsError> {
        let blocks = directory.size.div_ceil(self.block_size());
        let mut number = place / PLACES;
        let mut index = usize::try_from(place % PLACES).map_err(|_| ErofsError::Directory)?;
        while number < blocks {
            let block = self.block(directory, number)?;
            if index < block.count {
                let place = number
                    .checked_mul(PLACES)
                    .and_then(|first| first.checked_add(index as u64))
                    .ok_or(ErofsError::Directory)?;
                return Ok(Some((place, block.entry(index)?)));
            }
            number = number.saturating_add(1);
            index = 0;
        }
        Ok(None)
    }

    /// The first entry, in the order of names, for which `before` no longer holds.
    fn first_not_before(
        &self,
        directory: &Inode,
        before: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Entry>, ErofsError> {
        let blocks = directory.size.div_ceil(self.block_size());
        // The last block whose first name is before; what is sought stands in it or is the next block's first name.
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low.midpoint(high);
            if before(self.block(directory, middle)?.entry(0)?.name) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        if let Some(last) = low.checked_sub(1) {
            let block = self.block(directory, last)?;
            for index in 0..block.count {
                let entry = block.entry(index)?;
                if !before(entry.name) {
                    return Ok(Some(entry));
                }
            }
        }
        if low < blocks {
            return Ok(Some(self.block(directory, low)?.entry(0)?));
        }
        Ok(None)
    }

    fn block(&self, directory: &Inode, index: u64) -> Result<Block, ErofsError> {
        let offset = index
            .checked_mul(self.block_size())
            .ok_or(ErofsError::Directory)?;
        Block::new(self.contents(directory, offset, self.block_size()))
    }
}
