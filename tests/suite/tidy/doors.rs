//! Processes, files, the environment, the web and the terminal are each touched in one module of the tool.

use tests::workspace;

use super::source::{code, has_word, without_tests};

/// A door, and the words that only it may use.
struct Door {
    path: &'static str,
    words: &'static [&'static str],
}

const DOORS: [Door; 5] = [
    Door {
        path: "tool",
        words: &["std::process::Command", "Command::new", "duct"],
    },
    Door {
        path: "fs",
        words: &["std::fs", "File::open", "File::create", "OpenOptions"],
    },
    Door {
        path: "env",
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
    },
    Door {
        path: "web",
        words: &["ureq"],
    },
    Door {
        path: "cli/shell",
        words: &[
            "println",
            "eprintln",
            "eprint",
            "print",
            "io::stdout",
            "io::stderr",
            "anstream",
        ],
    },
];

/// The guest's streams end in the host's: they are carried, nothing of ours is printed.
const CARRIES_STREAMS: &str = "cargo-unikernel/src/vmm/run/console.rs";

fn is_door(path: &str, door: &str) -> bool {
    let inside = path
        .strip_prefix("cargo-unikernel/src/")
        .unwrap_or_default();
    inside == format!("{door}.rs") || inside.starts_with(&format!("{door}/"))
}

/// Prepares a child between fork and exec: `tool` hands it the command.
const PREPARES_CHILDREN: &str = "cargo-unikernel/src/sys/";

/// Whether a file is compiled for tests only.
fn is_test(path: &str) -> bool {
    ["/tests.rs", "/testing.rs", "/test_support.rs"]
        .iter()
        .any(|end| path.ends_with(end))
}

#[test]
fn only_the_doors_touch_the_world() {
    let files = workspace::rust_files();
    let sources = files
        .iter()
        .filter(|path| path.starts_with("cargo-unikernel/src/") && !is_test(path));
    let mut wrong = Vec::new();
    for path in sources {
        // The type of an open file, made from a descriptor, opens none.
        let text = code(&workspace::read(path)).replace("std::fs::File", "File");
        let text = without_tests(&text);
        for Door { path: door, words } in DOORS {
            let is_exempt = (door == "cli/shell" && path == CARRIES_STREAMS)
                || (door == "tool" && path.starts_with(PREPARES_CHILDREN));
            if is_door(path, door) || is_exempt {
                continue;
            }
            let found = words.iter().filter(|word| has_word(text, word));
            wrong.extend(found.map(|word| format!("{path}: `{word}` belongs to `{door}`")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `Build::emit` ends the build script that calls it, which has nobody to return an error to; `try_emit` returns it.
const ENDS_A_BUILD_SCRIPT: &str = "unikernel-build/src/build.rs";

#[test]
fn nothing_ends_the_process_but_main() {
    let files = workspace::rust_files();
    let text = code(&workspace::read(ENDS_A_BUILD_SCRIPT));
    let ends = text.matches("process::exit").count();
    assert_eq!(ends, 1, "{ENDS_A_BUILD_SCRIPT}: `emit` ends, nothing else");
    let others = files
        .iter()
        .filter(|path| !path.starts_with("kernel/") && *path != ENDS_A_BUILD_SCRIPT);
    for path in others {
        let text = code(&workspace::read(path));
        assert!(
            !has_word(&text, "process::exit"),
            "{path}: return an exit status"
        );
    }
}
