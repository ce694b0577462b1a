//! `cargo unikernel man`: the manual page of the tool or of a command.

use crate::cli::shell::Shell;
use crate::cli::{self, Exit};
use crate::error::{Error, Result};

/// Which page.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command; without one the page of the tool
    command: Option<String>,
}

/// Prints the page as roff; `| man -l -` shows it.
///
/// # Errors
/// When there is no such command, or standard output can't be written.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    let mut tool = cli::command().disable_help_subcommand(true);
    tool.build();
    let page = match &args.command {
        None => tool,
        Some(name) => {
            let found = tool.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                Error::input(format!("there is no command `{name}`"))
                    .hint("`cargo unikernel --help` lists them")
            })?
        }
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut roff)
        .map_err(|error| Error::internal(format!("writing a manual page: {error}")))?;
    shell.data(String::from_utf8_lossy(&roff).trim_end())?;
    Ok(Exit::Done)
}
