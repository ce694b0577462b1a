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
        self.copy(from, target.len(), |space, at, part| {
            user::read(space, at, target.get_mut(part).unwrap_or(&mut []))
        })
    }

    /// Copies to the program as far as it may be written; how many bytes that were.
    pub(crate) fn write_some(&mut self, to: UserAddr, source: &[u8]) -> usize {
        self.copy(to, source.len(), |space, at, part| {
            user::write(space, at, source.get(part).unwrap_or(&[]))
        })
    }

    /// Overwrites the program's memory with zeros as far as it may be written; how many bytes that were.
    pub(crate) fn zero_some(&mut self, to: UserAddr, len: usize) -> usize {
        self.copy(to, len, |space, at, part| user::zero(space, at, part.len()))
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

    /// Copies `len` bytes upwards; how many were copied before one that can't be had.
    #[inline]
    fn copy(
        &mut self,
        start: UserAddr,
        len: usize,
        mut copy: impl FnMut(&Space, UserAddr, Range<usize>) -> Result<(), UserFault>,
    ) -> usize {
        self.follow_files();
        match copy(&self.space, start, 0..len) {
            Ok(()) => len,
            Err(fault) => self.go_on(start, len, fault, &mut copy),
        }
    }

    /// Goes on with a copy where it stopped, after each page that it needed.
    #[cold]
    fn go_on(
        &mut self,
        start: UserAddr,
        len: usize,
        mut fault: UserFault,
        copy: &mut Part<'_>,
    ) -> usize {
        let mut copy = |space: &Space, part: Range<usize>| {
            let at = start.0.saturating_add(part.start as u64);
            copy(space, UserAddr(at), part)
        };
        let mut done = 0;
        loop {
            let reached = usize::try_from(fault.address.0.saturating_sub(start.0)).unwrap_or(len);
            done = reached.saturating_sub(user::UNSURE).max(done);
            if self.resolve(fault.address, fault.access).is_err() {
                // What is unsure lies in pages that are there: it takes no further step.
                let rest = done..reached.min(len);
                let end = rest.end;
                return copy(&self.space, rest).map_or(done, |()| end);
            }
            match copy(&self.space, done..len) {
                Ok(()) => return len,
                Err(next) => fault = next,
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
