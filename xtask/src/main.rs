//! `cargo xtask`: the project's own tasks.
//!
//! - `demo`: install what is missing, build the tool, boot a C and a Rust program;
//! - `test [--full [--shard N/M]]`: everything that must hold, in at most 15 minutes on two cores; with `--full` also real
//!   programs, or one of M parts of them;
//! - `bench [linux]`: the figures, as ratios within one run; or only those against Linux;
//! - `fuzz [CALLS [SEED]]`: system calls by chance;
//! - `docs [--check]`: the generated pages.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task is called by a person and talks to the terminal; the tool's doors are the tool's"
)]

mod bench;
mod call;
mod demo;
mod docs;
mod error;
mod fuzz;
mod install;
mod test;
mod workspace;

use std::process::ExitCode;

use error::{Error, Result};

const USAGE: &str = "usage: cargo xtask demo | test [--full [--shard N/M]] | bench [linux] | fuzz [CALLS [SEED]] | docs [--check]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.status())
        }
    }
}

/// A number among the words.
fn number(word: &str) -> Result<u64> {
    let plain = word.replace(['_', ','], "");
    plain.parse().map_err(|_| Error::usage(USAGE))
}

/// The tasks, for who asks.
const HELP: &str = "The project's own tasks:

  cargo xtask demo                       install what is missing, build the tool, boot a C and a Rust program
  cargo xtask test [--full [--shard N/M]]
                                         everything that must hold; with --full also real programs, or one of M parts of them
  cargo xtask bench [linux]              the figures, as ratios within one run; or only those against Linux
  cargo xtask fuzz [CALLS [SEED]]        system calls by chance, 10,000,000 unless told otherwise
  cargo xtask docs [--check]             write the generated pages, or compare them";

fn run(words: &[&str]) -> Result<()> {
    if words.iter().any(|word| matches!(*word, "--help" | "-h")) {
        println!("{HELP}");
        return Ok(());
    }
    match words {
        ["demo"] => demo::run(),
        ["test", rest @ ..] => match test::Tier::parse(rest) {
            Some(tier) => test::run(tier),
            None => Err(Error::usage(USAGE)),
        },
        ["bench"] => bench::run(),
        ["bench", "linux"] => bench::run_linux(),
        ["fuzz"] => fuzz::run(fuzz::CALLS, 1),
        ["fuzz", calls] => fuzz::run(number(calls)?, 1),
        ["fuzz", calls, seed] => fuzz::run(number(calls)?, number(seed)?),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        _ => Err(Error::usage(USAGE)),
    }
}
