//! Bad input: an error of one screen with cause and place, the documented status, and no file that is half there.

mod files;
mod kernels;
mod libraries;
mod manifests;
mod programs;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use tests::cli::Cli;
use tests::process::Finished;
use tests::project::Project;

const MAIN: &str = "int main(void) { return 0; }\n";

/// Whatever a build that failed must not leave: an image, what lies beside one, temporary files.
fn left_over(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_temporary = name.starts_with(".unikernel-") && name != ".unikernel-lock";
        let of_images = [".elf", ".debug", ".made"];
        if path.is_dir() {
            left_over(&path, found);
        } else if is_temporary || of_images.iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// Ended with this status, these texts, on one screen, and has left nothing.
fn check_finished(project: &Project, built: &Finished, status: i32, texts: &[&str]) {
    built.expect_status(status).expect_stdout("");
    for text in texts {
        built.expect_stderr_has(text);
    }
    assert!(built.stderr_text().lines().count() <= 24, "{built}");
    let mut found = Vec::new();
    left_over(&project.path("target"), &mut found);
    assert!(found.is_empty(), "{found:?}");
}

fn check(project: &Project, args: &[&str], texts: &[&str]) {
    let words = ["build"].iter().chain(args).copied();
    check_finished(project, &Cli::new(project.folder(), words).run(), 1, texts);
}

/// A project of one C file whose manifest has these lines before `[build]`.
fn with_manifest(lines: &str) -> Project {
    Project::new().file("main.c", MAIN).file(
        "Unikernel.toml",
        format!("{lines}\n[build]\nsources = [\"main.c\"]\n"),
    )
}
