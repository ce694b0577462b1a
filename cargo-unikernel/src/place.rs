//! A place in a text file, shown as rustc shows one.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::snippet::snippet;

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
        f.write_str(&snippet(&self.path, &self.text, self.span.clone()))
    }
}

/// The text of a file that users write, which is to be called `name` in messages.
///
/// # Errors
/// When it is no UTF-8; with the place.
pub fn text(name: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        Error::input("it is not UTF-8")
            .context(format!("`{}` is not usable", name.display()))
            .snippet(snippet(name, &text, valid..valid))
    })
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
