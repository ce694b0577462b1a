//! `run --dry-run`: a line that a shell accepts.

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
    // A later line with other arguments leaves this one its own.
    run(&project, &["program.c", "--dry-run", "--", "other"])
        .run()
        .expect_status(0);
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
    let planned = run(&project, &["program.c", "--dry-run"]).run();
    planned.expect_status(0);
    assert!(!planned.stdout_text().contains("pasted"), "{planned}");
    assert_eq!(planned.stdout_text().lines().count(), 1, "{planned}");
}
