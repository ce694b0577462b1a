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
fn flags_that_would_have_no_effect() {
    let project = c_program(MAIN);
    let check = |args: &[&str], status, texts: &[&str]| {
        let told = Cli::new(project.folder(), args.iter().copied()).run();
        check_finished(&project, &told, status, texts);
    };
    check(
        &["build", "program.c", "--profile", "../../fast"],
        1,
        &["no profile `../../fast` without cargo", "`release`"],
    );
    check(
        &["build", "program.c", "--all-features"],
        1,
        &["`--all-features` is for cargo packages"],
    );
    check(
        &["run", "--image", "program.elf", "--file", "/a=program.c"],
        125,
        &["`--image` and `--file` exclude each other"],
    );
}

#[test]
fn bad_values() {
    check(
        &["run", "program.c", "-m", "64X"],
        &["`64X` is no size", "K, M or G", "--memory"],
    );
    check(&["run", "program.c", "--cpus", "0"], &["'0'", "--cpus"]);
    check(
        &["build", "program.c", "--file", "/a/../b=program.c"],
        &["guest path `/a/../b` has a `..` part"],
    );
    check(
        &["build", "program.c", "--link", "sideways"],
        &["'sideways'", "--link", "static-pie"],
    );
}
