//! `init` in a folder with a project of Capstan's.

use tests::cli::Cli;
use tests::process::Finished;
use tests::project::Project;

const MAIN: &str = "#include <stdio.h>\nint main(int c, char **v) { puts(v[c - 1]); return 0; }\n";

fn init(project: &Project) -> Finished {
    Cli::new(project.folder(), ["init"]).run()
}

fn manifest(project: &Project) -> String {
    std::fs::read_to_string(project.path("Unikernel.toml")).expect("it was written")
}

#[test]
fn capstanfile_becomes_a_manifest_that_builds() {
    let capstanfile = "base: cloudius/osv-base\n\ncmdline: >\n  /say.so\n  one\n  \"two words\"\n\n\
        build: gcc -fPIC -pie -o say main.c\n\nfiles:\n  /say.so: say\n  /etc/say.conf: &conf main.c\n";
    let project = Project::new()
        .file("Capstanfile", capstanfile)
        .file("main.c", MAIN);
    init(&project)
        .expect_status(0)
        .expect_stdout("")
        .expect_stderr_has("`Unikernel.toml` from `Capstanfile`");
    // OSv is not here to be booted; the kernel that is runs the same manifest.
    let args = ["run", "--quiet", "--accel", "tcg", "--kernel", "builtin"];
    Cli::new(project.folder(), args)
        .run()
        .expect_status(0)
        .expect_stdout("two words\n");
    init(&project).expect_status(1).expect_stderr_has("already");
}

#[test]
fn what_has_no_counterpart_is_told_with_its_line_and_kept_as_a_comment() {
    let project = Project::new().file(
        "Capstanfile",
        "base: osv-base\ncmdline: --cwd=/srv /serve\nrpm-base:\n  name: tool\nfiles:\n  /serve: serve\n",
    );
    let run = init(&project);
    run.expect_status(0);
    for text in [
        "Capstanfile:2:10",
        "Capstanfile:3:1",
        "`--cwd=/srv`",
        "2 things",
    ] {
        run.expect_stderr_has(text);
    }
    let manifest = manifest(&project);
    assert!(
        manifest.contains("# Capstanfile:3: `rpm-base`"),
        "{manifest}"
    );
}

#[test]
fn package_of_capstan_is_read_too() {
    let project = Project::new()
        .file(
            "meta/package.yaml",
            "name: speaker\ntitle: Speaks\nauthor: me\n",
        )
        .file(
            "meta/run.yaml",
            "runtime: native\nconfig_set:\n  a:\n    bootcmd: /say it\n",
        )
        .file("say", "the program")
        .file("words/one", "1");
    init(&project)
        .expect_status(0)
        .expect_stderr_has("from `meta/run.yaml`");
    let manifest = manifest(&project);
    for text in [
        "name = \"speaker\"",
        "args = [\"it\"]",
        "\"/words\" = \"&\"",
        "binary = \"say\"",
    ] {
        assert!(manifest.contains(text), "{manifest}");
    }
}

#[test]
fn package_that_says_nothing_of_a_start_is_left_with_a_gap() {
    let project = Project::new().file("meta/package.yaml", "name: files\ntitle: Files\n");
    let run = init(&project);
    run.expect_status(0);
    for text in [
        "there is no `meta/run.yaml`",
        "name the ELF that is started",
        "1 thing has no counterpart",
    ] {
        run.expect_stderr_has(text);
    }
    assert!(!run.stderr_text().contains("to boot it"), "{run}");
    let written = manifest(&project);
    assert!(written.contains("# binary = \"...\""), "{written}");
    Cli::new(project.folder(), ["build", "--kernel", "builtin"])
        .run()
        .expect_status(1)
        .expect_stderr_has("does not say what is built")
        .expect_stderr_has("`binary`");
}

#[test]
fn what_was_probably_meant_is_told() {
    for (text, place, hint) in [
        (
            "base: x\nCmdLine: /a\n",
            "Capstanfile:2:1",
            "did you mean `cmdline`?",
        ),
        (
            "base:x\ncmdline: /a\n",
            "Capstanfile:1:1",
            "without the blank",
        ),
        (
            "cmdline: /a\nfiles:\n  /a:a\n  /b: b\n",
            "Capstanfile:3:3",
            "without the blank",
        ),
        (
            "cmdline: /a -Dx=y: z\n",
            "Capstanfile:1:18",
            "put the value in quotes",
        ),
    ] {
        let project = Project::new().file("Capstanfile", text);
        let run = init(&project);
        run.expect_status(1)
            .expect_stderr_has(place)
            .expect_stderr_has(hint);
    }
}

#[test]
fn broken_file_is_told_with_its_place_and_nothing_is_written() {
    for (text, place) in [
        ("cmdline: /a\nfiles:\n\t/a: a\n", "Capstanfile:3:1"),
        ("cmdline: /a\nfiles:\n  /a: a\n /b: b\n", "Capstanfile:4:2"),
        ("cmdline: /a\nbuild make\n", "Capstanfile:2:1"),
        ("base: osv\n", "Capstanfile:1:1"),
        ("cmdline: /a\nfiles:\n  /../a: a\n", "Capstanfile:3:3"),
    ] {
        let project = Project::new().file("Capstanfile", text);
        let run = init(&project);
        run.expect_status(1)
            .expect_stdout("")
            .expect_stderr_has(place);
        assert!(run.stderr_text().lines().count() <= 16, "{run}");
        assert!(!project.path("Unikernel.toml").exists());
    }
    let project = Project::new().file("Capstanfile", b"cmdline: /a\nbuild: \xff\n");
    let run = init(&project);
    run.expect_status(1).expect_stderr_has("Capstanfile:2:8");
    project.write("Capstanfile", "#".repeat(1 << 20));
    init(&project)
        .expect_status(1)
        .expect_stderr_has("more than");
}

#[test]
fn cargo_package_keeps_its_own_manifest() {
    let project =
        Project::cargo_package("plain", "fn main() {}\n", "").file("Capstanfile", "cmdline: /a\n");
    init(&project)
        .expect_status(0)
        .expect_stderr_has("`Capstanfile` here is not read");
    assert!(!project.path("Unikernel.toml").exists());
}
