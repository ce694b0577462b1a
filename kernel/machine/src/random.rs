//! Entropy from the machine.

pub use crate::arch::random::fill;

/// The machine has no source of entropy, or its source failed. There is no weaker substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoEntropy;
