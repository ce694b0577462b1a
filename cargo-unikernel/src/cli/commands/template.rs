//! `cargo unikernel template`: what `new` can start from.

use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::Result;
use crate::template;

/// What is asked of the templates.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print their names, one a line, and what each is
    List,
}

/// Tells.
///
/// # Errors
/// When standard output can't be written.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    match args.command {
        Command::List => {
            let all = template::all()?;
            let width = all.iter().map(|template| template.name.len()).max();
            for template in &all {
                let (name, about) = (template.name, &template.about);
                shell.data(&format!("{name:0$}  {about}", width.unwrap_or(0)))?;
            }
        }
    }
    Ok(Exit::Done)
}
