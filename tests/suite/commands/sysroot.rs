//! `--binary` with `--sysroot`: a ready ELF and the libraries that belong to it.

use std::fs;

use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;
use tests::workspace;

use super::run;

/// A folder that looks like a system: a program in `usr/bin`, and what `ldd` says that it needs, at its own place.
fn system() -> Project {
    let project = Project::new().file("libm.c", workspace::read("tests/guests/libm.c"));
    fs::create_dir_all(project.path("sys/usr/bin")).expect("a temporary folder");
    Call::new("gcc")
        .args(["-o", "sys/usr/bin/libm", "libm.c", "-lm"])
        .folder(project.folder())
        .run()
        .expect_status(0);
    project.copy_libraries("sys/usr/bin/libm", "sys");
    project
}

#[test]
fn program_runs_with_the_libraries_of_its_sysroot() {
    let project = system();
    let native = Call::new(project.path("sys/usr/bin/libm")).run();
    run(
        &project,
        &["--binary", "sys/usr/bin/libm", "--sysroot", "sys"],
    )
    .run()
    .expect_status(0)
    .expect_stdout(&native.stdout_text());
}

#[test]
fn missing_library_is_named_with_who_needs_it_and_where_it_was_looked_for() {
    let project = system();
    let folder = project.path("sys");
    let listed = Call::new("find")
        .arg(&folder)
        .args(["-name", "libm.so.6", "-print"])
        .run();
    for path in listed.stdout_text().lines() {
        fs::remove_file(path).unwrap();
    }
    let built = Cli::new(
        project.folder(),
        ["build", "--binary", "sys/usr/bin/libm", "--sysroot", "sys"],
    )
    .run();
    built
        .expect_status(1)
        .expect_stderr_has("libm.so.6")
        .expect_stderr_has("sys");
}

#[test]
fn host_libraries_are_never_taken_for_the_sysroots() {
    let project = system();
    fs::create_dir(project.path("empty")).unwrap();
    let built = Cli::new(
        project.folder(),
        [
            "build",
            "--binary",
            "sys/usr/bin/libm",
            "--sysroot",
            "empty",
        ],
    )
    .run();
    built
        .expect_status(1)
        .expect_stderr_has("ld-linux-x86-64.so.2");
}
