//! A folder of `examples/`, copied to where it may be built.

use std::fs;

use crate::project::Project;
use crate::workspace;

/// Names of all examples.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = workspace::files()
        .iter()
        .filter_map(|path| path.strip_prefix("examples/")?.split_once('/'))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.dedup();
    assert!(!names.is_empty(), "no examples");
    names
}

/// Whether an example is built by a build script of its own, and therefore by cargo.
#[must_use]
pub fn has_build_script(name: &str) -> bool {
    workspace::root()
        .join("examples")
        .join(name)
        .join("build.rs")
        .is_file()
}

/// The example's files in a folder of their own. What it takes from this repository is still found, and locked the same.
///
/// # Panics
/// When there is no such example.
#[must_use]
pub fn copy(name: &str) -> Project {
    let prefix = format!("examples/{name}/");
    let project = Project::new();
    let files = workspace::files();
    for path in files.iter().filter_map(|path| path.strip_prefix(&prefix)) {
        let from = workspace::root().join(&prefix).join(path);
        project.write(path, fs::read(from).expect("a file of the example"));
    }
    if has_build_script(name) {
        let manifest = fs::read_to_string(project.path("Cargo.toml")).expect("just written");
        let root = format!("\"{}/", workspace::root().display());
        project.write("Cargo.toml", manifest.replace("\"../../", &root));
        project.write("Cargo.lock", workspace::read("Cargo.lock"));
    }
    project
}
