//! `.capstanignore`: which of a package's own files stay out of the image.

/// What Capstan itself leaves out, and what we write.
const ALWAYS: [&str; 7] = [
    "meta",
    "mpm-pkg",
    ".git",
    ".capstanignore",
    ".gitignore",
    "volumes",
    "target",
];

/// A pattern that reaches below the top of the package, with the number of its line.
pub(super) type Deep = (usize, String);

/// What lies at the top of a package, without what the patterns name; and the patterns that reach deeper.
pub(super) fn kept(names: Vec<String>, patterns: &str) -> (Vec<String>, Vec<Deep>) {
    let mut kept: Vec<String> = names
        .into_iter()
        .filter(|name| !ALWAYS.contains(&name.as_str()))
        .collect();
    let mut deep = Vec::new();
    for (index, line) in patterns.lines().enumerate() {
        let pattern = line.trim();
        if pattern.is_empty() || pattern.starts_with('#') {
            continue;
        }
        // `/**/x` also names what lies at the top.
        let top = pattern.strip_prefix("/**/").or(pattern.strip_prefix('/'));
        if let Some(top) = top.filter(|top| !top.contains('/')) {
            kept.retain(|name| !matches(top, name));
        }
        if pattern.starts_with("/**/") || top.is_none_or(|top| top.contains('/')) {
            deep.push((index + 1, pattern.to_owned()));
        }
    }
    (kept, deep)
}

/// Whether a name fits a pattern, in which `*` stands for any letters.
fn matches(pattern: &str, name: &str) -> bool {
    crate::closure::matches(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_leave_out_what_lies_at_the_top() {
        let check = |patterns: &str, expected: &[&str], deep: &[&str]| {
            let names = ["a.txt", "b.so", "meta", "notes", "src"].map(str::to_owned);
            let (kept, found) = kept(names.to_vec(), patterns);
            assert_eq!(kept, expected, "{patterns}");
            let found: Vec<&str> = found.iter().map(|(_, pattern)| pattern.as_str()).collect();
            assert_eq!(found, deep, "{patterns}");
        };
        check("", &["a.txt", "b.so", "notes", "src"], &[]);
        check("# all\n/*.txt\n\n/src", &["b.so", "notes"], &[]);
        check("/src/*", &["a.txt", "b.so", "notes", "src"], &["/src/*"]);
        check("/**/*.txt", &["b.so", "notes", "src"], &["/**/*.txt"]);
        check("notes", &["a.txt", "b.so", "notes", "src"], &["notes"]);
    }
}
