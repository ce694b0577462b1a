//! One subject a file: sizes, orphans, names.

use tests::workspace;

/// Tables may be long: a line a fact.
const TABLES: [&str; 2] = [
    "cargo-unikernel/src/vmm/run/trace/table.rs",
    "kernel/core/src/syscall/table.rs",
];

fn sizes() -> Vec<(usize, String)> {
    let lines = |path: String| (workspace::read(&path).lines().count(), path);
    workspace::rust_files().into_iter().map(lines).collect()
}

#[test]
fn no_file_is_over_500_lines() {
    let long: Vec<_> = sizes()
        .into_iter()
        .filter(|(lines, path)| *lines > 500 && !TABLES.contains(&path.as_str()))
        .collect();
    assert!(long.is_empty(), "split by subject: {long:?}");
}

#[test]
fn median_file_is_at_most_120_lines() {
    let mut sizes = sizes();
    sizes.sort();
    let (median, _) = &sizes[sizes.len() / 2];
    assert!(*median <= 120, "half of the files are over {median} lines");
}

#[test]
fn every_module_file_is_named_by_its_parent() {
    let files = workspace::rust_files();
    let roots = [
        "/src/lib.rs",
        "/src/main.rs",
        "/suite/main.rs",
        "/full/main.rs",
        "/osv/main.rs",
        "/build.rs",
    ];
    let mut orphans = Vec::new();
    for path in &files {
        let is_root = roots.iter().any(|root| path.ends_with(root)) || path.contains("/src/bin/");
        if is_root {
            continue;
        }
        let (folder, name) = path.rsplit_once('/').expect("a file of a package");
        let (folder, module) = match name.strip_suffix(".rs") {
            Some("mod") => folder
                .rsplit_once('/')
                .expect("a module folder lies in another"),
            Some(module) => (folder, module),
            None => continue,
        };
        let named = |parent: String| {
            files.contains(&parent)
                && workspace::read(&parent)
                    .lines()
                    .any(|line| names(line, module))
        };
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| format!("{folder}/{parent}"));
        let beside = format!("{folder}.rs");
        if !parents.into_iter().chain([beside]).any(named) {
            orphans.push(path.clone());
        }
    }
    assert!(orphans.is_empty(), "no `mod` line: {orphans:?}");
}

/// Whether a line declares this module.
fn names(line: &str, module: &str) -> bool {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) => rest.trim_start_matches(|c| c != ' ').trim_start(),
        None => line,
    };
    line.strip_prefix("mod ")
        .is_some_and(|rest| rest.trim_end_matches([';', ' ', '{']) == module)
}

#[test]
fn no_file_is_named_for_nothing() {
    let empty_words = ["util", "helper", "manager", "misc", "common"];
    for path in workspace::rust_files() {
        let name = path.rsplit('/').next().unwrap_or(&path);
        let found = empty_words.iter().find(|word| name.contains(**word));
        assert!(found.is_none(), "{path}: name it for the one thing in it");
    }
}
