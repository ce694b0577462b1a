//! The command line: words in, stages called, words out.
//!
//! How to add a command: a file in `commands` with `Args` and `run`, its `mod` line, and its variant here.

pub mod commands;
mod exit;
mod messages;
mod options;
pub mod shell;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use exit::Exit;
pub use options::BuildOptions;

use crate::error::Result;
use crate::{env, fs};
use commands::{
    build, completions, doctor, explain, init, inspect, job, kernel, lint, man, new, run, template,
};
use shell::{Shell, Verbosity};

/// Turns a C or Rust program into a bootable unikernel image.
#[derive(Debug, Parser)]
#[command(name = "cargo unikernel", bin_name = "cargo unikernel", version, about)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Global {
    /// Tell errors and warnings only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell what is run, and list what is packed
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_parser = ["auto", "always", "never"])]
    pub color: Option<String>,
    /// Go to this folder first
    #[arg(short = 'C', global = true, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a program and make an image of it
    #[command(visible_alias = "b")]
    Build(build::Args),
    /// Build a program and run it in a unikernel
    #[command(visible_alias = "r")]
    Run(run::Args),
    /// Tell whether programs would run on a kernel, and if not, who is to blame
    Lint(lint::Args),
    /// Explain a rule, kernel, image format, VMM or system call
    Explain(explain::Args),
    /// Bring kernels, and tell what they support
    Kernel(kernel::Args),
    /// Start a project in a new folder
    New(new::Args),
    /// Write the manifest that what lies here needs, if it needs one
    Init,
    /// Tell what an image holds
    Inspect(inspect::Args),
    /// Tell what `new` can start from
    Template(template::Args),
    /// Tell what is there, what is missing, and what to do about it
    Doctor(doctor::Args),
    /// Print what a shell needs to complete our words
    Completions(completions::Args),
    /// Print the manual page of the tool or of a command
    Man(man::Args),
    /// Do what a build script asks: JSON in, JSON out
    #[command(hide = true)]
    Job,
}

/// Reads the words, does what they say, tells errors.
#[must_use]
pub fn main(args: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(without_own_name(args)) {
        Ok(cli) => cli,
        Err(error) => return Shell::usage(&error),
    };
    let shell = shell(&cli.global);
    let entered = match &cli.global.folder {
        Some(folder) => fs::enter(folder),
        None => Ok(()),
    };
    let is_run = matches!(cli.command, Command::Run(_));
    match entered.and_then(|()| dispatch(&cli, &shell)) {
        Ok(exit) => exit,
        Err(error) => {
            shell.error(&error);
            if is_run {
                Exit::of_run(error.kind())
            } else {
                Exit::of(error.kind())
            }
        }
    }
}

fn dispatch(cli: &Cli, shell: &Shell) -> Result<Exit> {
    match &cli.command {
        Command::Build(args) => build::run(args, &cli.global, shell),
        Command::Run(args) => run::run(args, &cli.global, shell),
        Command::Lint(args) => lint::run(args, &cli.global, shell),
        Command::Explain(args) => explain::run(args, shell),
        Command::Kernel(args) => kernel::run(args, shell),
        Command::Doctor(args) => doctor::run(args, shell),
        Command::New(args) => new::run(args, shell),
        Command::Init => init::run(shell),
        Command::Inspect(args) => inspect::run(args, shell),
        Command::Template(args) => template::run(args, shell),
        Command::Completions(args) => completions::run(args, shell),
        Command::Man(args) => man::run(args, shell),
        Command::Job => job::run(shell),
    }
}

/// The words as clap knows them.
fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// cargo calls `cargo-unikernel unikernel ARGS` (the Cargo Book, "Custom subcommands").
fn without_own_name(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|arg| arg == "unikernel") {
        args.remove(1);
    }
    args
}

fn shell(global: &Global) -> Shell {
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    let color = global.color.clone();
    let color = color.or_else(|| env::text("CARGO_TERM_COLOR").ok().flatten());
    Shell::new(verbosity, color.as_deref().unwrap_or("auto"))
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    /// Parses a line; the error is clap's kind.
    fn check(line: &str, expected: Option<ErrorKind>) {
        let args = line.split(' ').map(OsString::from).collect();
        let parsed = Cli::try_parse_from(without_own_name(args));
        let found = parsed.err().map(|error| error.kind());
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn tree_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn called_by_cargo_or_directly() {
        check("cargo-unikernel unikernel build", None);
        check("cargo-unikernel build", None);
        let help = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        check("cargo-unikernel", Some(help));
        check("cargo-unikernel biuld", Some(ErrorKind::InvalidSubcommand));
    }

    #[test]
    fn flags_of_cargo_and_ours() {
        check(
            "x build -p a --bin b -r -F c,d -j2 --locked --link static-pie",
            None,
        );
        check(
            "x build a.c b.c --kernel builtin --file /a=b --file /c=d",
            None,
        );
        check("x run a.c --env A=b -m 64M --cpus 1 -- -v one", None);
        for line in [
            "x build --link dynamic",
            "x build --file nothing",
            "x run --timeout never",
        ] {
            check(line, Some(ErrorKind::ValueValidation));
        }
        check(
            "x lint a b --kernel osv,nanos --fail-on warning --strict",
            None,
        );
        for line in [
            "x lint a --kernel ovs",
            "x lint a --fail-on deny",
            "x lint --explain UK999",
        ] {
            check(line, Some(ErrorKind::ValueValidation));
        }
        check("x build -q -v", Some(ErrorKind::ArgumentConflict));
    }

    #[test]
    fn unknown_command_has_a_suggestion() {
        let error = Cli::try_parse_from(["x", "biuld"]).unwrap_err().to_string();
        assert!(error.contains("'build'"), "{error}");
    }
}
