//! A path in the guest: absolute, normal, never escaping.

use std::fmt;

use crate::error::{Error, Result};

/// A guest path that starts with `/`, has no empty, `.` or `..` part, no NUL, no part above 255 bytes and at most 4,095 bytes.
///
/// The root itself is `/`. Order is by bytes of the parts, so a folder sorts before what it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootPath(Vec<String>);

impl RootPath {
    /// The root folder.
    #[must_use]
    pub fn root() -> Self {
        Self(Vec::new())
    }

    /// Reads a path as the user or a file wrote it. Doubled slashes and `.` parts are dropped.
    ///
    /// # Errors
    /// When it is relative, has a `..` part or a NUL, or is longer than Linux allows (path_resolution(7)).
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |why: &str| Err(Error::input(format!("guest path `{text}` {why}")));
        if !text.starts_with('/') {
            return refuse("is relative; guest paths start with `/`");
        }
        if text.contains('\0') {
            return refuse("has a NUL byte");
        }
        if text.len() > 4095 {
            return refuse("is longer than 4,095 bytes");
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => return refuse("has a `..` part"),
                _ if part.len() > 255 => return refuse("has a part of more than 255 bytes"),
                _ => parts.push(part.to_owned()),
            }
        }
        Ok(Self(parts))
    }

    /// The path of `name` in this folder.
    ///
    /// # Errors
    /// As for [`RootPath::parse`], or when `name` has a slash.
    pub fn join(&self, name: &str) -> Result<Self> {
        if name.contains('/') {
            return Err(Error::input(format!("file name `{name}` has a slash")));
        }
        Self::parse(&format!("{self}/{name}"))
    }

    /// The folder that holds it; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, parts) = self.0.split_last()?;
        Some(Self(parts.to_vec()))
    }

    /// Its last part; `None` for the root.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    /// Its parts from the root on.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        for part in &self.0 {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let found = RootPath::parse(text).ok().map(|path| path.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn only_absolute_paths_that_stay_inside() {
        check("/", Some("/"));
        check("//etc/./hosts/", Some("/etc/hosts"));
        check("etc/hosts", None);
        check("/etc/../shadow", None);
        check("/a\0b", None);
        check(&format!("/{}", "n".repeat(256)), None);
    }

    #[test]
    fn folder_sorts_before_its_content() {
        let path = |text| RootPath::parse(text).unwrap();
        assert!(path("/a") < path("/a/b"));
        assert!(path("/a/b") < path("/a-b"));
        assert_eq!(path("/a/b").parent(), Some(path("/a")));
        assert_eq!(path("/").parent(), None);
    }
}
