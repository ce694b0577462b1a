//! Lines to cargo on the build script's stdout, and nothing else there.

use std::path::Path;

/// Prints instructions, each without its `cargo::` prefix.
#[expect(
    clippy::print_stdout,
    reason = "a build script speaks to cargo on stdout"
)]
pub(crate) fn print(instructions: &[String]) {
    for instruction in instructions {
        println!("cargo::{}", instruction.replace('\n', " "));
    }
}

/// Tells cargo of a failure: the whole text, a line each, as cargo shows only what is marked.
pub(crate) fn print_error(text: &str) {
    let lines: Vec<_> = text.lines().map(|line| format!("error={line}")).collect();
    print(&lines);
}

/// The instruction to build again when `path` changes.
pub(crate) fn rerun_if_changed(path: &Path) -> String {
    format!("rerun-if-changed={}", path.display())
}

/// The instruction to build again when the variable `name` changes.
pub(crate) fn rerun_if_env_changed(name: &str) -> String {
    format!("rerun-if-env-changed={name}")
}
