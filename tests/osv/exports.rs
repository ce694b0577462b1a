//! The names that are told of OSv are those that its kernel exports.

use std::collections::BTreeSet;
use std::path::Path;

use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;

use super::kernel;

/// What the functions of a C library come from on this host, where there is one of glibc.
const GLIBC: [&str; 2] = ["libc.so.6", "libm.so.6"];

/// What an ELF exports, as binutils say.
fn exports(path: &Path) -> BTreeSet<String> {
    let listed = Call::new("nm")
        .args(["-D", "--defined-only"])
        .arg(path)
        .run();
    let listed = listed.expect_status(0).stdout_text();
    let words = listed
        .lines()
        .filter_map(|line| line.split(' ').next_back());
    let names = words.map(|word| word.split('@').next().unwrap_or(word));
    names.map(str::to_owned).collect()
}

#[test]
fn names_that_are_told_are_those_that_the_kernel_exports() {
    let exported = exports(&Path::new(&kernel()).join("loader-stripped.elf"));
    // Builds that hide their symbols have no C++ names.
    let is_hidden = !exported.iter().any(|name| name.starts_with("_ZNSt"));
    let project = Project::new();
    let told = Cli::new(project.folder(), ["kernel", "support", "osv"]).run();
    let told = told.expect_status(0).stdout_text();
    let mut known = BTreeSet::new();
    for line in told.lines() {
        let Some((name, level)) = line
            .strip_prefix("symbol ")
            .and_then(|line| line.split_once(' '))
        else {
            continue;
        };
        known.insert(name);
        let is_hidden = is_hidden && level.contains("missing in symbol-hiding builds");
        let is_missing = is_hidden || level.starts_with("missing");
        assert_eq!(exported.contains(name), !is_missing, "{line}");
    }
    assert!(known.len() > 1000, "{told}");
    let host = Path::new("/lib/x86_64-linux-gnu");
    for library in GLIBC.map(|name| host.join(name)) {
        let glibc = exports(&library);
        assert!(!glibc.is_disjoint(&exported), "{}", library.display());
        let untold: Vec<_> = glibc
            .intersection(&exported)
            .filter(|name| !known.contains(name.as_str()))
            .collect();
        assert!(untold.is_empty(), "{}: {untold:?}", library.display());
    }
}
