//! The program: the user's application as an ELF.

pub mod elf;
pub mod launcher;
pub mod strip;
