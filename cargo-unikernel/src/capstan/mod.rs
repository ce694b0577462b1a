//! Capstan's projects, as ours: a `Capstanfile`, or `meta/package.yaml` with `meta/run.yaml`, becomes a `Unikernel.toml`.
//!
//! Read here: what a project says. Not read: what Capstan's own base images and packages hold, which is elsewhere. What has no
//! counterpart is a finding with its place, and a comment in what is written.

mod boot;
mod capstanfile;
mod draft;
mod fields;
mod ignore;
mod package;

use std::path::Path;

use crate::error::Result;
use crate::fs;
use crate::progress::Diagnostic;

/// What Capstan reads with `capstan build`.
pub const CAPSTANFILE: &str = "Capstanfile";

/// What Capstan reads with `capstan package compose`.
const PACKAGE: &str = "meta/package.yaml";
/// How a package is started.
const RUN: &str = "meta/run.yaml";

/// A project of Capstan's as ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// What it was read from.
    pub from: &'static str,
    /// The text of a `Unikernel.toml`.
    pub manifest: String,
    /// What has no counterpart, or another one than one would think.
    pub findings: Vec<Diagnostic>,
}

/// What lies in a folder, as ours; `None` when it is no project of Capstan's. `name` is the folder's own.
///
/// # Errors
/// When a file can't be read, is no YAML, or says nothing that could be run; with the place.
pub fn convert(folder: &Path, name: &str) -> Result<Option<Converted>> {
    let has = |file: &str| fs::is_file(&folder.join(file));
    let (from, draft) = if has(CAPSTANFILE) {
        (CAPSTANFILE, capstanfile::read(folder, name)?)
    } else if has(PACKAGE) || has(RUN) {
        let from = if has(RUN) { RUN } else { PACKAGE };
        (from, package::read(folder, name)?)
    } else {
        return Ok(None);
    };
    Ok(Some(Converted {
        from,
        manifest: draft.to_string(),
        findings: draft.findings,
    }))
}

#[cfg(test)]
mod tests;
