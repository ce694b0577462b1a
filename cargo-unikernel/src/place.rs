//! A place in a text file, shown as rustc shows one.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A part of a file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// All of it.
    pub text: Arc<str>,
    /// The part, in bytes.
    pub span: Range<usize>,
}

impl fmt::Display for Place {
    /// The line, with file, line and column above it and marks below; without an end of its last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &*self.text;
        let before = text.get(..self.span.start).unwrap_or(text);
        let line_number = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        let line = text.get(line_start..).unwrap_or_default();
        let line = line.lines().next().unwrap_or_default();
        let marked = text.get(self.span.clone()).unwrap_or_default();
        let marked = marked.lines().next().unwrap_or_default();
        let n_marks = marked.chars().count().max(1);
        let number = line_number.to_string();
        let margin = " ".repeat(number.len());
        let marks = format!("{}{}", " ".repeat(column), "^".repeat(n_marks));
        let path = self.path.display();
        writeln!(f, "{margin}--> {path}:{line_number}:{}", column + 1)?;
        write!(f, "{margin} |\n{number} | {line}\n{margin} | {marks}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, span: Range<usize>, expected: &str) {
        let place = Place {
            path: "a.toml".into(),
            text: text.into(),
            span,
        };
        assert_eq!(place.to_string(), expected);
    }

    #[test]
    fn line_is_shown_with_its_marks() {
        check(
            "a = 1\nb = 2\n",
            10..11,
            " --> a.toml:2:5\n  |\n2 | b = 2\n  |     ^",
        );
        check(
            "ä = \"ö\"\n",
            5..9,
            " --> a.toml:1:5\n  |\n1 | ä = \"ö\"\n  |     ^^^",
        );
    }

    #[test]
    fn place_beyond_the_text_is_its_end() {
        check("a", 7..9, " --> a.toml:1:2\n  |\n1 | a\n  |  ^");
        check("", 0..0, " --> a.toml:1:1\n  |\n1 | \n  | ^");
    }
}
