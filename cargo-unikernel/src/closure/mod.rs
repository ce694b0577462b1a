//! The closure: the program and all libraries that it needs, read statically. Nothing is ever run.
//!
//! The look-up is the dynamic linker's (ld.so(8)): `RPATH`, `RUNPATH`, the configured folders, its default folders. In the
//! guest there is no cache and no configuration, so what was found by those lies in a default folder there.

mod find;
mod later;
mod search;
mod sysroot;

use std::path::PathBuf;

pub use find::find;
pub use search::matches;
pub use sysroot::{Sysroot, normal};

use crate::program::Program;
use crate::program::elf::ElfFacts;
use crate::root::{RootPath, Source};

/// What the search wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Where interpreter and libraries are looked up.
    pub sysroot: Sysroot,
}

/// A library, or the dynamic linker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The name that it is needed by (`libc.so.6`).
    pub name: String,
    /// Where it lies on the host, links resolved.
    pub host: PathBuf,
    /// Its length in bytes.
    pub len: u64,
    /// Where it lies in the guest.
    pub guest: RootPath,
    /// What is known about it.
    pub facts: ElfFacts,
    /// Who needs it, from the program on: `["app", "libssl.so.3"]`.
    pub needed_by: Vec<String>,
    /// Why it is there although no file names it as needed: libc opens it later.
    pub opened_later: Option<String>,
}

/// A second name of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Where the name lies in the guest.
    pub guest: RootPath,
    /// Where the library does.
    pub target: RootPath,
}

/// A file of ours that the program is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Where it lies in the guest.
    pub guest: RootPath,
    /// Its content.
    pub source: Source,
    /// Why it is there.
    pub reason: String,
}

/// A library that was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name that it is needed by.
    pub name: String,
    /// Who needs it, from the program on.
    pub needed_by: Vec<String>,
    /// The folders that were searched.
    pub looked_in: Vec<String>,
    /// Files of that name that don't fit, each with the reason.
    pub unfit: Vec<String>,
}

/// The dynamic linker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interpreter {
    /// The program needs none.
    None,
    /// It is there.
    Found(Box<Library>),
    /// It is not there, or does not fit.
    Missing(Missing),
}

/// The program and all libraries that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The program.
    pub program: Program,
    /// Where it lies in the guest.
    pub program_path: RootPath,
    /// The launcher's bytes, for a shared object.
    pub launcher: Option<Vec<u8>>,
    /// The dynamic linker.
    pub interpreter: Interpreter,
    /// The libraries, in the order that the dynamic linker finds them.
    pub libraries: Vec<Library>,
    /// Further names of them.
    pub aliases: Vec<Alias>,
    /// What was not found.
    pub missing: Vec<Missing>,
    /// What a kernel wants beside them.
    pub additions: Vec<Addition>,
}
