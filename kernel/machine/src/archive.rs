//! The root archive, where the loader put it: read-only bytes whose pages can be mapped into the program.

pub use crate::arch::archive::Archive;
