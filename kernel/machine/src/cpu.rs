//! The processor: waiting for something to happen.

pub use crate::arch::cpu::wait;
