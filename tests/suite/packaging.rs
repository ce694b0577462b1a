//! The packages hold all that they need.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tests::process::Call;
use tests::project::Project;
use tests::workspace;

/// Each package is unpacked elsewhere and built from its own files alone; the tool's with the kernel.
#[test]
fn every_package_builds_from_its_own_files() {
    let away = Project::new();
    let home = away.path("home");
    link_home(&home);
    Call::new(workspace::cargo())
        .args(["package", "--workspace", "--offline", "--allow-dirty"])
        .arg("--target-dir")
        .arg(away.path("target"))
        .env("CARGO_HOME", home)
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .folder(workspace::root())
        .within(900)
        .run()
        .expect_status(0);
}

/// A home for cargo that shares all of the user's but unpacked packages: by their version cargo takes them for unchanged, and
/// packages that are not published yet change without a new one.
fn link_home(home: &Path) {
    let user = env::var_os("CARGO_HOME").map(PathBuf::from);
    let user = user.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let user = user.expect("cargo has a home");
    link_entries(&user, home, "registry");
    link_entries(&user.join("registry"), &home.join("registry"), "src");
}

fn link_entries(from: &Path, to: &Path, without: &str) {
    fs::create_dir_all(to).expect("a temporary folder is writable");
    for entry in fs::read_dir(from).expect("a folder of cargo's home") {
        let name = entry.expect("a folder of cargo's home").file_name();
        if name != without {
            symlink(from.join(&name), to.join(&name)).expect("a temporary folder is writable");
        }
    }
}
