//! Words of the command line that mean nothing: status 2, the word, and what was probably meant.

use tests::cli::Cli;

use super::{MAIN, left_over};
use crate::commands::c_program;

fn check(args: &[&str], texts: &[&str]) {
    let project = c_program(MAIN);
    let told = Cli::new(project.folder(), args.iter().copied()).run();
    told.expect_status(2).expect_stdout("");
    for text in texts {
        told.expect_stderr_has(text);
    }
    assert!(told.stderr_text().lines().count() <= 24, "{told}");
    let mut found = Vec::new();
    left_over(&project.path("target"), &mut found);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn unknown_flags() {
    check(
        &["build", "program.c", "--kernal", "osv"],
        &["'--kernal'", "'--kernel'"],
    );
    check(&["run", "--no-such-flag"], &["'--no-such-flag'"]);
    check(&["biuld"], &["'biuld'", "'build'"]);
}

#[test]
fn bad_values() {
    check(
        &["run", "program.c", "-m", "64X"],
        &["`64X` is no size", "K, M or G", "--memory"],
    );
    check(
        &["build", "program.c", "--file", "/a/../b=program.c"],
        &["guest path `/a/../b` has a `..` part"],
    );
    check(
        &["build", "program.c", "--link", "sideways"],
        &["'sideways'", "--link", "static-pie"],
    );
}
