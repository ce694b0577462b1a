//! `[build] command`: somebody else's build, run as it is.

use std::fs;

use tests::cli::Cli;
use tests::project::Project;

use super::run;

const GREETING: &str = "#include <stdio.h>\nint main(void) { puts(GREETING); return 0; }\n";

/// A makefile as there are many: its variables decide how the program is compiled and linked.
const MAKEFILE: &str =
    "greeter: greeter.c\n\t$(CC) $(CFLAGS) -DGREETING='\"made\"' -o $@ $< $(LDFLAGS)\n";

/// A folder whose `upstream/` is built by this line.
fn built_by(command: &str, manifest: &str) -> Project {
    let manifest = format!(
        "name = \"greeter\"\n{manifest}\n[build]\ndir = \"upstream\"\ncommand = '''{command}'''\nbinary = \"greeter\"\n"
    );
    Project::new()
        .file("Unikernel.toml", manifest)
        .file("upstream/greeter.c", GREETING)
        .file("upstream/Makefile", MAKEFILE)
}

/// What a build that fails says.
fn refused(project: &Project, args: &[&str], status: i32) -> String {
    let words = ["build"].iter().chain(args).copied();
    let built = Cli::new(project.folder(), words).run();
    built.expect_status(status).expect_stdout("").stderr_text()
}

#[test]
fn makefile_with_its_own_variables_gives_either_kind_of_program() {
    for (flags, link) in [
        ("CFLAGS='-O2 -fPIE' LDFLAGS=-pie", "link = \"pie\""),
        ("CFLAGS='-O2 -fPIC' LDFLAGS=-shared", "link = \"shared\""),
    ] {
        let project = built_by(&format!("make {flags}"), link);
        run(&project, &[])
            .run()
            .expect_status(0)
            .expect_stdout("made\n");
    }
}

#[test]
fn second_build_runs_the_command_again_and_leaves_the_image_untouched() {
    let project = built_by("make LDFLAGS=-pie && echo x >>runs", "");
    let build = || {
        let built = Cli::new(project.folder(), ["build"]).run();
        let path = built.expect_status(0).stdout_text();
        let facts = fs::metadata(path.trim_end()).expect("an image");
        facts.modified().expect("a file has a time")
    };
    assert_eq!(build(), build());
    let runs = fs::read_to_string(project.path("upstream/runs")).expect("it ran");
    assert_eq!(runs, "x\nx\n");
}

#[test]
fn failure_is_told_with_command_folder_and_status_below_what_it_wrote() {
    let project = built_by("make CFLAGS=--no-such-flag", "");
    let text = refused(&project, &[], 1);
    for expected in [
        "    Building make CFLAGS=--no-such-flag\n",
        "error: `make CFLAGS=--no-such-flag` failed in `",
        "/upstream`: exit status: 2\n",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let (compiler, ours) = text.split_once("error: `make").expect("our error");
    assert!(compiler.contains("Error 1"), "{text}");
    // It was seen as it came, so it is not told twice.
    assert!(!ours.contains("Error 1"), "{text}");
}

#[test]
fn quiet_failure_repeats_the_last_lines() {
    let line =
        "i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done; echo at last >&2; exit 7";
    let text = refused(&built_by(line, ""), &["--quiet"], 1);
    assert!(text.starts_with("error: `i=0; "), "{text}");
    assert!(text.contains("exit status: 7\n"), "{text}");
    assert!(text.contains("  line 50\n  at last\n"), "{text}");
    assert!(!text.contains("line 30\n"), "{text}");
    let quiet = built_by("make LDFLAGS=-pie", "");
    let built = Cli::new(quiet.folder(), ["build", "--quiet"]).run();
    assert_eq!(built.expect_status(0).stderr_text(), "");
}

#[test]
fn program_that_the_command_lacks_is_a_missing_tool() {
    let text = refused(&built_by("no-such-make -j", ""), &[], 3);
    assert!(text.contains("exit status: 127"), "{text}");
    assert!(text.contains("not installed"), "{text}");
}

#[test]
fn folder_that_is_not_there_is_named() {
    let project = built_by("make", "");
    fs::remove_dir_all(project.path("upstream")).expect("it is ours");
    let text = refused(&project, &[], 1);
    assert!(text.contains("/upstream`: no such file"), "{text}");
}

#[test]
fn program_of_another_kind_than_asked_for_is_refused() {
    let project = built_by("make LDFLAGS=-pie", "link = \"shared\"");
    let text = refused(&project, &[], 1);
    for expected in [
        "`link` is `shared`",
        "position-independent executable",
        "by its own flags",
    ] {
        assert!(text.contains(expected), "{text}");
    }
}
