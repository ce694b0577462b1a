//! Where a mapping goes: mmap(2)'s address and the flags that say how it is meant.

use unikernel_machine::address::{USER_END, USER_START};
use unikernel_machine::frame::LARGE;

use super::{AddressSpace, PAGE, Pages};
use crate::errno::Errno;

/// The pages of `MAP_32BIT`, as Linux has them (`arch/x86/kernel/sys_x86_64.c`).
const LOW: (u64, u64) = (0x4000_0000 / PAGE, 0x8000_0000 / PAGE);

/// Where a mapping shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this address if it is free, else wherever there is room (0: wherever there is room).
    Hint(u64),
    /// At this address; what is mapped there goes (`MAP_FIXED`).
    Fixed(u64),
    /// Like a hint, but in the second GiB (`MAP_32BIT`), where code of 32-bit addresses can reach it.
    Low(u64),
    /// At this address, or not at all (`MAP_FIXED_NOREPLACE`).
    FixedIfFree(u64),
}

impl AddressSpace {
    /// The pages for `len` bytes.
    pub(crate) fn place(&self, place: Place, len: u64) -> Result<Pages, Errno> {
        if len == 0 {
            return Err(Errno::EINVAL);
        }
        if len > USER_END {
            return Err(Errno::ENOMEM);
        }
        match place {
            Place::Fixed(address) => fixed(address, len),
            Place::FixedIfFree(address) => {
                let pages = fixed(address, len)?;
                if self.areas.is_free(pages) {
                    Ok(pages)
                } else {
                    Err(Errno::EEXIST)
                }
            }
            Place::Low(address) => {
                let (bottom, top) = LOW;
                let hinted = self.hinted(address, len).filter(|pages| pages.end <= top);
                hinted
                    .or_else(|| self.areas.free_below(top, bottom, len.div_ceil(PAGE)))
                    .ok_or(Errno::ENOMEM)
            }
            Place::Hint(address) => match self.hinted(address, len) {
                Some(pages) => Ok(pages),
                None => self.find_free(len),
            },
        }
    }

    /// The pages that a hint names, rounded down, if they are free.
    fn hinted(&self, address: u64, len: u64) -> Option<Pages> {
        let address = address & !PAGE.wrapping_sub(1);
        if address < USER_START {
            return None;
        }
        Pages::of_bytes(address, len).filter(|pages| self.areas.is_free_with_guard(*pages))
    }

    /// Free pages for `len` bytes: as high as possible below the stack, else anywhere.
    pub(super) fn find_free(&self, len: u64) -> Result<Pages, Errno> {
        let count = len.div_ceil(PAGE);
        let lowest = USER_START / PAGE;
        let top = self.layout.mapped_top;
        // Whole large pages go where they fit, as on Linux (`thp_get_unmapped_area`).
        if count.is_multiple_of(LARGE)
            && let Some(room) = self
                .areas
                .free_below(top, lowest, count.saturating_add(LARGE))
        {
            let start = room.end.saturating_sub(count) & !LARGE.wrapping_sub(1);
            return Pages::new(start, start.saturating_add(count)).ok_or(Errno::ENOMEM);
        }
        let below_stack = self.areas.free_below(top, lowest, count);
        below_stack
            .or_else(|| self.areas.free_below(USER_END / PAGE, lowest, count))
            .ok_or(Errno::ENOMEM)
    }

    /// An address with free room for `len` bytes.
    pub(crate) fn find_room(&self, len: u64) -> Result<u64, Errno> {
        Ok(self.find_free(len)?.address())
    }
}

/// The pages at a fixed address: `ENOMEM` above what a program may map, `EINVAL` when it is no page's, `EPERM` below.
fn fixed(address: u64, len: u64) -> Result<Pages, Errno> {
    let pages = Pages::of_bytes(address, len).ok_or(Errno::ENOMEM)?;
    if !address.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    if address < USER_START {
        return Err(Errno::EPERM);
    }
    Ok(pages)
}
