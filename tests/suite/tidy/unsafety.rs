//! `unsafe` is a place: these and no others.

use tests::workspace;

use super::source::{code, has_word};

/// Where `unsafe` may stand.
const PLACES: [&str; 5] = [
    "kernel/machine/",
    "kernel/loader/",
    "kernel/vdso/",
    "kernel/image/src/main.rs",
    "cargo-unikernel/src/sys",
];

#[test]
fn unsafe_stands_only_where_the_architecture_says() {
    for path in workspace::rust_files() {
        let allowed = PLACES.iter().any(|place| path.starts_with(place));
        let found = has_word(&code(&workspace::read(&path)), "unsafe");
        assert!(allowed || !found, "{path}: `unsafe` belongs to {PLACES:?}");
    }
}

#[test]
fn safe_crates_forbid_it() {
    let roots = workspace::rust_files();
    let safe = ["kernel/core/", "kernel/abi/", "tests/", "xtask/"];
    let roots = roots.iter().filter(|path| {
        path.ends_with("/src/lib.rs") && safe.iter().any(|place| path.starts_with(place))
    });
    for path in roots {
        let text = workspace::read(path);
        assert!(text.contains("#![forbid(unsafe_code)]"), "{path}");
    }
}

#[test]
fn every_unsafe_block_has_its_reason() {
    for path in workspace::rust_files() {
        let text = workspace::read(&path);
        let plain = code(&text);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in plain.lines().enumerate() {
            if !line.contains("unsafe {") {
                continue;
            }
            let above = &lines[index.saturating_sub(8)..=index];
            let reasoned = above.iter().any(|line| line.contains("SAFETY:"));
            assert!(reasoned, "{path}:{}: no `// SAFETY:`", index + 1);
        }
    }
}
