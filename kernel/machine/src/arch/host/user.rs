//! Copies through the map of pages.

use super::space::Space;
use crate::address::{PAGE_SIZE, UserAddr, UserPage};
use crate::space::Protection;
use crate::user::{Access, UserFault};

/// Copies from the program's memory.
///
/// # Errors
/// The first byte that could not be read.
pub fn read(space: &Space, from: UserAddr, target: &mut [u8]) -> Result<(), UserFault> {
    let mut done = 0;
    while done < target.len() {
        let (address, frame) = page(space, from, done, Access::Read)?;
        let len = (PAGE_SIZE - address.page_offset()).min(target.len() - done);
        frame.read(address.page_offset(), &mut target[done..done + len]);
        done += len;
    }
    Ok(())
}

/// Copies to the program's memory.
///
/// # Errors
/// The first byte that could not be written.
pub fn write(space: &Space, to: UserAddr, source: &[u8]) -> Result<(), UserFault> {
    let mut done = 0;
    while done < source.len() {
        let (address, frame) = page(space, to, done, Access::Write)?;
        let len = (PAGE_SIZE - address.page_offset()).min(source.len() - done);
        frame.write(address.page_offset(), &source[done..done + len]);
        done += len;
    }
    Ok(())
}

/// Overwrites the program's memory with zeros.
///
/// # Errors
/// The first byte that could not be written.
pub fn zero(space: &Space, to: UserAddr, len: usize) -> Result<(), UserFault> {
    write(space, to, &super::std::vec![0; len])
}

/// Reads four bytes.
///
/// # Errors
/// The first byte that could not be read.
pub fn read_u32(space: &Space, from: UserAddr) -> Result<u32, UserFault> {
    let mut bytes = [0; 4];
    read(space, from, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn page(
    space: &Space,
    base: UserAddr,
    done: usize,
    access: Access,
) -> Result<(UserAddr, super::frame::Frame), UserFault> {
    let address = UserAddr(base.0.saturating_add(done as u64));
    let fault = UserFault { address, access };
    let page = UserPage::containing(address).ok_or(fault)?;
    let (frame, protection) = space.lookup(page).ok_or(fault)?;
    let needed = match access {
        Access::Write => Protection::WRITE,
        Access::Read | Access::Execute => Protection::all(),
    };
    let is_refused = access == Access::Write && frame.is_constant();
    if protection.intersects(needed) && !is_refused {
        Ok((address, frame))
    } else {
        Err(fault)
    }
}
