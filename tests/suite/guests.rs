//! Every program of `tests/guests` in each of its forms, native first. The folder is the list: see `build.rs`.

use tests::cli::Cli;
use tests::directives::Form;
use tests::guest::Guest;
use tests::process::Call;
use tests::project::Project;
use tests::workspace;

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// Linux must accept what a guest expects before a unikernel is asked.
#[test]
fn every_guest_runs_natively() {
    let files = workspace::files();
    let guests = files
        .iter()
        .filter_map(|file| file.strip_prefix("tests/guests/"));
    for file in guests {
        let guest = Guest::load(file);
        if !guest.runs_natively() {
            continue;
        }
        let native = guest.native();
        for args in &guest.directives.runs {
            let (first, second) = (native.run(args), native.run(args));
            assert_eq!(first.stdout, second.stdout, "{file} does not repeat itself");
            assert_ne!(first.status, 127, "{first}");
        }
    }
}

#[test]
fn fork_is_not_reported_when_it_is_not_asked_for() {
    let guest = Guest::load("fork.c");
    let project = guest.project(Form::Pie);
    let found = guest.in_unikernel(&project, Form::Pie, &[]);
    found.expect_status(0).expect_stdout("not asked\n");
    // The lint's warning about the import stands there before the guest starts; the kernel has nothing to report.
    let text = found.stderr_text();
    assert!(text.starts_with("warning[UK001]: "), "{text}");
    let reported = text.lines().skip(1).find(|line| !line.starts_with("  "));
    assert_eq!(reported.filter(|line| !line.is_empty()), None, "{text}");
}

#[test]
fn unknown_system_call_is_reported_once() {
    let guest = Guest::load("unknown_call.c");
    let project = guest.project(Form::Pie);
    let found = guest.in_unikernel(&project, Form::Pie, &[]);
    let lines = found
        .stderr_text()
        .lines()
        .filter(|line| line.contains("1000"))
        .count();
    assert_eq!(lines, 1, "{found}");
}

#[test]
fn program_of_another_compiler_runs() {
    let project = Project::new().file("hello.c", workspace::read("tests/guests/hello.c"));
    let built = Call::new("clang")
        .args(["-O2", "-fPIE", "-pie", "-o", "hello", "hello.c"])
        .folder(project.folder())
        .run();
    built.expect_status(0);
    let args = [
        "run", "-q", "--accel", "tcg", "--binary", "hello", "--", "clang",
    ];
    Cli::new(project.folder(), args)
        .run()
        .expect_status(0)
        .expect_stdout("Hello from 2 arguments, the last is clang\n");
}

#[test]
fn musl_static_pie_runs() {
    let project = Project::new().file("hello.c", workspace::read("tests/guests/hello.c"));
    let built = Call::new("musl-gcc")
        .args(["-static-pie", "-fPIE", "-O1", "-o", "hello", "hello.c"])
        .folder(project.folder())
        .run();
    built.expect_status(0);
    Cli::new(
        project.folder(),
        [
            "run", "-q", "--accel", "tcg", "--binary", "hello", "--", "musl",
        ],
    )
    .run()
    .expect_status(0)
    .expect_stdout("Hello from 2 arguments, the last is musl\n");
}
