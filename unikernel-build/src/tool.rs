//! The door to processes: finds the installed tool and has it do a job.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::env;
use crate::error::Error;
use crate::job::{Answer, Job};

/// The tool's file name.
const NAME: &str = "cargo-unikernel";

/// The variable that says where the tool is.
pub(crate) const VARIABLE: &str = "CARGO_UNIKERNEL";

/// Where else it is looked for: of interest to cargo only while it is not found, for `PATH` differs from terminal to editor.
pub(crate) const SEARCHED: [&str; 2] = ["PATH", "CARGO_HOME"];

/// Where the tool is: `CARGO_UNIKERNEL`, else in `PATH`, else among cargo's installed programs. The path is absolute: the
/// generated main uses it from any folder.
pub(crate) fn find() -> Result<PathBuf, Error> {
    if let Some(path) = env::get(VARIABLE) {
        let path = PathBuf::from(path);
        if path.is_file() {
            return absolute(&path);
        }
        return Err(Error::new(format!(
            "`{VARIABLE}` names `{}`, which is no file",
            path.display()
        )));
    }
    let found = candidates().into_iter().find(|path| path.is_file());
    let found = found.ok_or_else(|| {
        Error::new(
            "`cargo-unikernel` is not installed\n\
             get it from a checkout of its repository: cargo install --path cargo-unikernel\n\
             (the package of that name on crates.io belongs to another project)",
        )
    })?;
    absolute(&found)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path)
        .map_err(|error| Error::new(format!("finding `{}`: {error}", path.display())))
}

fn candidates() -> Vec<PathBuf> {
    let path = env::get("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let home = |name| env::get(name).map(PathBuf::from);
    let cargo = home("CARGO_HOME").or_else(|| Some(home("HOME")?.join(".cargo")));
    folders.extend(cargo.map(|folder| folder.join("bin")));
    folders.iter().map(|folder| folder.join(NAME)).collect()
}

/// Has the tool do a job. Its stderr is ours.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub(crate) fn run(tool: &Path, job: &Job) -> Result<Answer, Error> {
    let failed = |doing: &str, why: &dyn std::fmt::Display| {
        Error::new(format!("{doing} `{} job`: {why}", tool.display()))
    };
    let text = job.to_text().map_err(|e| failed("writing a job for", &e))?;
    let mut child = std::process::Command::new(tool)
        .arg("job")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed("starting", &e))?;
    // A tool that ends early closes its end; its status and stdout then say more than the broken pipe.
    let written = child
        .stdin
        .take()
        .map(|mut stdin| stdin.write_all(text.as_bytes()));
    let output = child
        .wait_with_output()
        .map_err(|e| failed("waiting for", &e))?;
    Answer::from_text(&output.stdout).map_err(|e| {
        let hint = "is it another version than this `unikernel-build`?";
        match written {
            Some(Err(broken)) => failed("speaking to", &format!("{broken}; {hint}")),
            _ => failed(
                "reading the answer of",
                &format!("{e} ({}); {hint}", output.status),
            ),
        }
    })
}

/// The tool's path as the generated main falls back to it.
pub(crate) fn as_text(tool: &Path) -> Result<String, Error> {
    OsString::from(tool)
        .into_string()
        .map_err(|path| Error::new(format!("`{}` is not valid UTF-8", path.display())))
}
