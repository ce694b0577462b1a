//! Images: what a machine boots.
//!
//! A format is a pure function from [`Parts`] to a [`Plan`]. How to add one: a file here with a `static` [`ImageFormat`] of
//! facts and that function, and its line in [`FORMATS`]; then the kernel targets that can be packed so name it.

pub mod elf;
mod plan;
pub mod raw;

pub use plan::{Content, Plan, Span};

use std::sync::Arc;

use crate::error::Result;

/// A kind of image file.
#[derive(Debug)]
pub struct ImageFormat {
    /// Its name, as `--format` takes it.
    pub name: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// What a file of it is called behind the dot.
    pub extension: &'static str,
    /// Where every byte goes. Errors: what this format can't hold.
    pub plan: fn(&Parts) -> Result<Plan>,
}

/// What an image is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The kernel file.
    pub kernel: Arc<[u8]>,
    /// The root tree as an archive.
    pub archive: Plan,
    /// The launch record, or the command line.
    pub launch: Vec<u8>,
    /// The disk of these, when the kernel boots from one.
    pub disk: Option<Plan>,
}

/// All image formats, by name.
pub static FORMATS: &[&ImageFormat] = &[&elf::FORMAT, &raw::FORMAT];
