//! `cargo unikernel job`: does what a build script asks. One JSON document in, one out; everything else goes to standard error.

use std::cell::RefCell;
use std::path::PathBuf;

use unikernel_build::job::{self, Answer, Built, Failed, Job, VERSION};

use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::{Error, Result};
use crate::manifest::{JOB_VARIABLES, Project};
use crate::pipeline;
use crate::program::c;
use crate::progress::{Diagnostic, Overheard, Weight};
use crate::root::Node;

/// Longest job that is read, in bytes.
const MAX_LEN: u64 = 16 << 20;

/// Reads a job, does it, answers. What goes wrong is in the answer.
///
/// # Errors
/// When the answer can't be written.
pub fn run(shell: &Shell) -> Result<Exit> {
    let (job, done) = match shell.input(MAX_LEN).and_then(|bytes| decoded(&bytes)) {
        Ok(job) => {
            let built = build(&job, shell);
            (Some(job), built)
        }
        Err(error) => (None, Err(error)),
    };
    let (exit, answer) = match done {
        Ok(built) => (Exit::Done, Answer::Built(built)),
        Err(error) => {
            let answer = Answer::Failed(failed(job.as_ref(), &error));
            (Exit::of(error.kind()), answer)
        }
    };
    let text = answer
        .to_text()
        .map_err(|error| Error::input(format!("writing an answer: {error}")))?;
    shell.data(&text)?;
    Ok(exit)
}

/// The job in these bytes. Its version is looked at before anything else: only then it is known what the rest should be.
fn decoded(bytes: &[u8]) -> Result<Job> {
    let broken = |error: unikernel_build::Error| {
        Error::input(format!("standard input holds no job: {error}"))
            .hint("`unikernel_build` speaks to this command; `cargo unikernel build` is for people")
    };
    let version = job::version(bytes).map_err(broken)?;
    if version != VERSION {
        return Err(Error::input(format!(
            "the job has version {version}, and this `cargo-unikernel` does version {VERSION}"
        ))
        .hint("take `unikernel-build` and `cargo-unikernel` from the same release"));
    }
    Job::from_text(bytes).map_err(broken)
}

fn build(job: &Job, shell: &Shell) -> Result<Built> {
    // Cargo keeps what a build script that succeeds writes to standard error: warnings are handed to it.
    let warnings = RefCell::new(Vec::new());
    let heard = Overheard {
        outside: shell,
        finding: &|diagnostic| {
            if diagnostic.weight == Weight::Warning {
                warnings.borrow_mut().push(line(diagnostic));
            }
        },
        machine: &|_| {},
    };
    let project = Project::of_job(job)?;
    let mut built = Built {
        inputs: given(job),
        variables: variables(),
        ..Built::default()
    };
    for planned in pipeline::plan(&project, &heard)? {
        let nodes = planned.root.tree.iter();
        built
            .inputs
            .extend(nodes.filter_map(|(_, node)| match node {
                Node::File { source, .. } => source.host_path().map(PathBuf::from),
                Node::Folder { .. } | Node::Link { .. } => None,
            }));
        built.inputs.extend(planned.inputs.iter().cloned());
        built.variables.extend(planned.variables.iter().cloned());
        for made in pipeline::make(&planned, &heard)? {
            built.program = made.image.unstripped();
            built.images.push(made.image.path);
        }
    }
    built.inputs.sort();
    built.inputs.dedup();
    built.variables.sort();
    built.variables.dedup();
    built.warnings = warnings.into_inner();
    Ok(built)
}

/// The files and folders that the job names itself; a folder stands for all that it holds.
fn given(job: &Job) -> Vec<PathBuf> {
    let paths = job.sources.iter().chain(job.files.values());
    paths.map(|path| job.folder.join(path)).collect()
}

fn variables() -> Vec<String> {
    JOB_VARIABLES.map(str::to_owned).to_vec()
}

fn failed(job: Option<&Job>, error: &Error) -> Failed {
    let snippet = error.snippet_text().map(|snippet| format!("\n{snippet}"));
    let mut inputs = job.map(given).unwrap_or_default();
    // What was made on the way is nobody's to change.
    let files = error.input_files().iter();
    let files = files.filter(|path| !job.is_some_and(|job| path.starts_with(&job.out)));
    inputs.extend(files.cloned());
    inputs.sort();
    inputs.dedup();
    let mut variables = variables();
    variables.extend(c::variables());
    variables.sort();
    Failed {
        message: error.to_string() + &snippet.unwrap_or_default(),
        hint: error.hint_text().map(str::to_owned),
        inputs,
        variables,
    }
}

/// A diagnostic in one line: `[UK012] MESSAGE (PLACE)`.
fn line(diagnostic: &Diagnostic) -> String {
    let rule = diagnostic.rule.map(|rule| format!("[{rule}] "));
    let place = diagnostic.place.as_ref().map(|place| format!(" ({place})"));
    rule.unwrap_or_default() + &diagnostic.message + &place.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_error(text: &str, expected: &str) {
        let error = decoded(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn version_is_refused_by_number_whatever_else_is_there() {
        check_error(r#"{"version": 7, "wishes": []}"#, "version 7");
        check_error(r#"{"version": 1, "wishes": []}"#, "`job.wishes`");
        check_error("", "no job");
        check_error("[1]", "no job");
    }

    #[test]
    fn warning_is_one_line_with_rule_and_place() {
        let text = line(&Diagnostic {
            weight: Weight::Warning,
            rule: Some("UK012"),
            message: "it is so".to_owned(),
            place: Some("/lib/x".to_owned()),
            notes: Vec::new(),
            help: None,
        });
        assert_eq!(text, "[UK012] it is so (/lib/x)");
    }
}
