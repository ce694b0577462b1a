//! What can't be put into the root tree, and what can't be written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tests::cli;
use tests::process::{Call, Finished};
use tests::project::Project;

use super::{MAIN, check, check_finished, with_manifest};
use crate::commands::c_program;

#[test]
fn layers_that_leave_the_tree() {
    let tar = |args: &[&str]| {
        let project = with_manifest("layers = [\"base.tar\"]").file("inside/file", "x");
        std::os::unix::fs::symlink("/etc/passwd", project.path("inside/absolute"))
            .expect("a temporary folder");
        let call = Call::new("tar")
            .args(["-cPf", "base.tar"])
            .args(args.iter().copied());
        call.folder(project.folder()).run().expect_status(0);
        project
    };
    let project = tar(&["--transform", "s|^|../|", "inside/file"]);
    check(&project, &[], &["base.tar", "../inside/file", "`..`"]);
    check(
        &tar(&["--transform", "s|^|/|", "inside/file"]),
        &[],
        &["base.tar", "/inside/file", "absolute path"],
    );
    check(
        &tar(&["inside/absolute"]),
        &[],
        &["base.tar", "inside/absolute", "leads out", "/etc/passwd"],
    );
    check(
        &tar(&["/dev/null", "--transform", "s|^/||"]),
        &[],
        &["neither a file"],
    );
    check(&tar(&["-z", "inside/file"]), &[], &["compressed", "gunzip"]);
}

#[test]
fn folder_that_cannot_be_read() {
    let project = with_manifest("[files]\n\"/data\" = \"data\"").file("data/file", "x");
    let data = project.path("data");
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    let refused = |path: &str| {
        let texts = [
            "can't put `/data` into the root tree",
            path,
            "permission denied",
        ];
        check_finished(&project, &build_as_everybody(&project), 1, &texts);
    };
    set(&data, 0o000);
    refused("/data");
    set(&data, 0o755);
    set(&data.join("file"), 0o000);
    refused("/data/file`");
}

/// A build for which permissions count, as they don't for the superuser: without the capabilities that pass them over
/// (capabilities(7)).
fn build_as_everybody(project: &Project) -> Finished {
    let call = if rustix::process::geteuid().is_root() {
        Call::new("setpriv")
            .arg("--bounding-set=-dac_override,-dac_read_search")
            .arg(cli::executable())
    } else {
        Call::new(cli::executable())
    };
    call.args(["unikernel", "build"])
        .full_env(cli::environment())
        .folder(project.folder())
        .run()
}

#[test]
fn folder_that_leads_to_itself() {
    let project = with_manifest("[files]\n\"/data\" = \"data\"");
    std::os::unix::fs::symlink("data", project.path("data")).expect("a temporary folder");
    check(
        &project,
        &[],
        &["can't put `/data` into the root tree", "/data`"],
    );
}

#[test]
fn target_folder_that_cannot_be_written() {
    let project = c_program(MAIN).file("target", "a file where a folder should be");
    check(&project, &["program.c"], &["/target"]);
}

#[test]
fn full_disk() {
    let project = c_program(MAIN).file("big", vec![1; 4 << 20]);
    // A file may not grow beyond 3 MiB (setrlimit(2), RLIMIT_FSIZE): a write fails as on a full disk.
    let line =
        "trap '' XFSZ; ulimit -f 6144; exec \"$0\" unikernel build program.c --file /big=big";
    let call = Call::new("sh").args(["-c", line]).arg(cli::executable());
    let built = call
        .full_env(cli::environment())
        .folder(project.folder())
        .within(60)
        .run();
    check_finished(&project, &built, 1, &["program.elf", "too large"]);
}

#[test]
fn full_disk_behind_standard_output() {
    let project = c_program(MAIN);
    let line = "exec \"$0\" unikernel build program.c >/dev/full";
    let call = Call::new("sh").args(["-c", line]).arg(cli::executable());
    let built = call
        .full_env(cli::environment())
        .folder(project.folder())
        .run();
    built
        .expect_status(1)
        .expect_stderr_has("can't write to standard output: No space left on device");
}
