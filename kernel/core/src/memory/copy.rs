//! Copies from and to the program's memory, with the pages made on the way that were not touched yet.

use alloc::vec::Vec;
use core::ops::Range;

use unikernel_machine::address::UserAddr;
use unikernel_machine::space::Space;
use unikernel_machine::user::{self, UserFault};

use super::AddressSpace;
use crate::errno::Errno;

/// Longest name or path that is read from the program, with its NUL.
const MAX_TEXT: usize = crate::fs::path::MAX_PATH;

/// Copies a part of a buffer from or to the address that is its.
type Part<'a> = dyn FnMut(&Space, UserAddr, Range<usize>) -> Result<(), UserFault> + 'a;

impl AddressSpace {
    /// Copies from the program. Where it may not be read: `EFAULT`.
    pub(crate) fn read(&mut self, from: UserAddr, target: &mut [u8]) -> Result<(), Errno> {
        let wanted = target.len();
        whole(self.read_some(from, target), wanted)
    }

    /// Copies to the program. Where it may not be written: `EFAULT`.
    pub(crate) fn write(&mut self, to: UserAddr, source: &[u8]) -> Result<(), Errno> {
        whole(self.write_some(to, source), source.len())
    }

    /// Copies from the program as far as it may be read; how many bytes that were.
    pub(crate) fn read_some(&mut self, from: UserAddr, target: &mut [u8]) -> usize {
        self.copy(from, target.len(), &mut |space, at, part| {
            user::read(space, at, target.get_mut(part).unwrap_or(&mut []))
        })
    }

    /// Copies to the program as far as it may be written; how many bytes that were.
    pub(crate) fn write_some(&mut self, to: UserAddr, source: &[u8]) -> usize {
        self.copy(to, source.len(), &mut |space, at, part| {
            user::write(space, at, source.get(part).unwrap_or(&[]))
        })
    }

    /// Overwrites the program's memory with zeros as far as it may be written; how many bytes that were.
    pub(crate) fn zero_some(&mut self, to: UserAddr, len: usize) -> usize {
        self.copy(to, len, &mut |space, at, part| {
            user::zero(space, at, part.len())
        })
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

    /// Copies `len` bytes upwards, and makes the pages that are needed on the way; how many were copied before one that can't be
    /// had.
    // Not in each of its callers once more.
    #[inline(never)]
    fn copy(&mut self, start: UserAddr, len: usize, copy: &mut Part<'_>) -> usize {
        self.follow_files();
        let mut part = 0..len;
        loop {
            let at = UserAddr(start.0.saturating_add(part.start as u64));
            let fault = match copy(&self.space, at, part.clone()) {
                Ok(()) => return part.end,
                Err(_) if part.end < len => return part.start,
                Err(fault) => fault,
            };
            let reached = usize::try_from(fault.address.0.saturating_sub(start.0)).unwrap_or(len);
            part.start = reached.saturating_sub(user::UNSURE).max(part.start);
            if self.resolve(fault.address, fault.access).is_err() {
                // What is unsure lies in pages that are there: it takes no further step.
                part.end = reached.min(len.saturating_sub(1));
            }
        }
    }
}

/// All that was wanted, or `EFAULT`.
fn whole(copied: usize, wanted: usize) -> Result<(), Errno> {
    if copied == wanted {
        Ok(())
    } else {
        Err(Errno::EFAULT)
    }
}
