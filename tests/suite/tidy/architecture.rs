//! `ARCHITECTURE.md` tells the truth: each invariant names its test, and each name in the map exists.

use tests::workspace;

/// The lines between a heading and the next one of the same depth.
fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    text.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .collect()
}

#[test]
fn each_invariant_names_its_test() {
    let text = workspace::read("ARCHITECTURE.md");
    let body = section(&text, "## Invariants").join("\n");
    let invariants: Vec<&str> = body.split("\n- ").skip(1).collect();
    assert!(invariants.len() >= 8, "the invariants were not found");
    let sources: String = workspace::rust_files()
        .iter()
        .map(|path| workspace::read(path))
        .collect();
    for invariant in invariants {
        let mut names = invariant.split('`').skip(1).step_by(2);
        let held = names.any(|name| {
            let function = name.rsplit("::").next().unwrap_or(name);
            sources.contains(&format!("fn {function}(")) || name.starts_with("#![")
        });
        assert!(held, "no test or attribute is named by: {invariant}");
    }
}

#[test]
fn each_folder_of_the_map_exists() {
    let text = workspace::read("ARCHITECTURE.md");
    let files = workspace::files();
    let body = section(&text, "## Map");
    let paths: Vec<&str> = body
        .iter()
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.contains('/') || word.contains('.'))
        .collect();
    assert!(paths.len() >= 10, "the map was not found");
    for path in paths {
        let found = files
            .iter()
            .any(|file| file == path || file.starts_with(path));
        assert!(found, "the map names `{path}`");
    }
}

#[test]
fn it_is_at_most_three_pages() {
    let lines = workspace::read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 180, "{lines} lines");
}
