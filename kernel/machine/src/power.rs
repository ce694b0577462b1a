//! Ending the machine.

pub use crate::arch::power::off;
