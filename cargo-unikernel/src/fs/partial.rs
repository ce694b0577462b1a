//! A file that is filled bit by bit, perhaps by several runs: a download that can go on where it was cut off.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{create_folder, failed, folder_of};
use crate::error::Result;

/// A file, open for more.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Partial {
    /// Opens the file, with what an earlier run has left in it.
    ///
    /// # Errors
    /// When it or its folder can't be made.
    pub fn open(path: &Path) -> Result<Self> {
        create_folder(folder_of(path))?;
        let file = File::options().append(true).create(true).open(path);
        let file = file.map_err(|error| failed("open", path, &error))?;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| failed("find", path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            len: metadata.len(),
            file,
        })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Throws away what is in it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn restart(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0);
        emptied.map_err(|error| failed("write", &self.path, &error))?;
        self.len = 0;
        Ok(())
    }

    /// Adds bytes at its end.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| failed("write", &self.path, &error))?;
        self.len += bytes.len() as u64;
        Ok(())
    }
}
