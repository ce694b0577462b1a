//! The bytes behind link addresses, and the tables that lie there.

use object::endian::LittleEndian as LE;
use object::read::elf::{GnuHashTable, HashTable, ProgramHeader};
use object::{elf, pod};

use super::read::{Header, Result};

/// Most entries that one table of a file may have here; the largest real ones have some hundred thousand.
const MAX_SYMBOLS: u32 = 1 << 22;

/// A file and its segments, for finding bytes by link address.
pub(super) struct Memory<'a>(
    pub(super) &'a [u8],
    pub(super) &'a [elf::ProgramHeader64<LE>],
);

impl<'a> Memory<'a> {
    /// The bytes from `address` to the end of its segment's part of the file.
    pub(super) fn at(&self, address: u64) -> Option<&'a [u8]> {
        let loaded = self.1.iter().filter(|s| s.p_type(LE) == elf::PT_LOAD);
        loaded
            .filter_map(|segment| {
                let offset = address.checked_sub(segment.p_vaddr(LE))?;
                let bytes = segment.data(LE, self.0).ok()?;
                bytes.get(usize::try_from(offset).ok()?..)
            })
            .next()
    }
}

/// How many dynamic symbols there are, as the hash tables tell (no other entry does).
pub(super) fn n_symbols(
    value: &impl Fn(elf::DynamicTag) -> Option<u64>,
    memory: &Memory<'_>,
) -> Result<u32> {
    let outside = "the symbol hash table lies outside of the file";
    let number = if let Some(address) = value(elf::DT_HASH) {
        let bytes = memory.at(address).ok_or(outside)?;
        let table = HashTable::<Header>::parse(LE, bytes).map_err(|error| error.to_string())?;
        table.symbol_table_length()
    } else if let Some(address) = value(elf::DT_GNU_HASH) {
        let bytes = memory.at(address).ok_or(outside)?;
        let table = GnuHashTable::<Header>::parse(LE, bytes).map_err(|error| error.to_string())?;
        // A table without a hashed symbol tells only where hashed ones would begin.
        table
            .symbol_table_length(LE)
            .unwrap_or_else(|| table.symbol_base())
    } else {
        0
    };
    if number > MAX_SYMBOLS {
        return Err(format!("{number} dynamic symbols are too many"));
    }
    Ok(number)
}

pub(super) fn entry_at<T: pod::Pod>(bytes: &[u8], at: u64) -> Option<(&T, &[u8])> {
    pod::from_bytes(bytes.get(usize::try_from(at).ok()?..)?).ok()
}
