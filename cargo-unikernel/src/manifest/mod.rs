//! The manifest: what the user wants, from flags, environment, and TOML; made of each stage's own settings.
//!
//! A value counts in this order: flag, environment (`UNIKERNEL_*`), `[package.metadata.unikernel.bin.NAME]`, package,
//! workspace, default. Everything is looked up and checked here; no stage sees a manifest.

mod job;
mod locate;
mod places;
pub mod raw;
mod read;
mod resolve;
mod size;
pub mod words;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

pub use job::VARIABLES as JOB_VARIABLES;
pub use read::did_you_mean;
pub use size::Size;

use crate::error::Result;
use crate::image::ImageFormat;
use crate::kernel::{self, KernelTarget};
use crate::network::{Forward, Network, Ready};
use crate::program::{self, Built, cargo};
use crate::root::plan;
use crate::{closure, lint};
use raw::Raw;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Cargo's flags.
    pub flags: cargo::Flags,
    /// C and C++ files.
    pub sources: Vec<PathBuf>,
    /// A ready ELF.
    pub binary: Option<PathBuf>,
    /// Keys of the manifest that flags set; host paths are absolute.
    pub overrides: Raw,
    /// Arguments of the program that replace those of the manifest.
    pub args: Option<Vec<OsString>>,
    /// A kernel file other than the one that comes with the tool.
    pub kernel_file: Option<PathBuf>,
    /// Where libraries are looked up.
    pub sysroot: Option<PathBuf>,
    /// How many programs are wanted.
    pub wanted: cargo::Wanted,
}

/// What a program is made into, once it is built.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What program and image are called.
    pub name: String,
    /// What it boots with.
    pub kernel: &'static KernelTarget,
    /// Where its files come from.
    pub origin: kernel::Origin,
    /// How libraries are looked up.
    pub closure: closure::Settings,
    /// What the lint makes of findings.
    pub levels: lint::Levels,
    /// The root tree.
    pub root: plan::Settings,
    /// The program's arguments, without its own name.
    pub args: Vec<OsString>,
    /// All of its environment.
    pub env: BTreeMap<String, OsString>,
    /// How the guest gets its address.
    pub network: Network,
    /// What the image is written as.
    pub formats: Vec<&'static ImageFormat>,
    /// Most bytes that an image may have.
    pub budget: Option<u64>,
    /// The guest's memory in bytes, when it is said.
    pub memory: Option<u64>,
    /// The guest's processors.
    pub cpus: u32,
    /// What a run has to do.
    pub run: Run,
}

/// What a run has to do beside starting the image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// Ports that lead into the guest.
    pub forward: Vec<Forward>,
    /// When the guest is ready.
    pub ready: Option<Ready>,
}

/// Where programs come from, and the layers of TOML over which their manifests are made.
#[derive(Debug, Clone)]
pub struct Project {
    /// How the programs are built.
    pub program: program::Settings,
    request: Request,
    environment: Raw,
    /// By package; the only one of a folder without cargo has no name.
    layers: BTreeMap<Option<String>, Raw>,
}

impl Project {
    /// Finds out what the command line means, here.
    ///
    /// # Errors
    /// When there is nothing to build, or a manifest or flag is wrong.
    pub fn load(request: Request) -> Result<Self> {
        locate::load(request)
    }

    /// The manifest of a program that was built.
    ///
    /// # Errors
    /// When a value names nothing there is: a kernel, a format, a rule, a sysroot.
    pub fn manifest(&self, built: &Built) -> Result<Manifest> {
        let layer = self.layers.get(&built.package).cloned();
        resolve::manifest(self, layer.unwrap_or_default(), built)
    }
}
