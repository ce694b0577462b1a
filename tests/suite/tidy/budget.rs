//! How many crates a user of the tool has to compile.

use std::collections::BTreeSet;

use tests::process::Call;
use tests::workspace;

#[test]
fn the_tool_has_at_most_130_crates_in_its_tree() {
    let tree = Call::new(workspace::cargo())
        .args([
            "tree",
            "--package",
            "cargo-unikernel",
            "--edges",
            "normal,build",
        ])
        .args([
            "--target",
            "x86_64-unknown-linux-gnu",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(["--offline", "--locked"])
        .folder(workspace::root())
        .run();
    tree.expect_status(0);
    let text = tree.stdout_text();
    let crates: BTreeSet<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    assert!(crates.len() <= 130, "{} crates", crates.len());
    assert!(crates.len() > 10, "the tree was not read: {crates:?}");
    let asynchronous = ["tokio", "async-std", "smol", "futures"];
    let found = crates.iter().find(|line| {
        asynchronous
            .iter()
            .any(|name| line.starts_with(&format!("{name} ")))
    });
    assert_eq!(found, None, "no asynchronous runtime");
}
