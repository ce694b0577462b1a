//! `cargo unikernel build`.

use std::path::Path;

use tests::cli::Cli;
use tests::project::Project;

use super::c_program;

const MAIN: &str = "int main(void) { return 0; }\n";

#[test]
fn stdout_holds_the_image_path_and_nothing_else() {
    let project = c_program(MAIN);
    let built = Cli::new(project.folder(), ["build", "program.c"]).run();
    built.expect_status(0);
    let text = built.stdout_text();
    let path = Path::new(text.trim_end());
    assert!(path.is_absolute() && path.is_file(), "{built}");
    assert!(
        path.ends_with("target/unikernel/debug/builtin/program.elf"),
        "{built}"
    );
}

#[test]
fn compile_error_is_the_users_problem_and_leaves_no_image() {
    let project = c_program("int main(void) { return missing; }\n");
    let built = Cli::new(project.folder(), ["build", "program.c"]).run();
    built
        .expect_status(1)
        .expect_stdout("")
        .expect_stderr_has("missing");
    assert!(
        !project
            .path("target/unikernel/debug/builtin/program.elf")
            .exists()
    );
}

#[test]
fn folder_without_anything_to_build_names_the_next_step() {
    let project = Project::new();
    let built = Cli::new(project.folder(), ["build"]).run();
    built.expect_status(1).expect_stderr_has("Unikernel.toml");
}

#[test]
fn rust_binary_cannot_be_a_shared_object() {
    let project = Project::cargo_package("plain", "fn main() {}\n", "");
    let built = Cli::new(project.folder(), ["build", "--link", "shared"]).run();
    built.expect_status(1).expect_stderr_has("cdylib");
}

#[test]
fn executable_at_a_fixed_address_runs() {
    let source = "static int seven = 7; int *place = &seven; int main(void) { return *place; }";
    let project = c_program(source);
    for (name, link) in [("fixed", "-static"), ("dynamic", "-Wl,--as-needed")] {
        tests::process::Call::new("gcc")
            .args(["-no-pie", link, "-o", name, "program.c"])
            .folder(project.folder())
            .run()
            .expect_status(0);
        let words = ["run", "--quiet", "--accel", "tcg", "--binary", name];
        Cli::new(project.folder(), words).run().expect_status(7);
    }
}

/// Line 3 writes through a null pointer, line 7 calls what raises a signal in libc, 10 and 12 are the callers.
const FAULTS: &str = "#include <stdlib.h>
__attribute__((noinline)) static void store(volatile int *place)
{ *place = 7;
}
__attribute__((noinline)) static void give_up(void)
{
    abort();
}
__attribute__((noinline)) static int inner(int count)
{ if (count > 1) give_up();
    static volatile int *nowhere;
    store(nowhere);
    return *nowhere;
}
int main(int count, char **args) { return inner(count) + !args; }
";

#[test]
fn fault_at_a_fixed_address_is_told_with_its_callers() {
    let project = c_program(FAULTS);
    for (name, link) in [("fixed", "-static"), ("dynamic", "-Wl,--as-needed")] {
        tests::process::Call::new("gcc")
            .args(["-g", "-no-pie", link, "-o", name, "program.c"])
            .folder(project.folder())
            .run()
            .expect_status(0);
        let words = ["run", "--quiet", "--accel", "tcg", "--binary", name];
        let died = |args: &[&str], status, told: &[&str]| {
            let found = Cli::new(project.folder(), words).args(args).run();
            found.expect_status(status);
            for text in told {
                found.expect_stderr_has(text);
            }
        };
        let callers = [
            "called from `inner` at",
            "program.c:12",
            "called from `main` at",
            "program.c:15",
        ];
        let fault = [
            "SIGSEGV",
            "address 0x0",
            "program.c:3",
            "in function `store`",
        ];
        died(&[], 139, &[&fault[..], &callers].concat());
        let aborted = [
            "SIGABRT",
            "`give_up` at",
            "program.c:7",
            "program.c:10",
            "program.c:15",
        ];
        died(&["--", "more"], 134, &aborted);
    }
}

#[test]
fn text_is_no_binary() {
    let project = Project::new().file("script", "#!/bin/sh\n");
    let built = Cli::new(project.folder(), ["build", "--binary", "script"]).run();
    built.expect_status(1).expect_stderr_has("script");
}

#[test]
fn cut_off_binary_is_refused_without_a_panic() {
    let project = c_program(MAIN);
    tests::process::Call::new("gcc")
        .args(["-o", "whole", "program.c"])
        .folder(project.folder())
        .run()
        .expect_status(0);
    let whole = std::fs::read(project.path("whole")).unwrap();
    for len in [1, 16, 64, 200, 1000, whole.len() / 2] {
        project.write("cut", &whole[..len]);
        let built = Cli::new(project.folder(), ["build", "--binary", "cut"]).run();
        built.expect_status(1).expect_stderr_has("cut");
    }
}

#[test]
fn file_from_the_command_line_is_in_the_guest() {
    let project = c_program(
        "#include <stdio.h>\nint main(void) { char t[9] = \"\"; FILE *f = fopen(\"/data/x\", \"r\");\
         puts(f ? fgets(t, 9, f) : \"none\"); }\n",
    )
    .file("content", "here");
    super::run(&project, &["program.c", "--file", "/data/x=content"])
        .run()
        .expect_status(0)
        .expect_stdout("here\n");
}
