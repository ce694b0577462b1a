//! Words that have no place in the repository.

use tests::workspace;

use super::source::{code, has_word};

/// Texts that would tie the project to one machine. Composed, so that this file does not hold them.
fn foreign() -> Vec<String> {
    let pairs = [
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/tmp/", "plan"),
        ("index.cra", "tes.io"),
        ("static.cra", "tes.io"),
        ("deb.deb", "ian.org"),
        ("snapshot.deb", "ian.org"),
    ];
    pairs.map(|(start, end)| format!("{start}{end}")).to_vec()
}

#[test]
fn no_path_or_host_of_one_machine_is_named() {
    for path in workspace::files() {
        if path == "Cargo.lock" || !workspace::is_text(&path) {
            continue;
        }
        let text = workspace::read(&path);
        for word in foreign() {
            assert!(!text.contains(&word), "{path} names `{word}`");
        }
    }
}

#[test]
fn no_test_is_left_out_or_waits_by_the_clock() {
    for path in workspace::rust_files() {
        let text = code(&workspace::read(&path));
        assert!(!text.contains("#[ignore"), "{path}: a test that never runs");
        for word in ["todo", "unimplemented"] {
            assert!(!has_word(&text, &format!("{word}!")), "{path}: `{word}!`");
        }
        if path.starts_with("tests/") {
            assert!(
                !has_word(&text, "thread::sleep"),
                "{path}: wait for what is meant"
            );
        }
    }
}
