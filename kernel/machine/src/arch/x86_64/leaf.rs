//! Entries of a page table that show the program frames.

use super::paging::{ADDRESS, ENTRIES, NO_EXECUTE, PRESENT, USER, WRITABLE};
use crate::address::PAGE_SIZE;
use crate::frame::{Frame, LargeFrame};
use crate::space::Protection;

const PAGE: u64 = PAGE_SIZE as u64;
/// In an entry above the last level: it shows 512 frames in a row itself.
pub(super) const LARGE: u64 = super::paging::LARGE;
/// For software: the entry owns a frame.
const OWNED: u64 = 1 << 9;
/// For software: the protection as it was asked for.
const READ: u64 = 1 << 10;
/// As [`READ`]. Kept because the hardware's bit is off for a constant frame.
const WRITE: u64 = 1 << 11;
/// As [`READ`].
const EXECUTE: u64 = 1 << 52;
/// For software: the frame is constant.
const CONSTANT: u64 = 1 << 53;

/// The entry that owns `frame`.
pub(super) fn of(frame: Frame, protection: Protection) -> u64 {
    let constant = if frame.is_constant() { CONSTANT } else { 0 };
    let entry = frame.address().0 | OWNED | constant;
    frame.into_number();
    with(entry, protection)
}

/// The large entry that owns `frame`.
pub(super) fn of_large(frame: LargeFrame, protection: Protection) -> u64 {
    with(
        (u64::from(frame.into_number()) * PAGE) | OWNED | LARGE,
        protection,
    )
}

/// The same frames with another protection.
pub(super) fn with(entry: u64, protection: Protection) -> u64 {
    let mut entry = entry & (ADDRESS | OWNED | LARGE | CONSTANT);
    if !protection.is_empty() {
        entry |= PRESENT | USER;
    }
    if protection.contains(Protection::READ) {
        entry |= READ;
    }
    if protection.contains(Protection::WRITE) {
        entry |= if entry & CONSTANT == 0 {
            WRITE | WRITABLE
        } else {
            WRITE
        };
    }
    entry
        | if protection.contains(Protection::EXECUTE) {
            EXECUTE
        } else {
            NO_EXECUTE
        }
}

/// What the program may do by an entry.
pub(super) fn protection(entry: u64) -> Protection {
    let mut protection = Protection::empty();
    protection.set(Protection::READ, entry & READ != 0);
    protection.set(Protection::WRITE, entry & WRITE != 0);
    protection.set(Protection::EXECUTE, entry & EXECUTE != 0);
    protection
}

/// Whether an entry owns a frame, or frames.
pub(super) fn is_owner(entry: u64) -> bool {
    entry & OWNED != 0
}

/// Whether an entry owns a constant frame, of which there are no references to give back.
pub(super) fn is_constant(entry: u64) -> bool {
    entry & CONSTANT != 0
}

/// The entry for one of a large entry's pages: that with this number.
pub(super) fn part(large: u64, number: u64) -> u64 {
    (large & !LARGE) | (number % ENTRIES * PAGE)
}

/// The frame that an entry owns.
///
/// # Safety
/// The entry's reference is the result's from now on.
pub(super) unsafe fn frame(entry: u64) -> Option<Frame> {
    if !is_owner(entry) {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { Frame::from_number(((entry & ADDRESS) / PAGE) as u32) }
}

/// The frames that a large entry owns.
///
/// # Safety
/// The entry's references are the result's from now on.
pub(super) unsafe fn large_frame(entry: u64) -> Option<LargeFrame> {
    // SAFETY: the caller's promise.
    unsafe { LargeFrame::from_number(((entry & ADDRESS) / PAGE) as u32) }
}
