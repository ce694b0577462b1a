//! What the commands print, and how they end.

mod again;
mod bad_input;
mod build;
mod doctor;
mod dry_run;
mod gdb;
mod init;
mod inspect;
mod lint;
mod manifest;
mod messages;
mod native;
mod root;
mod run;
mod signals;
mod status;
mod streams;
mod sysroot;
mod trace;
mod words;

use tests::cli::Cli;
use tests::project::Project;

/// A call of `run` under the accelerator that is everywhere, without the tool's own progress.
fn run(project: &Project, args: &[&str]) -> Cli {
    Cli::new(project.folder(), ["run", "--quiet", "--accel", "tcg"]).args(args)
}

/// A folder with this C program and no manifest.
fn c_program(source: &str) -> Project {
    Project::new().file("program.c", source)
}
