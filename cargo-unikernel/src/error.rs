//! The tool's one error: what was being done, on what, why it failed, what to do.
//!
//! Words: lower case start, no full stop at the end, names in backticks. A library function never decides that an error is
//! fatal; the exit status is chosen once, by the command line, from [`Kind`].

use std::fmt;
use std::path::PathBuf;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The user: a bad manifest, program, file, flag combination; a failed build. Exit status 1.
    Input,
    /// The user, by installing something. Exit status 3.
    MissingTool,
    /// Us: an invariant did not hold. Exit status 101.
    Internal,
}

/// Why something did not work, from the outermost intention to the innermost cause.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    /// Outermost first.
    messages: Vec<String>,
    hint: Option<String>,
    snippet: Option<String>,
    inputs: Vec<PathBuf>,
}

impl Error {
    /// An error that the user can mend.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message.into())
    }

    /// A program that is needed and is not there.
    pub fn missing_tool(message: impl Into<String>) -> Self {
        Self::new(Kind::MissingTool, message.into())
    }

    /// A broken invariant of our own.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message.into())
    }

    fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            messages: vec![message],
            hint: None,
            snippet: None,
            inputs: Vec::new(),
        }
    }

    /// The same error, seen from further out: `message` says what was being done.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        self.messages.insert(0, message.into());
        self
    }

    /// Adds what the user can do, as an instruction.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the lines of a file with the place marked, ready to print.
    #[must_use]
    pub fn snippet(mut self, snippet: impl Into<String>) -> Self {
        self.snippet = Some(snippet.into());
        self
    }

    /// Adds files that were read before it went wrong: a change of one is worth another try.
    #[must_use]
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = PathBuf>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// Who has to act.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the user can do.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The lines of a file with the place marked.
    #[must_use]
    pub fn snippet_text(&self) -> Option<&str> {
        self.snippet.as_deref()
    }

    /// Files whose change is worth another try, as far as they are known.
    #[must_use]
    pub fn input_files(&self) -> &[PathBuf] {
        &self.inputs
    }

    /// What was being done, outermost first; the last one is the cause.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().map(String::as_str)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages.join(": "))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outermost_message_comes_first() {
        let error = Error::input("no such file").context("reading `a.toml`");
        assert_eq!(error.to_string(), "reading `a.toml`: no such file");
        assert_eq!(error.kind(), Kind::Input);
    }
}
