//! `lint`, `explain` and `kernel support`: what they find, how they tell it, and how they end.

use serde_json::Value;
use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;

const FORKS: &str = "#include <unistd.h>\nint main(void) { return fork() < 0; }";

/// A folder with a program of this source, compiled.
fn compiled(source: &str, args: &[&str]) -> Project {
    let project = Project::new().file("app.c", source);
    Call::new("gcc")
        .args(["-o", "app", "app.c"])
        .args(args.iter().copied())
        .folder(project.folder())
        .run()
        .expect_status(0);
    project
}

fn lint(project: &Project, args: &[&str]) -> Cli {
    Cli::new(project.folder(), ["lint", "app"]).args(args)
}

#[test]
fn finding_is_told_as_rustc_would() {
    let project = compiled(FORKS, &[]);
    let told = lint(&project, &["--kernel", "osv"]).run();
    let text = told.expect_status(0).stderr_text();
    let expected = "warning[UK001]: `app` imports `fork`, which makes a process\n  --> app\n   \
                    = note: `fork` is a stub: -1, errno untouched\n   = help: ";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("Linted `app` for osv: 1 warning"), "{text}");
    assert!(told.stdout.is_empty(), "{}", told.stdout_text());
}

#[test]
fn level_decides_how_it_ends() {
    let project = compiled(FORKS, &[]);
    let ends = |args: &[&str], status| {
        let _ = lint(&project, args).run().expect_status(status);
    };
    ends(&["--kernel", "nanos"], 0);
    ends(&["--kernel", "nanos", "--fail-on", "warning"], 1);
    ends(&["--kernel", "nanos", "--strict"], 1);
    ends(&["--kernel", "ovs"], 2);
    ends(&["--fail-on", "deny"], 2);
    let clean = compiled("int main(void) { return 0; }", &[]);
    for kernel in ["builtin", "nanos", "osv"] {
        let args = ["--kernel", kernel, "--fail-on", "note"];
        lint(&clean, &args).run().expect_status(0);
    }
    let fixed = compiled("int main(void) { return 0; }", &["-no-pie"]);
    for kernel in ["builtin", "nanos", "osv"] {
        let args = ["--kernel", kernel, "--fail-on", "note"];
        lint(&fixed, &args).run().expect_status(0);
    }
}

#[test]
fn json_is_one_document_on_stdout() {
    let project = compiled(FORKS, &[]);
    let args = ["--kernel", "osv,nanos", "--message-format", "json"];
    let told = lint(&project, &args).run();
    let text = told.expect_status(0).stdout_text();
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["version"], 1);
    let kernels = document["reports"].as_array().expect("reports");
    let kernels: Vec<_> = kernels.iter().map(|report| &report["kernel"]).collect();
    assert_eq!(kernels, ["osv", "nanos"]);
    let finding = &document["reports"][1]["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["level"]),
        (&"UK001".into(), &"warning".into())
    );
    assert_eq!(finding["evidence"], "imported");
    assert!(told.stderr.is_empty(), "{}", told.stderr_text());
}

#[test]
fn program_is_never_run() {
    // A dynamic linker of its own that would leave a trace.
    let project = compiled(FORKS, &["-Wl,--dynamic-linker=./trap"]);
    project.write("trap", "#!/bin/sh\ntouch sprung\n");
    let told = lint(&project, &["--kernel", "nanos"]).run();
    let text = told.expect_status(1).stderr_text();
    assert!(text.contains("error[UK015]"), "{text}");
    assert!(!project.path("sprung").exists());
}

#[test]
fn waived_finding_is_not_told() {
    let manifest = "[build]\nbinary = \"app\"\n\n[[lint.allow]]\nrule = \"UK001\"\nat = \"main>fork\"\nreason = \"known\"\n";
    let project = compiled(FORKS, &[]);
    let told = |project: &Project| {
        let told = Cli::new(project.folder(), ["lint", "--fail-on", "warning"]).run();
        (told.status, told.stderr_text())
    };
    project.write("Unikernel.toml", "[build]\nbinary = \"app\"\n");
    let (status, text) = told(&project);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("UK001"), "{text}");
    project.write("Unikernel.toml", manifest);
    let (status, text) = told(&project);
    assert_eq!(status, 0, "{text}");
    assert!(!text.contains("UK001"), "{text}");
}

#[test]
fn names_are_explained() {
    let project = Project::new();
    let explained = |args: &[&str], expected: &str| {
        let told = Cli::new(project.folder(), args.iter().copied()).run();
        let text = told.expect_status(0).stdout_text();
        assert!(text.contains(expected), "{args:?}: {text}");
    };
    explained(&["lint", "--explain", "UK001"], "What to do:");
    explained(&["explain", "uk010"], "UK010: ");
    explained(&["explain", "osv"], "osv");
    explained(&["explain", "fork"], "osv: stub: -1, errno untouched");
    explained(&["kernel", "support"], "nanos 0.1.55 (linux-syscall)");
    explained(&["kernel", "support", "osv"], "symbol fork stub: -1");
    explained(&["kernel", "support", "builtin"], "syscall 57 fork missing");
    let unknown = Cli::new(project.folder(), ["explain", "UK999"]).run();
    assert!(unknown.expect_status(1).stderr_text().contains("UK001"));
}
