//! Dependency files: the rules in the language of make that compiler and linker write about what they read.

use std::path::{Path, PathBuf};

/// The files behind the first colon of all rules, in order, those that are relative below `folder` (GCC manual, `-MD`; ld(1),
/// `--dependency-file`).
#[must_use]
pub(super) fn inputs(text: &str, folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    for rule in text.lines() {
        let mut words = words(rule).into_iter();
        // A rule without a file behind its colon is there only so that make does not miss a header that is gone.
        if !words.by_ref().any(|word| word.ends_with(':')) {
            continue;
        }
        for word in words {
            let file = folder.join(word);
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

/// Words with make's escapes undone: `\ ` is a space, `\#` a hash, `$$` a dollar.
fn words(rule: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = rule.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some(next @ (' ' | '#'))) | ('$', Some(next @ '$')) => {
                word.push(*next);
                letters.next();
            }
            (' ' | '\t', _) => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (letter, _) => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(inputs(text, Path::new("/src")), expected, "{text}");
    }

    #[test]
    fn rules_of_compilers_and_linkers() {
        check(
            "a.o: /x/a.c /usr/include/stdio.h\n",
            &["/x/a.c", "/usr/include/stdio.h"],
        );
        check(
            "a.o: a.c \\\n inc/a.h \\\n  b.h\n",
            &["/src/a.c", "/src/inc/a.h", "/src/b.h"],
        );
        check(
            "a.o: my\\ file.c a\\#b.h c$$d.h",
            &["/src/my file.c", "/src/a#b.h", "/src/c$d.h"],
        );
        check(
            "out: \\\n  a.o \\\n  b.o\n\na.o:\n\nb.o:\n",
            &["/src/a.o", "/src/b.o"],
        );
        check("", &[]);
    }
}
