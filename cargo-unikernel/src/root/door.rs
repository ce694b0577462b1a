//! The one door for trees that come from outside: folders and tar files.
//!
//! It refuses names that are absolute or have a `..`, links that leave the tree, devices, and more than [`MAX_FILES`] files or
//! [`MAX_LEN`] bytes in all.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Result};

/// Most files, folders and links that one tree may bring.
pub const MAX_FILES: usize = 1 << 20;
/// Most bytes of content that one tree may bring: 16 GiB.
pub const MAX_LEN: u64 = 16 << 30;
/// Deepest nesting of folders; Linux allows paths of 4,095 bytes anyway.
pub const MAX_DEPTH: usize = 1024;

/// What has come through so far.
#[derive(Debug)]
pub(super) struct Door<'a> {
    /// The tree, for errors.
    tree: &'a Path,
    /// Names in the tree that the user has an entry for, which comes in their place.
    named: BTreeSet<String>,
    n_files: usize,
    len: u64,
}

impl<'a> Door<'a> {
    pub(super) fn new(tree: &'a Path) -> Self {
        Self {
            tree,
            named: BTreeSet::new(),
            n_files: 0,
            len: 0,
        }
    }

    /// The same for a tree of which the user names parts, relative to it: links there may lead anywhere, since what they are is
    /// said elsewhere.
    pub(super) fn but(mut self, named: impl IntoIterator<Item = String>) -> Self {
        self.named.extend(named);
        self
    }

    /// The tree that it is for.
    pub(super) fn tree(&self) -> &'a Path {
        self.tree
    }

    fn refused(&self, name: &str, why: &str) -> Error {
        Error::input(format!("`{name}` in `{}` {why}", self.tree.display()))
    }

    /// Lets one file, folder or link of `len` bytes in; the parts of its name come back.
    ///
    /// # Errors
    /// When its name leaves the tree, or it is one too many.
    pub(super) fn entry<'n>(&mut self, name: &'n str, len: u64) -> Result<Vec<&'n str>> {
        if name.starts_with('/') {
            return Err(self.refused(name, "is an absolute path"));
        }
        let mut parts = Vec::new();
        for part in name.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(self.refused(name, "has a `..` part")),
                part => parts.push(part),
            }
        }
        self.n_files += 1;
        self.len = self.len.saturating_add(len);
        if self.n_files > MAX_FILES || self.len > MAX_LEN || parts.len() > MAX_DEPTH {
            return Err(Error::input(format!(
                "`{}` holds more than {MAX_FILES} files or {} GiB, or is nested deeper than {MAX_DEPTH} folders",
                self.tree.display(),
                MAX_LEN >> 30
            )));
        }
        Ok(parts)
    }

    /// Lets the target of a link in, if it stays in the tree or the user names the link; `name` is the link's own.
    ///
    /// # Errors
    /// When it leads out.
    pub(super) fn link(&self, name: &str, target: &str) -> Result<()> {
        if self.named.contains(name) {
            return Ok(());
        }
        let leaves = || {
            let why = format!("is a link that leads out of its folder, to `{target}`");
            self.refused(name, &why)
        };
        if target.starts_with('/') {
            return Err(leaves());
        }
        // Depth below the tree's top; a `..` too many leaves it, wherever links on the way lead.
        let own = name.split('/').filter(|part| !matches!(*part, "" | "."));
        let mut depth = own.count().saturating_sub(1);
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => depth = depth.checked_sub(1).ok_or_else(leaves)?,
                _ => depth += 1,
            }
        }
        Ok(())
    }

    /// The error for a device, a socket, a pipe.
    pub(super) fn no_file(&self, name: &str) -> Error {
        self.refused(name, "is neither a file nor a folder nor a link")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        let check = |name: &str, expected: Option<&[&str]>| {
            let mut door = Door::new(Path::new("tree"));
            assert_eq!(door.entry(name, 0).ok().as_deref(), expected, "{name}");
        };
        check("./etc//passwd", Some(&["etc", "passwd"]));
        check("/etc/passwd", None);
        check("../x", None);
        check("a/../../x", None);
    }

    #[test]
    fn links_stay_inside() {
        let door = Door::new(Path::new("tree"));
        let check = |name: &str, target: &str, expected: bool| {
            assert_eq!(
                door.link(name, target).is_ok(),
                expected,
                "{name} -> {target}"
            );
        };
        check("a/b", "../c", true);
        check("./b", "c", true);
        check("b", "../c", false);
        check("a/b", "../../c", false);
        check("b", "/etc/passwd", false);
        check("a/b", "x/../../../c", false);
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut door = Door::new(Path::new("tree"));
        assert!(door.entry("a", MAX_LEN).is_ok());
        assert!(door.entry("b", 1).is_err());
        assert!(door.entry("c", u64::MAX).is_err());
    }
}
