//! `run --dry-run`: a line that a shell accepts.

use std::fs;

use tests::process::Call;
use tests::turns;

use super::{c_program, run};

const MAIN: &str =
    "#include <stdio.h>\nint main(int c, char **v) { printf(\"pasted %s\\n\", v[c - 1]); }\n";

#[test]
fn printed_line_boots_when_it_is_pasted() {
    let project = c_program(MAIN);
    let planned = run(&project, &["program.c", "--dry-run", "--", "two words"]).run();
    planned.expect_status(0);
    let line = planned.stdout_text();
    assert!(line.contains("qemu-system-x86_64"), "{planned}");
    let _turn = turns::take();
    let pasted = Call::new("sh")
        .arg("-c")
        .arg(&line)
        .folder(project.folder())
        .within(60)
        .run();
    assert!(
        pasted.stdout_text().contains("pasted two words"),
        "{line}\n{pasted}"
    );
}

#[test]
fn nothing_is_started() {
    let project = c_program(MAIN);
    let empty = project.path("empty");
    fs::create_dir(&empty).unwrap();
    let image = tests::cli::Cli::new(project.folder(), ["build", "program.c"]).run();
    image.expect_status(0);
    let image = image.stdout_text();
    // With no QEMU anywhere, a line can still be printed.
    let planned = run(&project, &["--dry-run", "--image", image.trim_end()])
        .env("PATH", empty)
        .run();
    planned.expect_status(0);
}
