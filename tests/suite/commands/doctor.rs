//! `cargo unikernel doctor`.

use tests::cli::Cli;
use tests::project::Project;

#[test]
fn says_what_is_there() {
    let project = Project::new();
    let found = Cli::new(project.folder(), ["doctor"]).run();
    found.expect_status(0);
    let said = found.stdout_text() + &found.stderr_text();
    assert!(said.contains("qemu-system-x86_64"), "{found}");
}

#[test]
fn missing_tool_is_status_3_with_its_package() {
    let project = Project::new();
    let empty = project.folder().to_owned();
    let found = Cli::new(project.folder(), ["doctor"])
        .env("PATH", empty)
        .run();
    found.expect_status(3);
    let said = found.stdout_text() + &found.stderr_text();
    assert!(said.contains("qemu-system-x86"), "{found}");
}
