//! The exit status contract, beside what the guests show.

use tests::cli::Cli;
use tests::project::Project;

use super::{c_program, run};

const MAIN: &str = "int main(void) { return 0; }\n";

#[test]
fn usage_is_2() {
    let project = Project::new();
    for args in [
        &["run", "--no-such-flag"][..],
        &["fly"],
        &["build", "--link", "sideways"],
    ] {
        Cli::new(project.folder(), args.iter().copied())
            .run()
            .expect_status(2);
    }
}

#[test]
fn missing_vmm_is_3() {
    let project = c_program(MAIN);
    let built = Cli::new(project.folder(), ["build", "program.c"]).run();
    let image = built.expect_status(0).stdout_text();
    let empty = Project::new();
    run(&project, &["--image", image.trim_end()])
        .env("PATH", empty.folder())
        .run()
        .expect_status(3)
        .expect_stderr_has("qemu-system-x86");
}

#[test]
fn missing_compiler_is_3() {
    let project = c_program(MAIN);
    let empty = Project::new();
    Cli::new(project.folder(), ["build", "program.c"])
        .env("PATH", empty.folder())
        .run()
        .expect_status(3);
}

#[test]
fn failed_build_is_125_for_run() {
    let project = c_program("int main(void) { return missing; }\n");
    run(&project, &["program.c"])
        .run()
        .expect_status(125)
        .expect_stderr_has("missing");
}

#[test]
fn missing_image_is_125() {
    let project = Project::new();
    run(&project, &["--image", "none.elf"])
        .run()
        .expect_status(125)
        .expect_stderr_has("none.elf");
}

#[test]
fn program_that_cannot_be_started_is_125() {
    let project = c_program(MAIN);
    let kernel = tests::kernel_file::path();
    // A kernel without pieces has nothing to start, and must say so.
    let ran = run(&project, &["--image"]).arg(kernel).run();
    ran.expect_status(125);
    assert!(!ran.stderr.is_empty());
}
