//! The program: the user's application as an ELF, built by cargo, by a C compiler, or ready.

pub mod c;
pub mod cargo;
pub mod elf;
pub mod launcher;
pub mod native;
pub mod needed;
pub mod strip;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fs;
use crate::progress::Progress;
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

/// How a program is to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// What suits kernel and program.
    #[default]
    Auto,
    /// A position-independent executable with a dynamic linker.
    Pie,
    /// A shared object that exports `main`.
    Shared,
    /// A position-independent executable without a dynamic linker.
    StaticPie,
}

impl Link {
    /// The words for the four, in manifest and command line.
    pub const WORDS: [&'static str; 4] = ["auto", "pie", "shared", "static-pie"];

    /// The kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "pie" => Some(Self::Pie),
            "shared" => Some(Self::Shared),
            "static-pie" => Some(Self::StaticPie),
            _ => None,
        }
    }
}

/// Where a program comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// A cargo package or workspace.
    Cargo(cargo::Settings),
    /// C and C++ files.
    C(c::Settings),
    /// A native build, or a ready ELF.
    Native(native::Settings),
}

impl Settings {
    /// The folder that the artefacts of this build go into: `<target-dir>/unikernel/<profile>`.
    #[must_use]
    pub fn artefacts(&self) -> PathBuf {
        match self {
            Self::Cargo(settings) => settings.artefacts.join(settings.flags.profile_folder()),
            Self::C(settings) => settings.artefacts.clone(),
            Self::Native(settings) => settings.artefacts.clone(),
        }
    }
}

/// A program that was built, and where what is made of it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The program.
    pub program: Program,
    /// The cargo package it comes from.
    pub package: Option<String>,
    /// Whether it is one of a package's examples.
    pub is_example: bool,
    /// `<target-dir>/unikernel/<profile>`.
    pub artefacts: PathBuf,
    /// Every file that it was compiled and linked from, sorted, as far as that is ours to know: not for cargo's or foreign
    /// builds.
    pub inputs: Vec<PathBuf>,
    /// Every environment variable that was looked at for it, likewise.
    pub variables: Vec<String>,
}

/// Builds the programs.
///
/// # Errors
/// When a compiler fails, or what it makes is no ELF.
pub fn build(settings: &Settings, progress: &dyn Progress) -> Result<Vec<Built>> {
    match settings {
        Settings::Cargo(settings) => cargo::build(settings, progress),
        Settings::C(settings) => c::build(settings, progress).map(|built| vec![built]),
        Settings::Native(settings) => native::build(settings, progress).map(|built| vec![built]),
    }
}

/// The user's application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is called: its last part in the guest, and the image's name unless the manifest gives one.
    pub name: String,
    /// Where it lies on the host.
    pub path: PathBuf,
    /// Its content, with the build-id of what is archived.
    pub bytes: Arc<[u8]>,
    /// What is archived of it.
    pub stripped: Arc<[u8]>,
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
        let (bytes, stripped): (Arc<[u8]>, Arc<[u8]>) = if facts.is_x86_64() {
            let parts = strip::strip(&bytes)
                .map_err(|error| error.context(format!("can't use `{}`", path.display())))?;
            (parts.unstripped.into(), parts.program.into())
        } else {
            // The lint will have none of it; it is to be told so.
            let bytes: Arc<[u8]> = bytes.into();
            (bytes.clone(), bytes)
        };
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            bytes,
            stripped,
            shape: Shape::of(&facts),
            facts,
        })
    }
}
