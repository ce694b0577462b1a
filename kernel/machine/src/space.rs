//! Spaces: the page table of a program. A page that is mapped owns one reference of its frame.

use bitflags::bitflags;

pub use crate::arch::space::Space;

bitflags! {
    /// What the program may do with a page. Empty: nothing, but the frame is kept.
    ///
    /// The hardware knows no page that is written or executed but not read: with either, reading works too.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Protection: u8 {
        /// Load from it.
        const READ = 1;
        /// Store to it. Has no effect on pages of the archive.
        const WRITE = 2;
        /// Run code in it.
        const EXECUTE = 4;
    }
}

/// There is no free frame for a page or for the tables that lead to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfFrames;
