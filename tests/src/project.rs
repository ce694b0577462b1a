//! A temporary folder with files, thrown away at the end.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::Call;

/// A temporary folder with files in it.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty one.
    ///
    /// # Panics
    /// When the machine has no room for temporary files.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "making a folder is an effect")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("unikernel-test-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    /// The same with a file at this path, and the folders above it.
    ///
    /// # Panics
    /// When it can't be written.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    /// Writes a file at this path, and the folders above it.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let target = self.path(path);
        let parent = target.parent().expect("a file lies in a folder");
        fs::create_dir_all(parent).expect("a temporary folder is writable");
        fs::write(&target, content).expect("a temporary folder is writable");
    }

    /// A package that `cargo new` would make, with this source of `src/main.rs` and these lines behind its manifest.
    #[must_use]
    pub fn cargo_package(name: &str, main: &str, manifest: &str) -> Self {
        let header = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n"
        );
        Self::new()
            .file("Cargo.toml", header + manifest)
            .file("src/main.rs", main)
    }

    /// Copies all libraries that a dynamic program in this folder needs on this machine to their own places below `sysroot`, a
    /// folder in this one; their paths in this one come back.
    ///
    /// # Panics
    /// When `ldd` names none, or they can't be copied.
    pub fn copy_libraries(&self, program: &str, sysroot: &str) -> Vec<String> {
        let needed = Call::new("ldd").arg(self.path(program)).run();
        let text = needed.expect_status(0).stdout_text();
        let found = text.split_whitespace().filter(|word| word.starts_with('/'));
        let copied: Vec<String> = found
            .map(|path| {
                let copy = format!("{sysroot}{path}");
                self.write(&copy, fs::read(path).expect("`ldd` names files"));
                copy
            })
            .collect();
        assert!(!copied.is_empty(), "{needed}");
        copied
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}
