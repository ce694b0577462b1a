//! The build-script helper, through cargo itself: what a user's `cargo build` and `cargo run` do.

#![expect(
    clippy::unwrap_used,
    reason = "what is missing here is the test's failure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use tests::process::{Call, Finished};
use tests::project::Project;
use tests::{cli, example, turns, workspace};

const NAME: &str = "c-in-build-rs";

/// One at a time: the packages share a target folder, so that the helper is compiled once.
static TARGET: Mutex<()> = Mutex::new(());

/// A package whose build script uses the helper.
struct Package {
    project: Project,
    _target: MutexGuard<'static, ()>,
}

impl Package {
    fn of(project: Project) -> Self {
        let package = Self {
            project,
            _target: TARGET.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let clean = package.cargo(&["clean", "--offline", "--package"]);
        let manifest = fs::read_to_string(package.project.path("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        clean.arg(name).run().expect_status(0);
        package
    }

    fn example() -> Self {
        Self::of(example::copy(NAME))
    }

    /// cargo in the package, with the tests' own tool.
    fn cargo(&self, args: &[&str]) -> Call {
        Call::new(workspace::cargo())
            .args(args.iter().copied())
            .full_env(cli::environment())
            .env("CARGO_UNIKERNEL", cli::executable())
            .env("UNIKERNEL_ACCEL", "tcg")
            .env("CARGO_TARGET_DIR", target())
            .folder(self.project.folder())
            .within(300)
    }

    fn build(&self) -> Finished {
        let args = [
            "build",
            "--offline",
            "--verbose",
            "--message-format",
            "json",
        ];
        self.cargo(&args).run()
    }

    fn touch(&self, path: &str) {
        let path = self.project.path(path);
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    }

    /// Builds, and returns the build script's `OUT_DIR`.
    fn out_dir(&self) -> PathBuf {
        let built = self.build();
        let text = built.expect_status(0).stdout_text();
        let messages = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let executed: Vec<Value> = messages
            .filter(|message: &Value| message["reason"] == "build-script-executed")
            .filter(|message| message["package_id"].as_str().unwrap().contains(NAME))
            .collect();
        executed[0]["out_dir"].as_str().unwrap().into()
    }
}

fn target() -> PathBuf {
    workspace::root().join("target/helper")
}

/// Files below a folder that end so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn cargo_run_boots_what_the_build_script_made() {
    let package = Package::example();
    package.build().expect_status(0);
    let _turn = turns::take();
    let expected = fs::read_to_string(package.project.path("expected.txt")).unwrap();
    let run = package.cargo(&["run", "--offline", "--quiet"]);
    run.run().expect_status(0).expect_stdout(&expected);
    run.args(["--", "you"])
        .run()
        .expect_status(0)
        .expect_stdout("Hello from build.rs, you!\n");
}

#[test]
fn image_lies_in_out_dir_and_nothing_elsewhere() {
    let package = Package::example();
    let images = files(&package.out_dir(), ".elf");
    assert_eq!(images.len(), 1, "{images:?}");
    assert!(images[0].ends_with("out/unikernel/builtin/hello.elf"));
    let mut names: Vec<_> = fs::read_dir(package.project.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let sources = ["Cargo.lock", "Cargo.toml", "build.rs", "expected.txt"];
    assert_eq!(names, [&sources[..], &["include", "src"]].concat());
}

#[test]
fn stdout_of_the_build_script_holds_instructions_only() {
    let package = Package::example();
    let output = package.out_dir().with_file_name("output");
    let text = fs::read_to_string(output).unwrap();
    assert!(text.lines().count() > 5, "{text}");
    for line in text.lines() {
        assert!(line.starts_with("cargo::"), "{line}");
    }
}

#[test]
fn touched_file_rebuilds_and_nothing_does_not() {
    let package = Package::example();
    let fresh = format!("Fresh {NAME} ");
    package.build().expect_status(0);
    package.build().expect_status(0).expect_stderr_has(&fresh);
    for file in ["src/hello.c", "include/punctuation.h"] {
        package.touch(file);
        let again = package.build();
        let dirty = format!("Dirty {NAME} ");
        again.expect_status(0).expect_stderr_has(&dirty);
        again.expect_stderr_has(file);
        package.build().expect_status(0).expect_stderr_has(&fresh);
    }
}

#[test]
fn mistake_in_the_source_is_shown_by_cargo_and_leaves_no_image() {
    let project = example::copy(NAME);
    project.write("src/hello.c", "int main(void) { return missing; }\n");
    let package = Package::of(project);
    let built = package.build();
    built.expect_status(101);
    built.expect_stderr_has("failed on `src/hello.c`");
    built.expect_stderr_has("'missing' undeclared");
    assert!(files(&target().join("debug/build"), ".elf").is_empty());
}

#[test]
fn without_the_tool_the_error_is_the_command_that_gets_it() {
    let package = Package::example();
    let out = package.out_dir();
    let scripts = files(&target().join("debug/build"), "/build-script-build");
    let of_package = |path: &&PathBuf| path.to_str().unwrap().contains(NAME);
    let script = scripts.iter().find(of_package).unwrap();
    let nowhere = package.project.path("nowhere");
    let env = [
        ("CARGO_MANIFEST_DIR", package.project.folder()),
        ("OUT_DIR", &out),
        ("PATH", &nowhere),
        ("HOME", &nowhere),
        ("TARGET", Path::new("x86_64-unknown-linux-gnu")),
        ("OPT_LEVEL", Path::new("0")),
    ];
    let env: BTreeMap<_, _> = env
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let refused = Call::new(script).full_env(env).run();
    refused.expect_status(1);
    let text = refused.stdout_text();
    let command = "cargo install --path cargo-unikernel";
    let errors: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("cargo::error="))
        .collect();
    assert_eq!(
        errors.iter().filter(|line| line.contains(command)).count(),
        1,
        "{refused}"
    );
    assert!(
        text.contains("cargo::rerun-if-env-changed=PATH"),
        "{refused}"
    );
    assert!(refused.stderr.is_empty(), "{refused}");
}

#[test]
fn link_bins_exports_main() {
    let helper = workspace::root().join("unikernel-build");
    let manifest = format!("[build-dependencies]\nunikernel-build = {{ path = {helper:?} }}\n");
    let main = "fn main() { println!(\"native\"); }\n";
    let script = "fn main() { unikernel_build::link_bins(); }\n";
    let project = Project::cargo_package("exporting", main, &manifest)
        .file("build.rs", script)
        .file("Cargo.lock", workspace::read("Cargo.lock"));
    let package = Package::of(project);
    package
        .cargo(&["run", "--offline", "--quiet"])
        .run()
        .expect_status(0)
        .expect_stdout("native\n");
    let symbols = Call::new("readelf")
        .args(["--dyn-syms", "--wide"])
        .arg(target().join("debug/exporting"))
        .run();
    let text = symbols.expect_status(0).stdout_text();
    let main = text.lines().find(|line| line.ends_with(" main"));
    let main = main.unwrap_or_else(|| panic!("no `main` in {symbols}"));
    assert!(main.contains("GLOBAL") && !main.contains(" UND "), "{main}");
}

#[test]
fn job_of_another_version_is_refused_by_number() {
    let project = Project::new();
    let answer = cli::Cli::new(project.folder(), ["job"])
        .stdin("{\"version\": 99}")
        .run();
    answer.expect_status(1);
    let answer: Value = serde_json::from_str(&answer.stdout_text()).unwrap();
    let message = answer["failed"]["message"].as_str().unwrap();
    assert!(message.contains("version 99"), "{message}");
}

#[test]
fn failure_names_every_file_whose_change_is_worth_another_try() {
    let project = Project::new()
        .file("it.h", "#define IT missing\n")
        .file("it.c", "#include \"it.h\"\nint main(void) { return IT; }\n")
        .file("fine.h", "\n")
        .file("fine.c", "#include \"fine.h\"\n");
    let job = serde_json::json!({
        "version": 1, "name": "it", "folder": project.folder(), "out": project.path("out"),
        "compiler": {"target": "x86_64-unknown-linux-gnu", "opt_level": "z"},
        "sources": ["fine.c", "it.c"], "include": [], "define": {}, "flags": [], "libs": [],
        "formats": [], "args": [], "env": {}, "files": {},
    });
    let call = cli::Cli::new(project.folder(), ["job"]).stdin(job.to_string());
    for _ in 0..2 {
        let answer = call.run();
        answer.expect_status(1);
        let answer: Value = serde_json::from_str(&answer.stdout_text()).unwrap();
        let listed = |key: &str| answer["failed"][key].as_array().unwrap().clone();
        for name in ["it.c", "it.h", "fine.c", "fine.h"] {
            let path = Value::from(project.path(name).to_str());
            assert!(listed("inputs").contains(&path), "{name} in {answer}");
        }
        assert!(listed("variables").contains(&"CFLAGS".into()), "{answer}");
        let out = project.path("out");
        let made = listed("inputs").into_iter().find(|path| {
            path.as_str()
                .is_some_and(|path| Path::new(path).starts_with(&out))
        });
        assert_eq!(made, None);
    }
}

/// What compiling the helper costs hangs on these two: a derive macro and its parser would double it.
#[test]
fn the_helper_has_at_most_15_crates_in_its_tree_and_no_macro_crate() {
    let tree = Call::new(workspace::cargo())
        .args([
            "tree",
            "--package",
            "unikernel-build",
            "--edges",
            "normal,build",
        ])
        .args([
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
            "--locked",
        ])
        .folder(workspace::root())
        .run();
    let text = tree.expect_status(0).stdout_text();
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
    let crates: BTreeSet<&str> = lines.collect();
    let n_crates = crates.len();
    assert!(
        (2..=15).contains(&n_crates),
        "{n_crates} crates: {crates:?}"
    );
    let of_macros = crates.iter().find(|line| line.contains("(proc-macro)"));
    assert_eq!(of_macros, None);
}
