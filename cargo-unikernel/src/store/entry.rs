//! What the store knows of a kernel: its files, their digests, and where they came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DEFAULT;
use super::part::PARTS;
use crate::error::{Error, Result};
use crate::{fs, tool};

/// The record in a kernel's folder. It is written last: a folder without it is no kernel.
pub(super) const RECORD: &str = "entry.json";

/// Longest record that is read, in bytes.
const MAX_RECORD: u64 = 1 << 20;

/// Longest kernel file that is stored or read, in bytes.
pub(super) const MAX_LEN: u64 = 512 << 20;

/// A kernel in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// What it is: `osv`, `nanos`, `builtin`.
    pub kind: String,
    /// What the user calls it.
    pub name: String,
    /// Its files, by the names that their project gives them (`loader.img`).
    pub files: BTreeMap<String, KernelPart>,
}

/// A file of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelPart {
    /// Where it lies.
    pub path: PathBuf,
    /// What is known of it.
    pub facts: Facts,
}

/// What is recorded of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Length in bytes.
    pub len: u64,
    /// Where it came from.
    pub source: Source,
}

/// Where a file came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// An address, or a path of this host.
    pub from: String,
    /// SHA-256 of what was fetched from the address, which may be an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) files: BTreeMap<String, Facts>,
}

impl Kernel {
    /// A file of it; the error names the file that is missing and how to get it.
    ///
    /// # Errors
    /// When this kernel has no such file.
    pub fn part(&self, file: &str) -> Result<&KernelPart> {
        self.files.get(file).ok_or_else(|| {
            let (kind, name) = (&self.kind, &self.name);
            Error::input(format!("the kernel `{kind}/{name}` has no `{file}`")).hint(format!(
                "add it to the others: cargo unikernel kernel add --name {name} FILE"
            ))
        })
    }

    /// Reads the kernel's folder; `None` when it has no record.
    pub(super) fn read(folder: &Path, kind: &str, name: &str) -> Result<Option<Self>> {
        let path = folder.join(RECORD);
        if !fs::is_file(&path) {
            return Ok(None);
        }
        let bytes = fs::read_at_most(&path, MAX_RECORD)?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| {
            Error::input(format!("`{}` is broken: {error}", path.display())).hint(format!(
                "remove the kernel and add it again: cargo unikernel kernel remove {kind}/{name}"
            ))
        })?;
        let known = |file: &String| {
            PARTS
                .iter()
                .any(|part| part.kind == kind && part.file == file)
        };
        if let Some(file) = record.files.keys().find(|file| !known(file)) {
            return Err(Error::input(format!(
                "`{}` is broken: `{file}` is no file of a kernel of kind `{kind}`",
                path.display()
            )));
        }
        let files = record.files.into_iter().map(|(file, facts)| {
            let path = folder.join(&file);
            (file, KernelPart { path, facts })
        });
        Ok(Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            files: files.collect(),
        }))
    }
}

impl KernelPart {
    /// Whether the file is there; the error names the command that gets it again.
    ///
    /// # Errors
    /// When it was deleted.
    pub fn check_there(&self) -> Result<()> {
        if fs::is_file(&self.path) {
            return Ok(());
        }
        let path = self.path.display();
        let error = Error::input(format!("`{path}` was deleted from the store"));
        Err(error.hint(self.again()))
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When it can't be read, or is not what was stored.
    pub fn read(&self) -> Result<Vec<u8>> {
        self.check_there()?;
        let bytes = fs::read_at_most(&self.path, MAX_LEN)?;
        self.compare(&fs::sha256_of(&bytes))?;
        Ok(bytes)
    }

    /// Reads the file without keeping it.
    ///
    /// # Errors
    /// As [`KernelPart::read`].
    pub fn check(&self) -> Result<()> {
        self.check_there()?;
        self.compare(&fs::sha256(&self.path)?)
    }

    fn compare(&self, found: &str) -> Result<()> {
        if found == self.facts.sha256 {
            return Ok(());
        }
        Err(Error::input(format!(
            "`{}` was changed: its SHA-256 is {found}, and {} was stored",
            self.path.display(),
            self.facts.sha256
        ))
        .hint(self.again()))
    }

    /// How to get it again from where it came from.
    fn again(&self) -> String {
        let Source { from, sha256 } = &self.facts.source;
        let from = tool::quoted(from.as_ref());
        let command = match sha256 {
            Some(sha256) => format!("fetch {from} --sha256 {sha256}"),
            None => format!("add {from}"),
        };
        let folder = self.path.parent().and_then(Path::file_name);
        let name = folder.filter(|name| *name != DEFAULT);
        let name = name.map_or_else(String::new, |name| format!(" --name {}", name.display()));
        format!("get it again: cargo unikernel kernel {command}{name}")
    }
}
