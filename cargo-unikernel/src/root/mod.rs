//! The root tree: the files that the guest sees.
//!
//! [`RootTree`] is a sorted map from [`RootPath`] to [`Node`]; every parent folder exists in it by construction. Content is a
//! [`Source`]: bytes, or a host file of known length that is read when the archive is written.

mod asked;
mod defaults;
pub mod door;
mod host;
pub mod layer;
mod path;
pub mod plan;
mod source;

use std::collections::BTreeMap;

pub use path::RootPath;
pub use source::Source;

use crate::error::{Error, Result};

/// Most symbolic links that one look-up follows (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Permission bits, 0o0000 to 0o7777 (inode(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u16);

/// One entry of the root tree. Owner and group are 0, times are 0: nothing of the builder's machine is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Folder {
        /// Its permissions.
        mode: Mode,
    },
    /// A regular file.
    File {
        /// Its permissions.
        mode: Mode,
        /// Its content.
        source: Source,
    },
    /// A symbolic link.
    Link {
        /// Where it points, as the guest reads it.
        target: String,
    },
}

/// The files that the guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootTree(BTreeMap<RootPath, Node>);

impl Default for RootTree {
    fn default() -> Self {
        let folder = Node::Folder { mode: Mode(0o755) };
        Self(BTreeMap::from([(RootPath::root(), folder)]))
    }
}

impl RootTree {
    /// Puts a node at `path`, with the folders above it (0755) where they are missing. What was there is replaced, so that
    /// later wins; a folder put on a folder keeps what it holds.
    ///
    /// # Errors
    /// When a file or link is in the way of a folder, or the other way round.
    pub fn insert(&mut self, path: RootPath, node: Node) -> Result<()> {
        let mut above = path.parent();
        while let Some(folder) = above {
            match self.0.get(&folder) {
                Some(Node::Folder { .. }) => break,
                Some(_) => {
                    return Err(Error::input(format!(
                        "`{path}` can't be put into the root tree: `{folder}` is no folder there"
                    )));
                }
                None => {
                    self.0
                        .insert(folder.clone(), Node::Folder { mode: Mode(0o755) });
                }
            }
            above = folder.parent();
        }
        let is_folder = |node: &Node| matches!(node, Node::Folder { .. });
        if let Some(old) = self.0.get(&path)
            && is_folder(old) != is_folder(&node)
        {
            return Err(Error::input(format!(
                "`{path}` would be a folder and a file at once in the root tree"
            )));
        }
        self.0.insert(path, node);
        Ok(())
    }

    /// Takes a node and all beneath it out; false when there was none.
    pub fn remove(&mut self, path: &RootPath) -> bool {
        let n_before = self.0.len();
        self.0.retain(|at, _| {
            let mut parts = at.parts();
            !path.parts().all(|part| parts.next() == Some(part))
        });
        n_before > self.0.len()
    }

    /// `path` with the links on the way to it followed, as the guest would; the last part is not. A link that goes round in
    /// circles is left as it is.
    #[must_use]
    pub fn resolved(&self, path: &RootPath) -> RootPath {
        let mut path = path.clone();
        for _ in 0..MAX_LINKS {
            let mut above = std::iter::successors(path.parent(), RootPath::parent);
            let link = above.find_map(|at| match self.0.get(&at)? {
                Node::Link { target } => Some((at, target.clone())),
                _ => None,
            });
            let Some((at, target)) = link else {
                return path;
            };
            let rest: Vec<&str> = path.parts().skip(at.parts().count()).collect();
            let from = at.parent().filter(|_| !target.starts_with('/'));
            let from = from.map_or_else(String::new, |from| from.to_string());
            let all = crate::closure::normal(&format!("{from}/{target}/{}", rest.join("/")));
            match RootPath::parse(&all) {
                Ok(next) => path = next,
                Err(_) => return path,
            }
        }
        path
    }

    /// The node at `path`.
    #[must_use]
    pub fn get(&self, path: &RootPath) -> Option<&Node> {
        self.0.get(path)
    }

    /// All nodes, the root first, each folder before what it holds.
    pub fn iter(&self) -> impl Iterator<Item = (&RootPath, &Node)> {
        self.0.iter()
    }

    /// Bytes of all file contents.
    #[must_use]
    pub fn content_len(&self) -> u64 {
        self.0.values().map(Node::content_len).sum()
    }
}

impl Node {
    fn content_len(&self) -> u64 {
        match self {
            Self::File { source, .. } => source.len(),
            Self::Folder { .. } | Self::Link { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RootPath {
        RootPath::parse(text).unwrap()
    }

    fn file(text: &str) -> Node {
        Node::File {
            mode: Mode(0o644),
            source: Source::from(text.as_bytes().to_vec()),
        }
    }

    #[test]
    fn parents_exist_by_construction() {
        let mut tree = RootTree::default();
        tree.insert(path("/etc/ssl/certs/a"), file("x")).unwrap();
        let paths: Vec<_> = tree.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "/",
                "/etc",
                "/etc/ssl",
                "/etc/ssl/certs",
                "/etc/ssl/certs/a"
            ]
        );
    }

    #[test]
    fn file_in_the_way_is_named() {
        let mut tree = RootTree::default();
        tree.insert(path("/etc"), file("x")).unwrap();
        let error = tree.insert(path("/etc/hosts"), file("y")).unwrap_err();
        assert!(error.to_string().contains("`/etc` is no folder"), "{error}");
    }

    #[test]
    fn removing_takes_what_is_beneath() {
        let mut tree = RootTree::default();
        tree.insert(path("/a/b"), file("x")).unwrap();
        tree.insert(path("/ab"), file("x")).unwrap();
        assert!(tree.remove(&path("/a")));
        assert!(!tree.remove(&path("/a")));
        assert!(tree.get(&path("/ab")).is_some());
    }
}
