//! Names of the archive: directory blocks of entries, then their names, sorted over the whole directory.

use unikernel_abi::bytes::u64_at;

use super::{Erofs, ErofsError, Extent, Nid};

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
    entries: &'static [[u8; ENTRY]],
}

impl Block {
    fn new(bytes: &'static [u8]) -> Option<Self> {
        // The first name stands behind the last entry.
        let first: &[u8; ENTRY] = bytes.first_chunk()?;
        let (entries, rest) = bytes.get(..name_start(first))?.as_chunks();
        (!entries.is_empty() && rest.is_empty()).then_some(Self { bytes, entries })
    }

    fn entry(&self, index: usize) -> Result<Entry, ErofsError> {
        self.read(index).ok_or(ErofsError::Directory)
    }

    fn read(&self, index: usize) -> Option<Entry> {
        let (entry, behind) = self.entries.get(index..)?.split_first()?;
        let name = self.bytes.get(name_start(entry)..)?;
        let name = match behind.first() {
            Some(next) => name.get(..name_start(next).checked_sub(name_start(entry))?)?,
            // The last name ends with the block, or with a NUL before it.
            None => name.split(|byte| *byte == 0).next()?,
        };
        Some(Entry {
            name,
            nid: Nid(u64_at(entry, 0)?),
            kind: entry[10],
        })
    }
}

/// Where in its block an entry's name starts.
fn name_start(entry: &[u8; ENTRY]) -> usize {
    usize::from(u16::from_le_bytes([entry[8], entry[9]]))
}

impl Erofs {
    /// What `name` names in the directory.
    pub(crate) fn find(
        &self,
        directory: &Extent,
        name: &[u8],
    ) -> Result<Option<Entry>, ErofsError> {
        // The first block whose first name is behind the sought one; that stands before it.
        let (mut low, mut high) = (0, self.blocks_of(directory));
        while low < high {
            let middle = low.midpoint(high);
            if self.block(directory, middle)?.entry(0)?.name > name {
                high = middle;
            } else {
                low = middle.saturating_add(1);
            }
        }
        let Some(number) = low.checked_sub(1) else {
            return Ok(None);
        };
        let block = self.block(directory, number)?;
        for index in 0..block.entries.len() {
            let entry = block.entry(index)?;
            if entry.name == name {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The first entry whose place is `place` or behind it, and its place. Places grow with names and never change.
    pub(crate) fn at_or_behind(
        &self,
        directory: &Extent,
        place: u64,
    ) -> Result<Option<(u64, Entry)>, ErofsError> {
        let blocks = self.blocks_of(directory);
        let mut number = place / PLACES;
        let mut index = usize::try_from(place % PLACES).map_err(|_| ErofsError::Directory)?;
        while number < blocks {
            let block = self.block(directory, number)?;
            if index < block.entries.len() {
                let place = number
                    .checked_mul(PLACES)
                    .and_then(|first| first.checked_add(index as u64))
                    .ok_or(ErofsError::Directory)?;
                let entry = block.entry(index)?;
                if entry.name.is_empty() || entry.name.contains(&b'/') {
                    return Err(ErofsError::Directory);
                }
                return Ok(Some((place, entry)));
            }
            number = number.saturating_add(1);
            index = 0;
        }
        Ok(None)
    }

    fn blocks_of(&self, directory: &Extent) -> u64 {
        directory.size.div_ceil(self.block_size())
    }

    fn block(&self, directory: &Extent, index: u64) -> Result<Block, ErofsError> {
        let offset = index.saturating_mul(self.block_size());
        Block::new(self.contents(directory, offset, self.block_size())).ok_or(ErofsError::Directory)
    }
}
