//! Processes, files, the environment and the terminal are each touched in one module of the tool.

use tests::workspace;

use super::source::{code, has_word, without_tests};

/// A module that is a door, and the words that only it may use.
const DOORS: [(&str, &[&str]); 4] = [
    ("tool", &["std::process::Command", "Command::new", "duct"]),
    ("fs", &["std::fs", "File::open", "File::create"]),
    (
        "env",
        &["env::var", "env::var_os", "env::vars", "env::vars_os"],
    ),
    (
        "shell",
        &["println", "eprintln", "eprint", "print", "stdout", "stderr"],
    ),
];

/// Uses of a door's word that are no use of the world: a method or a field of that name.
fn is_own(code: &str, word: &str) -> bool {
    matches!(word, "stdout" | "stderr")
        && !has_word(code, &format!("io::{word}"))
        && !has_word(code, &format!("anstream::{word}"))
}

fn is_door(path: &str, door: &str) -> bool {
    let inside = path.strip_prefix("cargo-unikernel/src/").unwrap_or(path);
    inside == format!("{door}.rs") || inside.starts_with(&format!("{door}/"))
}

#[test]
fn only_the_doors_touch_the_world() {
    let files = workspace::rust_files();
    let sources = files
        .iter()
        .filter(|path| path.starts_with("cargo-unikernel/src/"));
    let mut wrong = Vec::new();
    for path in sources {
        let text = code(&workspace::read(path));
        // Signals and streams of the VMM are in the one host module that may be unsafe.
        if path.starts_with("cargo-unikernel/src/sys") {
            continue;
        }
        for (door, words) in DOORS {
            let found = words
                .iter()
                .filter(|word| has_word(without_tests(&text), word) && !is_own(&text, word));
            if !is_door(path, door) {
                wrong.extend(found.map(|word| format!("{path}: `{word}` belongs to `{door}`")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_ends_the_process_but_main() {
    for path in workspace::rust_files() {
        let text = code(&workspace::read(&path));
        assert!(
            !has_word(&text, "process::exit"),
            "{path}: return an exit status"
        );
    }
}
