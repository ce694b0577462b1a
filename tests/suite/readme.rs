//! What the README shows is what happens.
//!
//! A block of language `console` is a session: a line `$ COMMAND`, then what it prints. All sessions run one after the other in
//! one clean copy of the repository, as somebody who just cloned it would run them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use tests::process::Call;
use tests::project::Project;
use tests::redact::redact;
use tests::{cli, turns, workspace};

/// A command of the README and the lines that it shows of its output; `...` stands for lines left out.
struct Step {
    command: String,
    shown: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut within = false;
    for line in text.lines() {
        if line.starts_with("```") {
            within = line == "```console";
        } else if let (true, Some(command)) = (within, line.strip_prefix("$ ")) {
            steps.push(Step {
                command: command.to_owned(),
                shown: Vec::new(),
            });
        } else if let (true, Some(step)) = (within, steps.last_mut()) {
            step.shown.push(line.to_owned());
        }
    }
    steps
}

/// Copies what a clone would hold.
fn copy_to(folder: &Path) {
    for path in workspace::files() {
        let target = folder.join(&path);
        fs::create_dir_all(target.parent().expect("a folder of the copy"))
            .expect("a folder of the copy");
        fs::copy(workspace::root().join(&path), target).expect("a folder of the copy");
    }
}

#[test]
fn its_sessions_happen_as_shown() {
    let project = Project::new();
    let clone = project.path("cargo-unikernel");
    copy_to(&clone);
    let shared = workspace::root().join("target/readme");
    let installed = project.path("home/bin");
    let mut env = cli::environment();
    let old = env[std::ffi::OsStr::new("PATH")].clone();
    let paths = std::iter::once(installed).chain(std::env::split_paths(&old));
    env.insert("PATH".into(), std::env::join_paths(paths).unwrap());
    env.insert("CARGO_INSTALL_ROOT".into(), project.path("home").into());
    let steps = steps(&workspace::read("README.md"));
    assert!(steps.len() >= 3, "the README shows no session");
    let mut folder = clone.clone();
    for step in steps {
        if step.command.starts_with("git clone") {
            continue;
        }
        // Sessions about the repository itself share a target folder, so that a second run of the tests is quick.
        let mut env = env.clone();
        if folder == clone {
            env.insert("CARGO_TARGET_DIR".into(), OsString::from(&shared));
        }
        let _turn = turns::take();
        let script = format!("{} && pwd > \"$AFTER\"", step.command);
        let after = project.path("after");
        let ran = Call::new("sh")
            .args(["-c", &script])
            .full_env(env)
            .env("AFTER", &after)
            .folder(&folder)
            .within(900)
            .run();
        ran.expect_status(0);
        folder = fs::read_to_string(&after).unwrap().trim_end().into();
        let printed = redact(&(ran.stderr_text() + &ran.stdout_text()));
        let printed: Vec<&str> = printed.lines().collect();
        for line in step.shown.iter().filter(|line| *line != "...") {
            let wanted = redact(line);
            let found = printed.iter().any(|printed| *printed == wanted.trim_end());
            assert!(found, "`{}` does not print `{line}`: {ran}", step.command);
        }
    }
}
