//! Copies from and to the program, by the routines in copy.s; a fault inside them comes back as an address.

use super::space::Space;
use crate::address::{USER_END, UserAddr};
use crate::user::{Access, UserFault};

unsafe extern "C" {
    fn unikernel_copy(target: *mut u8, source: *const u8, len: usize) -> u64;
    fn unikernel_zero(target: *mut u8, source: *const u8, len: usize) -> u64;
}

/// What the routines return when nothing faulted.
const DONE: u64 = u64::MAX;

/// Reads `target.len()` bytes of the program in `space`, which becomes the active one.
///
/// # Errors
/// The first byte that could not be read.
pub fn read(space: &Space, from: UserAddr, target: &mut [u8]) -> Result<(), UserFault> {
    space.activate();
    let len = within(from, target.len());
    // SAFETY: `target` has at least `len` bytes; the source is in the program's half, and faults there are caught.
    let end = unsafe { unikernel_copy(target.as_mut_ptr(), pointer(from), len) };
    finish(end, from, len, target.len(), Access::Read)
}

/// Writes all of `source` to the program in `space`, which becomes the active one.
///
/// # Errors
/// The first byte that could not be written.
pub fn write(space: &Space, to: UserAddr, source: &[u8]) -> Result<(), UserFault> {
    space.activate();
    let len = within(to, source.len());
    // SAFETY: `source` has at least `len` bytes; the target is in the program's half, and faults there are caught.
    let end = unsafe { unikernel_copy(pointer(to), source.as_ptr(), len) };
    finish(end, to, len, source.len(), Access::Write)
}

/// Writes `len` zeros to the program in `space`, which becomes the active one.
///
/// # Errors
/// The first byte that could not be written.
pub fn zero(space: &Space, to: UserAddr, len: usize) -> Result<(), UserFault> {
    space.activate();
    let within = within(to, len);
    // SAFETY: the target is in the program's half, and faults there are caught.
    let end = unsafe { unikernel_zero(pointer(to), core::ptr::null(), within) };
    finish(end, to, within, len, Access::Write)
}

/// Reads four bytes of the program in `space` at once, which becomes the active one.
///
/// # Errors
/// The first byte that could not be read.
pub fn read_u32(space: &Space, from: UserAddr) -> Result<u32, UserFault> {
    let mut bytes = [0; 4];
    read(space, from, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// How many of the bytes lie in the program's half.
fn within(start: UserAddr, len: usize) -> usize {
    len.min(USER_END.saturating_sub(start.0) as usize)
}

fn pointer(address: UserAddr) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(address.0 as usize)
}

fn finish(
    end: u64,
    start: UserAddr,
    len: usize,
    wanted: usize,
    access: Access,
) -> Result<(), UserFault> {
    let address = match end {
        DONE if len == wanted => return Ok(()),
        DONE => start.0 + len as u64,
        fault => fault,
    };
    assert!(
        end == DONE || address < USER_END,
        "the kernel's side of a copy faulted at {address:#x}"
    );
    Err(UserFault {
        address: UserAddr(address),
        access,
    })
}
