//! Words of the command line that mean nothing: status 2, the word, and what was probably meant.

use tests::cli::Cli;

use super::{MAIN, check_finished};
use crate::commands::c_program;

fn check(args: &[&str], texts: &[&str]) {
    let project = c_program(MAIN);
    let told = Cli::new(project.folder(), args.iter().copied()).run();
    check_finished(&project, &told, 2, texts);
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
