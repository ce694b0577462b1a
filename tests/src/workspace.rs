//! The files of this repository, and what cargo says about them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::process::Call;

/// The folder of the whole repository.
///
/// # Panics
/// When this package does not lie in it.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a member of the workspace")
}

/// Paths of all files, relative to [`root`], sorted; what is built or hidden is left out.
///
/// # Panics
/// When a folder can't be read.
#[must_use]
pub fn files() -> Vec<String> {
    let mut found = Vec::new();
    walk(root(), "", &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let entry = entry.expect("a folder entry");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let path = format!("{prefix}{name}");
        let hidden =
            name.starts_with('.') && !matches!(name.as_str(), ".ci" | ".github" | ".cargo");
        if hidden || name == "target" {
            continue;
        }
        if entry.file_type().expect("a folder entry").is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push(path);
        }
    }
}

/// Paths of our own Rust sources. Guests, examples and templates are users' programs.
#[must_use]
pub fn rust_files() -> Vec<String> {
    let ours = |path: &String| {
        path.ends_with(".rs")
            && !path.starts_with("tests/guests/")
            && !path.starts_with("examples/")
            && (!path.starts_with("templates/")
                || path.starts_with("templates/src/")
                || path == "templates/build.rs")
    };
    files().into_iter().filter(ours).collect()
}

/// Whether a file of the workspace is text.
///
/// # Panics
/// When there is no such file.
#[must_use]
pub fn is_text(path: &str) -> bool {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    std::str::from_utf8(&bytes).is_ok()
}

/// The text of a file of the workspace.
///
/// # Panics
/// When there is no such file, or it is no text.
#[must_use]
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What cargo says when it builds the tool, with the profile and target folder of the tests: a value a message.
///
/// # Panics
/// When the tool does not build.
#[must_use]
pub fn build_tool() -> &'static [Value] {
    static MESSAGES: OnceLock<Vec<Value>> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        let own = std::env::current_exe().expect("the tests are a file");
        let profile_folder = own
            .ancestors()
            .nth(2)
            .expect("tests lie in TARGET/PROFILE/deps");
        let mut call = Call::new(cargo())
            .args([
                "build",
                "--package",
                "cargo-unikernel",
                "--bin",
                "cargo-unikernel",
            ])
            .args([
                "--message-format",
                "json-render-diagnostics",
                "--target-dir",
            ])
            .arg(profile_folder.parent().expect("a target folder"))
            .folder(root())
            .within(900);
        if profile_folder.ends_with("release") {
            call = call.arg("--release");
        }
        let built = call.run();
        built.expect_status(0);
        built
            .stdout_text()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    })
}

/// The cargo that runs the tests.
#[must_use]
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
