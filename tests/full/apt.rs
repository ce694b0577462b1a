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
    private(&own.join("lists"), &own.join("cache"))
        .args(["-o", "Acquire::Languages=none", "-o"])
        .arg(format!(
            "Dir::Etc::sourcelist={}",
            own.join("sources.list").display()
        ))
        .arg("-o")
        .arg(format!(
            "Dir::Etc::sourceparts={}",
            own.join("parts").display()
        ))
}

fn private(lists: &Path, cache: &Path) -> Call {
    let option = |name: &str, path: &Path| format!("-oDir::{name}={}", path.display());
    Call::new("apt-get")
        .args(["-qq", "-oAPT::Sandbox::User=root"])
        .arg(option("State::lists", lists))
        .arg(option("Cache", cache))
        .within(300)
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
        let (lists, cache) = (own.join("lists"), own.join("cache"));
        private(&lists, &cache).arg("update").run().expect_status(0);
        text = ask(private(&lists, &cache));
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
