//! The program: the user's application as an ELF, built by cargo, by a C compiler, or ready.

pub mod elf;
pub mod launcher;
pub mod strip;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fs;
use elf::{ElfFacts, ElfType};

/// Longest program or library that is read: 2 GiB.
pub const MAX_LEN: u64 = 2 << 30;

/// How a program wants to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Position-independent, without a dynamic linker.
    StaticPie,
    /// Position-independent, started by its dynamic linker.
    Pie,
    /// A shared object that exports `main`, started by the launcher.
    Shared,
    /// At fixed addresses.
    Fixed,
    /// Not at all: it is an object file, or a library without an entry point and without `main`.
    None,
}

impl Shape {
    /// The shape that these facts show.
    #[must_use]
    pub fn of(facts: &ElfFacts) -> Self {
        match facts.elf_type {
            ElfType::Fixed => Self::Fixed,
            ElfType::Relocatable | ElfType::Other(_) => Self::None,
            ElfType::Dynamic if facts.interpreter.is_some() && facts.entry != 0 => Self::Pie,
            ElfType::Dynamic if facts.is_pie && facts.entry != 0 => Self::StaticPie,
            ElfType::Dynamic if facts.exports("main") => Self::Shared,
            ElfType::Dynamic => Self::None,
        }
    }
}

/// The user's application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is called: its last part in the guest, and the image's name unless the manifest gives one.
    pub name: String,
    /// Where it lies on the host.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Arc<[u8]>,
    /// What is known about it.
    pub facts: ElfFacts,
    /// How it wants to be started.
    pub shape: Shape,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// When the file can't be read or is no ELF.
    pub fn open(name: &str, path: &Path) -> Result<Self> {
        let bytes = fs::read_at_most(path, MAX_LEN)?;
        let facts = ElfFacts::parse(&bytes)
            .map_err(|error| error.context(format!("can't use `{}`", path.display())))?;
        if name.is_empty() || name.contains('/') {
            return Err(Error::input(format!("`{name}` is no name for a program")));
        }
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            bytes: bytes.into(),
            shape: Shape::of(&facts),
            facts,
        })
    }
}
