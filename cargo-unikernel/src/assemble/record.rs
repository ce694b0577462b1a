//! What a file was made of, remembered beside it: one that would become the same is neither read nor written.
//!
//! Bytes in memory count as they are, host files by their stamps; the tool itself is one of them.

use std::hash::Hasher as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use crate::error::{Error, Result};
use crate::fs::{self, Stamp};
use crate::image::Parts;
use crate::program::Program;

/// The record of one file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    fingerprint: u64,
    made: Stamp,
}

/// What an image of these parts is made of; `None` when a host file was changed just now, and may be again at the same time by
/// the clock of its file system.
pub(super) fn fingerprint(parts: &Parts, format: &str) -> Option<u64> {
    let mut hash = XxHash64::with_seed(0);
    let tool = fs::stamp(&fs::own_program().ok()?).ok()?;
    hash.write(format!("{format} {tool:?}").as_bytes());
    for bytes in [&parts.kernel[..], &parts.launch] {
        hash.write_u64(bytes.len() as u64);
        hash.write(bytes);
    }
    let disk = parts.disk.as_ref();
    let is_told =
        parts.archive.fingerprint(&mut hash) && disk.is_none_or(|disk| disk.fingerprint(&mut hash));
    is_told.then(|| hash.finish())
}

/// What the copy of a program that was not stripped is made of.
pub(super) fn fingerprint_of(program: &Program) -> u64 {
    let Program {
        path,
        stamp,
        build_id,
        ..
    } = program;
    let text = format!("{} {stamp:?} {build_id:?}", path.display());
    XxHash64::oneshot(0, text.as_bytes())
}

/// Whether the file at `path` was made of this, and nobody has touched it since.
pub(super) fn is_of(path: &Path, fingerprint: u64) -> bool {
    let record = fs::read(&beside(path)).ok();
    let record = record.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
    record.is_some_and(|record| {
        record.fingerprint == fingerprint && fs::stamp(path).is_ok_and(|now| now == record.made)
    })
}

/// Remembers what the file at `path` is made of.
pub(super) fn remember(path: &Path, fingerprint: Option<u64>) -> Result<()> {
    let Some(fingerprint) = fingerprint else {
        return fs::remove_file(&beside(path));
    };
    let record = Record {
        fingerprint,
        made: fs::stamp(path)?,
    };
    let bytes = serde_json::to_vec(&record)
        .map_err(|error| Error::internal(format!("a record of what was made: {error}")))?;
    fs::write_bytes(&beside(path), &bytes).map(|_| ())
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.made"))
}
