//! YAML as others write it: a tree in which everything knows its place.
//!
//! Scalars stay text: whoever reads a field knows whether it is a number. One document, no tags of one's own, no key twice; what
//! refers to an anchor is a copy of it. Text, nesting and number of nodes are bounded, whatever the file says.

mod tree;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use tree::{Node, Value};

use crate::error::{Error, Result};
use crate::fs;
use crate::place;
use crate::progress::{Diagnostic, Weight};
use crate::snippet;

/// Longest text, in bytes.
const MAX_LEN: u64 = 256 << 10;

/// A YAML file: its text, for showing places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it is called in messages.
    pub name: PathBuf,
    /// All of it, without a byte order mark.
    pub text: String,
}

impl File {
    /// Reads a file, to be called `name` in messages.
    ///
    /// # Errors
    /// When it can't be read, is longer than 256 KiB, or no UTF-8.
    pub fn read(path: &Path, name: &str) -> Result<Self> {
        let text = place::text(Path::new(name), fs::read_at_most(path, MAX_LEN)?)?;
        Ok(Self::of(name, &text))
    }

    /// This text, to be called `name` in messages.
    #[must_use]
    pub fn of(name: &str, text: &str) -> Self {
        Self {
            name: PathBuf::from(name),
            text: text.trim_start_matches('\u{feff}').to_owned(),
        }
    }

    /// Its tree; `None` when it holds nothing but comments.
    ///
    /// # Errors
    /// When it is no YAML, or has what is not read here; with the place.
    pub fn tree(&self) -> Result<Option<Node>> {
        tree::parse(self)
    }

    /// An error about a place in it.
    #[must_use]
    pub fn error(&self, span: &Range<usize>, message: impl Into<String>) -> Error {
        Error::input(message)
            .context(format!("`{}` is not usable", self.name.display()))
            .snippet(snippet::snippet(&self.name, &self.text, span.clone()))
    }

    /// A diagnostic about a place in it.
    #[must_use]
    pub fn diagnostic(
        &self,
        weight: Weight,
        span: &Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            weight,
            rule: None,
            message: message.into(),
            place: Some(snippet::marked(&self.name, &self.text, span.clone())),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Where a word of a scalar stands; the scalar's own place where it can't be told.
    #[must_use]
    pub fn word(&self, span: &Range<usize>, word: &str) -> Range<usize> {
        let scalar = self.text.get(span.clone()).unwrap_or_default();
        match scalar.find(word) {
            Some(at) if !word.is_empty() => span.start + at..span.start + at + word.len(),
            _ => span.clone(),
        }
    }

    /// The number of the line that a place is on.
    #[must_use]
    pub fn line(&self, span: &Range<usize>) -> usize {
        snippet::position(&self.text, span.start).line
    }
}

#[cfg(test)]
mod tests;
