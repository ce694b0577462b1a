//! Copies between the kernel and the active program's memory. A page that is not there is an error, not a crash.
//!
//! The kernel above resolves the fault (a page that was never touched, a copy that is due) and tries again; a fault that it
//! cannot resolve is the system call's `EFAULT`.

use crate::address::UserAddr;

pub use crate::arch::user::{read, read_u32, write, zero};

/// How many bytes before a fault may not have been copied; all before those are.
pub const UNSURE: usize = 64;

/// A way to touch memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An instruction fetch.
    Execute,
}

/// The first byte of a copy that could not be touched. Of the bytes before it, the last [`UNSURE`] may or may not have been copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFault {
    /// Its address.
    pub address: UserAddr,
    /// What was tried.
    pub access: Access,
}
