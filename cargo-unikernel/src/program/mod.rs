//! The program: the user's application as an ELF, built by cargo, by a C compiler, or ready.

pub mod c;
pub mod cargo;
pub mod elf;
pub mod launcher;
pub mod native;
pub mod needed;
pub mod strip;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::ReadCache;

use crate::error::{Error, Result};
use crate::fs::{self, Stamp};
use crate::progress::Progress;
use elf::{ElfFacts, ElfType};
use strip::BuildId;

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

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StaticPie => "static position-independent executable",
            Self::Pie => "position-independent executable",
            Self::Shared => "shared object that exports main",
            Self::Fixed => "executable at fixed addresses",
            Self::None => "nothing that can be started",
        })
    }
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

    /// Whether a program of this shape is what is asked for.
    #[must_use]
    pub fn allows(self, shape: Shape) -> bool {
        match self {
            Self::Auto => true,
            Self::Pie => shape == Shape::Pie,
            Self::Shared => shape == Shape::Shared,
            Self::StaticPie => shape == Shape::StaticPie,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Pie => "pie",
            Self::Shared => "shared",
            Self::StaticPie => "static-pie",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Auto, Self::Pie, Self::Shared, Self::StaticPie]
            .into_iter()
            .find(|link| link.word() == word)
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
    /// What tells the file from what it was before, or will be.
    pub stamp: Stamp,
    /// The build-id of what is archived, when it is not the file's own.
    pub build_id: Option<BuildId>,
    /// What is archived of it.
    pub stripped: Arc<[u8]>,
    /// What is known about it.
    pub facts: ElfFacts,
    /// How it wants to be started.
    pub shape: Shape,
}

impl Program {
    /// Reads a program: no more of it than is archived, for debug information may be many times as long.
    ///
    /// # Errors
    /// When the file can't be read or is no ELF.
    pub fn open(name: &str, path: &Path) -> Result<Self> {
        let context = |error: Error| error.context(format!("can't use `{}`", path.display()));
        let stamp = fs::stamp(path)?;
        let file = fs::open_at_most(path, MAX_LEN)?;
        let kept_len = strip::kept_len(&ReadCache::new(&file)).map_err(context)?;
        let mut bytes = fs::read_first(&file, path, kept_len.unwrap_or(MAX_LEN))?;
        let facts = ElfFacts::parse(&bytes).map_err(context)?;
        if name.is_empty() || name.contains('/') {
            return Err(Error::input(format!("`{name}` is no name for a program")));
        }
        // What is for another machine is left as it is: the lint will have none of it, and is to be told so.
        let build_id = if kept_len.is_some() && facts.is_x86_64() {
            strip::strip(&mut bytes).map_err(context)?
        } else {
            None
        };
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            stamp,
            build_id,
            stripped: bytes.into(),
            shape: Shape::of(&facts),
            facts,
        })
    }

    /// The whole file, with the build-id of what is archived.
    ///
    /// # Errors
    /// When it can't be read, or is not the same any more.
    pub fn unstripped(&self) -> Result<Vec<u8>> {
        let mut bytes = fs::read_at_most(&self.path, MAX_LEN)?;
        if fs::stamp(&self.path)? != self.stamp {
            let path = self.path.display();
            return Err(
                Error::input(format!("`{path}` changed while an image was made of it"))
                    .hint("run the command again when nothing writes to that file"),
            );
        }
        if let Some(build_id) = &self.build_id {
            build_id.put(&mut bytes);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_is_archived_and_the_rest_comes_when_it_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app");
        let bytes = fs::read(&fs::own_program().unwrap()).unwrap();
        fs::write_bytes(&path, &bytes).unwrap();
        let program = Program::open("app", &path).unwrap();
        assert!(program.stripped.len() < bytes.len());
        let unstripped = program.unstripped().unwrap();
        assert_eq!(unstripped.len(), bytes.len());
        let again = {
            fs::write_bytes(&path, &unstripped).unwrap();
            Program::open("app", &path).unwrap()
        };
        assert_eq!(again.build_id, program.build_id);
        assert_eq!(again.stripped, program.stripped);
        let error = program.unstripped().unwrap_err().to_string();
        assert!(error.contains("changed while"), "{error}");
    }
}
