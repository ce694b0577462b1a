//! The first serial line, polled: the streams' way out where there is no virtio console.

pub use crate::arch::serial::Serial;
