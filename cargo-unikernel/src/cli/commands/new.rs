//! `cargo unikernel new`: a folder with the start of a project.

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::template::Kind;
use crate::{fs, template};

/// What is made, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to make; its name is the project's
    #[arg(value_name = "NAME")]
    path: PathBuf,
    /// What it starts from; `cargo unikernel template list` shows all
    #[arg(long, value_name = "TEMPLATE", default_value = "rust")]
    template: String,
}

/// Makes the folder, whole or not at all.
///
/// # Errors
/// When there is no such template, the name is none, or something is there already.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    let template = template::find(&args.template)?;
    match template.kind {
        Kind::Starter => {}
    }
    let path = fs::absolute(&args.path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let files = template.project(&name)?;
    if fs::link_metadata(&path).is_ok() {
        return Err(Error::input(format!(
            "can't make `{}`: it is there already",
            args.path.display()
        ))
        .hint("`cargo unikernel init` looks at what lies in a folder"));
    }
    let files = files.iter();
    fs::new_folder(
        &path,
        files.map(|file| (file.path.as_str(), file.text.as_bytes())),
    )?;
    shell.finished(
        "Created",
        &format!("`{name}` from template `{}`", template.name),
    );
    shell.note(&format!(
        "to boot it: cd {} && cargo unikernel run",
        args.path.display()
    ));
    Ok(Exit::Done)
}
