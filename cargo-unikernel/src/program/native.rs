//! A ready ELF, or one that somebody else's build makes: the build is run as it is.

use std::path::PathBuf;
use std::process::ExitStatus;

use super::{Built, Link, Program};
use crate::error::{Error, Result};
use crate::fs;
use crate::progress::Progress;
use crate::tool::Invocation;

/// Lines of a failed build that its error repeats, where they were not shown as they came.
const N_LAST_LINES: usize = 12;

/// What `sh` ends with when it finds no program of a name (POSIX, "Exit Status for Commands").
const NOT_FOUND: i32 = 127;

/// What the build wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the program is called; its file's name when `None`.
    pub name: Option<String>,
    /// The line that `sh` runs; none for a ready ELF.
    pub command: Option<String>,
    /// The folder it runs in.
    pub folder: PathBuf,
    /// The ELF that it makes.
    pub binary: PathBuf,
    /// What the ELF has to be: a native build links by its own flags, so this is only compared.
    pub link: Link,
    /// `<target-dir>/unikernel/<profile>`.
    pub artefacts: PathBuf,
}

/// Runs the build, if there is one, and reads the ELF.
///
/// # Errors
/// When the build fails, or the ELF is not there or not of the kind that is asked for.
pub fn build(settings: &Settings, progress: &dyn Progress) -> Result<Built> {
    if let Some(command) = &settings.command {
        run(command, settings, progress)?;
        if !fs::exists(&settings.binary) {
            return Err(Error::input(format!(
                "the build has not made `{}`",
                settings.binary.display()
            ))
            .hint("`build.binary` says which file the command makes"));
        }
    }
    let file = settings.binary.file_name().unwrap_or_default();
    let name = settings
        .name
        .clone()
        .unwrap_or_else(|| file.to_string_lossy().into_owned());
    let program = Program::open(&name, &settings.binary)?;
    // What is for another machine has no shape that counts; the lint tells of the machine.
    if program.facts.is_x86_64() && !settings.link.allows(program.shape) {
        return Err(Error::input(format!(
            "`link` is `{}`, but the shape of `{}` is: {}",
            settings.link.word(),
            settings.binary.display(),
            program.shape
        ))
        .hint(
            "a native build links by its own flags: give it `-pie`, `-static-pie` or `-shared`",
        ));
    }
    Ok(Built {
        program,
        package: None,
        is_example: false,
        artefacts: settings.artefacts.clone(),
        inputs: vec![settings.binary.clone()],
        variables: Vec::new(),
    })
}

fn run(command: &str, settings: &Settings, progress: &dyn Progress) -> Result<()> {
    let invocation = Invocation::new("sh")
        .args(["-c", command])
        .folder(&settings.folder);
    progress.started("Building", command);
    progress.detail(&invocation.to_string());
    // Shown as it comes, it keeps the compiler's colours, and the error stands below its last lines.
    let (status, lines) = if progress.shows_builds() {
        (invocation.run_streamed()?, Vec::new())
    } else {
        invocation.run_tail(N_LAST_LINES)?
    };
    if status.success() {
        return Ok(());
    }
    Err(failed(command, settings, status, &lines))
}

fn failed(command: &str, settings: &Settings, status: ExitStatus, lines: &[String]) -> Error {
    let folder = settings.folder.display();
    let what = format!("`{command}` failed in `{folder}`: {status}");
    let is_missing = status.code() == Some(NOT_FOUND);
    let error = if is_missing {
        Error::missing_tool
    } else {
        Error::input
    };
    let error = match lines {
        [] => error(what),
        lines => error(format!("its last lines were\n{}", lines.join("\n"))).context(what),
    };
    if is_missing {
        error.hint("a program that the command names is not installed or not in PATH")
    } else {
        error
    }
}
