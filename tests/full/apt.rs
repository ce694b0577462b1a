//! Debian's archive by an apt of our own: its lists and files lie below the target folder, the machine's are left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tests::process::Call;
use tests::workspace;

/// The folder that all that comes from Debian's archive lies in.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("target/debian")
}

/// `apt-get` on the archive that this machine installs from, with its sources too; the lists are fetched once a run.
pub(crate) fn apt_get() -> Call {
    static LISTS: OnceLock<()> = OnceLock::new();
    LISTS.get_or_init(fetch_lists);
    with_folders(&own())
}

fn own() -> PathBuf {
    folder().join("apt")
}

/// `apt-get` whose state, cache and sources lie in this folder. It is never to install, so whoever runs it fetches.
fn with_folders(own: &Path) -> Call {
    private(own)
        .arg(option("Etc::sourcelist", &own.join("sources.list")))
        .arg(option("Etc::sourceparts", &own.join("parts")))
}

/// `apt-get` whose state and cache lie in this folder, but which knows the machine's own sources.
fn private(own: &Path) -> Call {
    Call::new("apt-get")
        .args(["-qq", "-oAPT::Sandbox::User=root"])
        .args(["-oAcquire::Languages=none", "-oAcquire::Retries=3"])
        .arg(option("State::lists", &own.join("lists")))
        .arg(option("Cache", &own.join("cache")))
        .within(300)
}

fn option(name: &str, path: &Path) -> String {
    format!("-oDir::{name}={}", path.display())
}

/// Writes which archive is meant, and fetches its lists.
fn fetch_lists() {
    let own = own();
    for path in ["lists/partial", "cache/archives/partial", "parts"] {
        fs::create_dir_all(own.join(path)).expect("the target folder is writable");
    }
    let mut lines = String::new();
    for suite in suites(&own) {
        lines.push_str(&format!("deb {suite}\ndeb-src {suite}\n"));
    }
    fs::write(own.join("sources.list"), lines).expect("the target folder is writable");
    with_folders(&own).arg("update").run().expect_status(0);
}

/// `ADDRESS SUITE COMPONENT` of the system's own archive, as this machine is configured; others are left out.
fn suites(own: &Path) -> Vec<String> {
    let ask = |call: Call| {
        let format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
        let call = call.args(["indextargets", "--format", format, "Created-By: Packages"]);
        call.run().expect_status(0).stdout_text()
    };
    let mut text = ask(Call::new("apt-get"));
    if text.trim().is_empty() {
        // The machine has no lists; apt says nothing about an archive before it has them.
        private(own).arg("update").run().expect_status(0);
        text = ask(private(own));
    }
    let release = fs::read_to_string("/etc/os-release").expect("a system with apt has one");
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .expect("Debian and Ubuntu have names");
    let mut suites: Vec<String> = text
        .lines()
        .filter(|line| {
            let suite = line.split(' ').nth(1).unwrap_or_default();
            suite.starts_with(codename)
        })
        .map(str::to_owned)
        .collect();
    suites.sort();
    suites.dedup();
    assert!(!suites.is_empty(), "no archive of `{codename}` in: {text}");
    suites
}
