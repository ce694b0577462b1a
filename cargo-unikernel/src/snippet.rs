//! A place in a text, as rustc shows it: file, line and column, the line itself, and marks under what is meant.

use std::ops::Range;
use std::path::Path;

/// The line with the place marked; `span` is in bytes, and only what it has on its first line is marked.
#[must_use]
pub fn snippet(path: &Path, text: &str, span: Range<usize>) -> String {
    let Position { line, column } = position(text, span.start);
    let margin = " ".repeat(line.to_string().len());
    let lines = lines(text, span);
    format!("{margin}--> {}:{line}:{column}\n{lines}", path.display())
}

/// `FILE:LINE:COLUMN` and the line with the place marked, for the place of a diagnostic.
#[must_use]
pub fn marked(path: &Path, text: &str, span: Range<usize>) -> String {
    let Position { line, column } = position(text, span.start);
    let lines = lines(text, span);
    format!("{}:{line}:{column}\n{lines}", path.display())
}

/// Line and column, both counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where a byte of a text stands.
#[must_use]
pub fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    Position {
        line: before.matches('\n').count() + 1,
        column: column + 1,
    }
}

fn lines(text: &str, span: Range<usize>) -> String {
    let Position { line, column } = position(text, span.start);
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let content = text.get(line_start..).unwrap_or_default();
    let content = content.lines().next().unwrap_or_default();
    let first = |text: &str| text.lines().next().unwrap_or_default().chars().count();
    let n_marks = first(text.get(span).unwrap_or_default()).max(1);
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let marks = format!("{}{}", " ".repeat(column - 1), "^".repeat(n_marks));
    format!("{margin} |\n{number} | {content}\n{margin} | {marks}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_marked_as_rustc_does() {
        let text = "name: x\nbüild:  make\n";
        let at = text.find("make").unwrap();
        assert_eq!(
            snippet(Path::new("F"), text, at..at + 4),
            " --> F:2:9\n  |\n2 | büild:  make\n  |         ^^^^"
        );
        assert_eq!(
            marked(Path::new("F"), text, 0..13),
            "F:1:1\n  |\n1 | name: x\n  | ^^^^^^^"
        );
    }

    #[test]
    fn end_of_the_text_is_a_place_too() {
        let check = |text: &str, at, line, column| {
            assert_eq!(position(text, at), Position { line, column }, "{text:?}");
        };
        check("a\n", 2, 2, 1);
        check("", 0, 1, 1);
        check("ab", 99, 1, 3);
    }
}
