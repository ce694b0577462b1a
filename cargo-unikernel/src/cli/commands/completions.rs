//! `cargo unikernel completions`: what a shell needs to complete our words.

use clap_complete::Shell as Kind;

use crate::cli::shell::Shell;
use crate::cli::{self, Exit};
use crate::error::Result;

/// Whose completions.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell; for bash: `cargo unikernel completions bash >> ~/.bash_completion`
    shell: Kind,
}

/// Prints the script; it completes `cargo-unikernel`, the name by which a shell knows us.
///
/// # Errors
/// When standard output can't be written.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut cli::command(),
        "cargo-unikernel",
        &mut script,
    );
    shell.data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
