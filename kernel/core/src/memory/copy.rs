//! Copies from and to the program's memory, with the pages made on the way that were not touched yet.

use alloc::vec::Vec;

use unikernel_machine::address::UserAddr;
use unikernel_machine::user::{self, UserFault};

use super::AddressSpace;
use crate::errno::Errno;

/// Longest name or path that is read from the program, with its NUL.
const MAX_TEXT: usize = crate::fs::path::MAX_PATH;

impl AddressSpace {
    /// Copies from the program. Where it may not be read: `EFAULT`.
    pub(crate) fn read(&mut self, from: UserAddr, target: &mut [u8]) -> Result<(), Errno> {
        self.retry(|memory| user::read(&memory.space, from, target))
    }

    /// Copies to the program. Where it may not be written: `EFAULT`.
    pub(crate) fn write(&mut self, to: UserAddr, source: &[u8]) -> Result<(), Errno> {
        self.retry(|memory| user::write(&memory.space, to, source))
    }

    /// Overwrites the program's memory with zeros.
    pub(crate) fn zero(&mut self, to: UserAddr, len: usize) -> Result<(), Errno> {
        self.retry(|memory| user::zero(&memory.space, to, len))
    }

    /// Reads a number of the program's.
    pub(crate) fn read_u32(&mut self, from: UserAddr) -> Result<u32, Errno> {
        let mut bytes = [0; 4];
        self.read(from, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads a number of the program's.
    pub(crate) fn read_u64(&mut self, from: UserAddr) -> Result<u64, Errno> {
        let mut bytes = [0; 8];
        self.read(from, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a text that ends with a NUL, without the NUL: `ENAMETOOLONG` when none comes within [`MAX_TEXT`] bytes.
    pub(crate) fn read_text(&mut self, from: UserAddr) -> Result<Vec<u8>, Errno> {
        // Short texts in one go; never across the page that the text may end in.
        const CHUNK: usize = 64;
        let mut text = Vec::new();
        while text.len() < MAX_TEXT {
            let at = from.checked_add(text.len() as u64).ok_or(Errno::EFAULT)?;
            let left_in_page =
                unikernel_machine::address::PAGE_SIZE.saturating_sub(at.page_offset());
            let mut chunk = [0; CHUNK];
            let part = chunk.get_mut(..left_in_page.min(CHUNK)).unwrap_or(&mut []);
            self.read(at, part)?;
            let end = part.iter().position(|byte| *byte == 0);
            text.extend_from_slice(part.get(..end.unwrap_or(part.len())).unwrap_or(part));
            if end.is_some() {
                return if text.len() < MAX_TEXT {
                    Ok(text)
                } else {
                    Err(Errno::ENAMETOOLONG)
                };
            }
        }
        Err(Errno::ENAMETOOLONG)
    }

    /// Tries a copy again after each page that it needed, until one can't be had.
    fn retry(&mut self, mut copy: impl FnMut(&Self) -> Result<(), UserFault>) -> Result<(), Errno> {
        self.follow_files();
        loop {
            let Err(fault) = copy(self) else {
                return Ok(());
            };
            self.resolve(fault.address, fault.access)
                .map_err(|_| Errno::EFAULT)?;
        }
    }
}
