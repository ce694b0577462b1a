//! Names of the archive: directory blocks of entries, then their names, sorted over the whole directory.

use core::cmp::Ordering;

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

    fn entry(&self, index: usize) -> Option<Entry> {
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

/// The first place of the block behind that of a place.
fn next_block(place: u64) -> u64 {
    (place / PLACES).saturating_add(1).saturating_mul(PLACES)
}

/// Where in its block an entry's name starts.
fn name_start(entry: &[u8; ENTRY]) -> usize {
    usize::from(u16::from_le_bytes([entry[8], entry[9]]))
}

impl Erofs {
    /// What `name` names in the directory. Names are sorted over all of its blocks.
    pub(crate) fn find(
        &self,
        directory: &Extent,
        name: &[u8],
    ) -> Result<Option<Entry>, ErofsError> {
        let blocks = directory.size.div_ceil(self.block_size());
        let (mut low, mut high) = (0, blocks.saturating_mul(PLACES));
        while low < high {
            let middle = low.midpoint(high);
            let found = self.at_or_before(directory, middle);
            let (place, entry) = found.ok_or(ErofsError::Directory)?;
            match entry.name.cmp(name) {
                Ordering::Less if place < middle => low = next_block(middle),
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Equal => return Ok(Some(entry)),
                Ordering::Greater => high = place,
            }
        }
        Ok(None)
    }

    /// The entry at a place, or the last one of its block when that has less, and its place.
    fn at_or_before(&self, directory: &Extent, place: u64) -> Option<(u64, Entry)> {
        let block = self.block(directory, place / PLACES)?;
        let last = block.entries.len().saturating_sub(1) as u64;
        let index = last.min(place % PLACES);
        let place = (place / PLACES)
            .saturating_mul(PLACES)
            .saturating_add(index);
        Some((place, block.entry(usize::try_from(index).ok()?)?))
    }

    /// The first entry whose place is `place` or behind it, and its place. Places grow with names and never change.
    pub(crate) fn at_or_behind(
        &self,
        directory: &Extent,
        place: u64,
    ) -> Result<Option<(u64, Entry)>, ErofsError> {
        let blocks = directory.size.div_ceil(self.block_size());
        let mut place = place;
        while place / PLACES < blocks {
            let found = self.at_or_before(directory, place);
            let (at, entry) = found.ok_or(ErofsError::Directory)?;
            if at == place {
                if entry.name.is_empty() || entry.name.contains(&b'/') {
                    return Err(ErofsError::Directory);
                }
                return Ok(Some((at, entry)));
            }
            place = next_block(place);
        }
        Ok(None)
    }

    fn block(&self, directory: &Extent, number: u64) -> Option<Block> {
        let offset = number.saturating_mul(self.block_size());
        Block::new(self.contents(directory, offset, self.block_size()))
    }
}
