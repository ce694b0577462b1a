//! The root tree as bytes.
//!
//! How to add one: a file here with a `static` [`Archive`] of facts and one pure function from the root tree to a
//! [`Plan`], and its line in [`ARCHIVES`]. A kernel target names the archive that its kernel reads.

pub mod erofs;
pub mod rofs;

use crate::error::Result;
use crate::image::Plan;
use crate::root::RootTree;

/// A way to write a root tree down.
#[derive(Debug)]
pub struct Archive {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Where every byte goes. Errors: what this archive can't hold, by path.
    pub plan: fn(&RootTree) -> Result<Plan>,
}

/// What an entry of an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A regular file of so many bytes.
    File(u64),
    /// A symbolic link with this target.
    Link(String),
}

/// All archives, by name.
pub static ARCHIVES: &[&Archive] = &[&erofs::ARCHIVE, &rofs::ARCHIVE];
