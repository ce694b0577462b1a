//! The root tree as bytes.
//!
//! How to add one: a file here with a `static` [`Archive`] of facts and one pure function from the root tree to a
//! [`Plan`], and its line in [`ARCHIVES`]. A kernel target names the archive that its kernel reads.

pub mod erofs;
pub mod rofs;

use std::path::Path;

use crate::error::Result;
use crate::image::{Plan, Span};
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
    /// What the archive at this place of a file holds, and the content of the file at a path in it. Errors: when it is damaged.
    pub look: fn(&Path, Span, &str) -> Result<Contents>,
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// All entries, each folder before what it holds.
    pub entries: Vec<Entry>,
    /// The content of the file that was asked for, if it is there.
    pub file: Option<Vec<u8>>,
}

/// Something in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its absolute path.
    pub path: String,
    /// Its permissions, 0o0000 to 0o7777, as programs see them.
    pub permissions: u16,
    /// What it is.
    pub kind: EntryKind,
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
