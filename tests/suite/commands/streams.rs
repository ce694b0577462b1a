//! The four streams, as a shell sees them.

use tests::cli;
use tests::process::{Call, Finished};
use tests::project::Project;
use tests::turns;

const TALKER: &str = "use std::io::Read;\nfn main() {\n    let mut text = String::new();\n\
    \x20   std::io::stdin().read_to_string(&mut text).unwrap();\n\
    \x20   eprintln!(\"to stderr\");\n    println!(\"read {text:?}\");\n}\n";

/// Runs a shell command in the project, `$TOOL` being the tool.
fn shell(project: &Project, command: &str) -> Finished {
    let _turn = turns::take();
    Call::new("sh")
        .args(["-c", command])
        .full_env(cli::environment())
        .env("TOOL", cli::executable())
        .folder(project.folder())
        .run()
}

#[test]
fn stderr_thrown_away_leaves_only_the_programs_stdout() {
    let project = Project::cargo_package("talker", TALKER, "");
    shell(
        &project,
        "$TOOL unikernel run --accel tcg 2>/dev/null </dev/null",
    )
    .expect_status(0)
    .expect_stdout("read \"\"\n");
}

#[test]
fn pipe_reaches_the_program() {
    let project = Project::cargo_package("talker", TALKER, "");
    shell(&project, "echo hi | $TOOL unikernel run -q --accel tcg")
        .expect_status(0)
        .expect_stdout("read \"hi\\n\"\n")
        .expect_stderr_has("to stderr\n");
}

#[test]
fn reader_that_leaves_early_is_no_error_of_ours() {
    let project = Project::new().file("big.c", tests::workspace::read("tests/guests/big_output.c"));
    let found = shell(
        &project,
        "$TOOL unikernel run -q --accel tcg big.c 2>/dev/null | head -c 10",
    );
    found.expect_stdout("abcdefghij");
    assert!(!found.stderr_text().contains("panicked"), "{found}");
}

#[test]
fn output_that_is_lost_is_no_success() {
    let project = Project::cargo_package("talker", TALKER, "");
    let command = "$TOOL unikernel run -q --accel tcg </dev/null >/dev/full";
    shell(&project, command)
        .expect_status(125)
        .expect_stderr_has(
            "error: can't write the program's output to standard output: No space left on device",
        );
}

#[test]
fn quiet_run_adds_nothing_to_stderr() {
    let project = Project::cargo_package("talker", TALKER, "");
    let found = shell(&project, "$TOOL unikernel run -q --accel tcg </dev/null");
    assert_eq!(found.stderr_text(), "to stderr\n");
}
