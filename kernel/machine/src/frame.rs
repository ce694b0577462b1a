//! Frames: owned, reference-counted pages of physical memory.
//!
//! Having a [`Frame`] means owning one reference; cloning makes one more, dropping gives one back, and the last one frees the
//! page. Pages of the archive are frames too, and so is one page of zeros for all who only read: they are constant, which means
//! never freed and never written.

pub use crate::arch::frame::{Frame, LargeFrame, usage};

/// Frames in a [`LargeFrame`].
pub const LARGE: u64 = 512;

/// How much of the memory is taken, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Frames that the kernel hands out, taken or not.
    pub total: usize,
    /// Frames that nobody owns.
    pub free: usize,
}
