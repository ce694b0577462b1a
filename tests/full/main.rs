//! Tests on real programs, which are fetched: `cargo xtask test --full [--shard N/M]`.
//!
//! A test binary of its own kind: `cargo test -p tests --features full --test full -- [--list] [--shard N/M] [NAME]..` runs
//! the cases of a shard, or those named, one after the other, and says which it did not run.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests judge the tool from outside: its doors are not theirs; and this one tells of itself"
)]

mod apt;
mod cases;
mod debian;
mod findings;
mod same;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use cases::{CASES, Case};
use debian::Debian;
use tests::choice::Choice;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    let choice = match Choice::parse(&words, &names) {
        Ok(choice) => choice,
        Err(problem) => {
            eprintln!("error: {problem}\nusage: full [--list] [--shard N/M] [NAME]..");
            return ExitCode::from(2);
        }
    };
    if choice.only_list {
        for case in CASES.iter().filter(|case| choice.takes(case.name)) {
            println!("{}: {}", case.name, case.about);
        }
        return ExitCode::SUCCESS;
    }
    run(&choice)
}

fn run(choice: &Choice) -> ExitCode {
    let (chosen, left_out): (Vec<&Case>, Vec<&Case>) = CASES
        .iter()
        .copied()
        .partition(|case| choice.takes(case.name));
    let start = Instant::now();
    let mut n_failed = 0;
    for case in &chosen {
        let start = Instant::now();
        println!("case {}: {}", case.name, case.about);
        // A failure has told itself on stderr.
        let passed = catch_unwind(AssertUnwindSafe(|| (case.check)(&Debian::of(case)))).is_ok();
        n_failed += usize::from(!passed);
        let word = if passed { "ok" } else { "FAILED" };
        let seconds = start.elapsed().as_secs_f64();
        println!("case {} ... {word} ({seconds:.0} s)", case.name);
    }
    let names: Vec<&str> = left_out.iter().map(|case| case.name).collect();
    if !names.is_empty() {
        println!("not run: {}", names.join(", "));
    }
    let word = if n_failed == 0 { "ok" } else { "FAILED" };
    println!(
        "test result: {word}. {} passed; {n_failed} failed; finished in {:.2}s",
        chosen.len() - n_failed,
        start.elapsed().as_secs_f64()
    );
    ExitCode::from(u8::from(n_failed > 0))
}
