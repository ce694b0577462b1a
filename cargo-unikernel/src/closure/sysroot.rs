//! The tree in which libraries are looked up: the host's own, or a folder that stands for another system's root.

use std::path::{Component, Path, PathBuf};

use crate::error::Result;
use crate::fs;

/// Most symbolic links that one look-up follows (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The root of look-ups. Symbolic links in it never lead out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysroot {
    folder: PathBuf,
    given: bool,
}

impl Default for Sysroot {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("/"),
            given: false,
        }
    }
}

impl Sysroot {
    /// The tree below `folder`.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn new(folder: &Path) -> Result<Self> {
        let folder =
            fs::canonical(folder).map_err(|error| error.context("the sysroot is not usable"))?;
        fs::list(&folder).map_err(|error| error.context("the sysroot is not usable"))?;
        Ok(Self {
            folder,
            given: true,
        })
    }

    /// Whether the user named it; else it is the host's own root.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The host path of what lies at `path` in the tree, all links followed inside of it; `None` when nothing does.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let mut pending: Vec<PathBuf> = vec![path.to_owned()];
        let mut parts: Vec<std::ffi::OsString> = Vec::new();
        let mut n_links = 0;
        while let Some(next) = pending.pop() {
            let mut components = next.components();
            let Some(first) = components.next() else {
                continue;
            };
            let rest = components.as_path().to_owned();
            if !rest.as_os_str().is_empty() {
                pending.push(rest);
            }
            match first {
                Component::RootDir => parts.clear(),
                Component::CurDir | Component::Prefix(_) => {}
                Component::ParentDir => {
                    parts.pop();
                }
                Component::Normal(name) => {
                    let place = self.host(&parts).join(name);
                    let metadata = fs::link_metadata(&place).ok()?;
                    if metadata.is_symlink() {
                        n_links += 1;
                        if n_links > MAX_LINKS {
                            return None;
                        }
                        pending.push(fs::link_target(&place).ok()?);
                    } else {
                        parts.push(name.to_owned());
                    }
                }
            }
        }
        let found = self.host(&parts);
        fs::exists(&found).then_some(found)
    }

    /// As [`Sysroot::resolve`], for a path on the host: inside the tree when it leads there, else as the host has it.
    #[must_use]
    pub fn resolve_host(&self, path: &Path) -> Option<PathBuf> {
        match path.strip_prefix(&self.folder) {
            Ok(inside) => self.resolve(&Path::new("/").join(inside)),
            Err(_) => fs::canonical(path).ok(),
        }
    }

    fn host(&self, parts: &[std::ffi::OsString]) -> PathBuf {
        let mut path = self.folder.clone();
        path.extend(parts);
        path
    }
}

/// `path` without `.`, `..` and doubled slashes, as if no part were a link; `..` of the root is the root.
#[must_use]
pub fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonical(folder.path()).unwrap();
        fs::write_bytes(&root.join("usr/lib/libc.so.6"), b"x").unwrap();
        let link = |target: &str, at: &str| {
            std::os::unix::fs::symlink(target, root.join(at)).unwrap();
        };
        link("usr/lib", "lib");
        link("/usr/lib/libc.so.6", "usr/lib/libc.so");
        link("../../../../usr", "usr/lib/up");
        link("/etc/passwd", "out");
        link("loop", "loop");
        let sysroot = Sysroot::new(&root).unwrap();
        let check = |path: &str, expected: Option<&str>| {
            let expected = expected.map(|expected| root.join(expected));
            assert_eq!(sysroot.resolve(Path::new(path)), expected, "{path}");
        };
        check("/lib/libc.so.6", Some("usr/lib/libc.so.6"));
        check("/lib/libc.so", Some("usr/lib/libc.so.6"));
        check("/lib/../../usr/./lib/libc.so.6", Some("usr/lib/libc.so.6"));
        check("/usr/lib/up/lib/libc.so", Some("usr/lib/libc.so.6"));
        check("/out", None);
        check("/loop", None);
        check("/nothing", None);
    }

    #[test]
    fn normal_paths() {
        assert_eq!(normal("/a/./b//../c"), "/a/c");
        assert_eq!(normal("/../lib"), "/lib");
    }
}
