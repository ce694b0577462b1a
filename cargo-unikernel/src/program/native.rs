//! A ready ELF, or one that somebody else's build makes: the build is run as it is.

use std::path::PathBuf;

use super::{Built, Program};
use crate::error::{Error, Result};
use crate::fs;
use crate::progress::Progress;
use crate::tool::Invocation;

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
    /// `<target-dir>/unikernel/<profile>`.
    pub artefacts: PathBuf,
}

/// Runs the build, if there is one, and reads the ELF.
///
/// # Errors
/// When the build fails or the ELF is not there.
pub fn build(settings: &Settings, progress: &dyn Progress) -> Result<Built> {
    if let Some(command) = &settings.command {
        let invocation = Invocation::new("sh")
            .args(["-c", command])
            .folder(&settings.folder);
        progress.started("Building", command);
        progress.detail(&invocation.to_string());
        let status = invocation.run_streamed()?;
        if !status.success() {
            return Err(Error::input(format!("`{command}` failed: {status}")));
        }
    }
    if !fs::exists(&settings.binary) && settings.command.is_some() {
        return Err(Error::input(format!(
            "the build has not made `{}`",
            settings.binary.display()
        ))
        .hint("`build.binary` says which file the command makes"));
    }
    let file = settings.binary.file_name().unwrap_or_default();
    let name = settings
        .name
        .clone()
        .unwrap_or_else(|| file.to_string_lossy().into_owned());
    Ok(Built {
        program: Program::open(&name, &settings.binary)?,
        package: None,
        is_example: false,
        artefacts: settings.artefacts.clone(),
        inputs: vec![settings.binary.clone()],
        variables: Vec::new(),
    })
}
