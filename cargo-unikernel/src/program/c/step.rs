//! One run of compiler or linker, left out when nothing that it depends on has changed since the last one.
//!
//! Beside each output lies a record: the whole command, and every file that was read, with its length and time. A file counts
//! as changed when either differs, so an older file that takes a newer one's place is noticed too.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::dependencies;
use crate::error::{Error, Result};
use crate::fs::{self, Stamp};
use crate::progress::Progress;
use crate::tool::Invocation;

/// What was run, on what, and what came out.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    command: String,
    inputs: Vec<(PathBuf, Stamp)>,
    output: Stamp,
}

/// A run of compiler or linker.
pub(super) struct Step<'a> {
    /// The word for what it does: `Compiling`.
    pub(super) verb: &'a str,
    /// What it is done to, as the user knows it.
    pub(super) what: String,
    /// What is run; it writes `output`, and a rule about its inputs to [`rule_path`] of it.
    pub(super) invocation: Invocation,
    /// The file that comes out.
    pub(super) output: PathBuf,
    /// Files that it reads, whatever its rule says.
    pub(super) inputs: Vec<PathBuf>,
}

/// Where the rule about an output's inputs lies.
#[must_use]
pub(super) fn rule_path(output: &Path) -> PathBuf {
    with_suffix(output, ".d")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Step<'_> {
    /// Runs it if need be; returns all files that it depends on.
    ///
    /// # Errors
    /// When it can't be started or fails; the output is then not taken for a good one next time.
    pub(super) fn run(&self, progress: &dyn Progress) -> Result<Vec<PathBuf>> {
        let record = with_suffix(&self.output, ".step");
        let command = self.command()?;
        if let Some(inputs) = up_to_date(&record, &command, &self.output) {
            progress.detail(&format!("{:>12} {}", "Fresh", self.what));
            return Ok(inputs);
        }
        let before = recorded(&record).map(|record| record.inputs);
        // What is left of an older run must not be taken for this one's.
        fs::remove_file(&record)?;
        fs::remove_file(&rule_path(&self.output))?;
        progress.started(self.verb, &self.what);
        progress.detail(&self.invocation.to_string());
        let start = SystemTime::now();
        let status = self.invocation.run_streamed()?;
        if !status.success() {
            fs::remove_file(&self.output)?;
            let program = self.invocation.program.display();
            // A compiler that does not get as far as telling what it read has most likely read what it read last time.
            let before = before.into_iter().flatten().map(|(path, _)| path);
            return Err(
                Error::input(format!("`{program}` failed on `{}`: {status}", self.what))
                    .hint("`-v` shows the whole command")
                    .inputs(self.read_inputs())
                    .inputs(before),
            );
        }
        let inputs = self.read_inputs();
        self.remember(&record, command, &inputs, start)?;
        Ok(inputs)
    }

    /// The command line, with what tells this compiler from another one at the same place.
    fn command(&self) -> Result<String> {
        let stamp = fs::stamp(&self.invocation.program)?;
        Ok(format!("{} # {stamp:?}", self.invocation))
    }

    fn read_inputs(&self) -> Vec<PathBuf> {
        let mut inputs = self.inputs.clone();
        let folder = self.invocation.folder.clone().unwrap_or_default();
        // A linker that knows no such rules leaves none.
        let rule = fs::read_text(&rule_path(&self.output)).unwrap_or_default();
        for file in dependencies::inputs(&rule, &folder) {
            // The linker's own temporary files are gone.
            if !inputs.contains(&file) && fs::is_file(&file) {
                inputs.push(file);
            }
        }
        inputs
    }

    fn remember(
        &self,
        record: &Path,
        command: String,
        inputs: &[PathBuf],
        start: SystemTime,
    ) -> Result<()> {
        let mut stamped = Vec::new();
        for input in inputs {
            let changed = fs::metadata(input)?.modified().ok();
            if changed.is_none_or(|changed| changed >= start) && !self.inputs_are_ours(input) {
                // Changed while it was read, perhaps: the next build looks again.
                return Ok(());
            }
            stamped.push((input.clone(), fs::stamp(input)?));
        }
        let content = Record {
            command,
            inputs: stamped,
            output: fs::stamp(&self.output)?,
        };
        let text = serde_json::to_vec(&content)
            .map_err(|error| Error::internal(format!("a build record: {error}")))?;
        fs::write_bytes(record, &text).map(|_| ())
    }

    /// Whether a file was made by the step before, which nobody else writes: objects lie beside the program.
    fn inputs_are_ours(&self, input: &Path) -> bool {
        input.parent() == self.output.parent()
    }
}

fn recorded(record: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(record).ok()?).ok()
}

/// The inputs of the last run, if it was of the same command, on the same files, and its output is as it was.
fn up_to_date(record: &Path, command: &str, output: &Path) -> Option<Vec<PathBuf>> {
    let record = recorded(record)?;
    let unchanged = |path: &Path, stamp: &Stamp| fs::stamp(path).is_ok_and(|now| now == *stamp);
    let fresh = record.command == command
        && unchanged(output, &record.output)
        && record
            .inputs
            .iter()
            .all(|(path, stamp)| unchanged(path, stamp));
    fresh.then(|| record.inputs.into_iter().map(|(path, _)| path).collect())
}
