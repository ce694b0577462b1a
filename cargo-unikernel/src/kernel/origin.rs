//! Where a kernel's files come from.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// Where a kernel's files come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody said: the one that comes with the tool, or the one of the store that is chosen by kind.
    #[default]
    Usual,
    /// The store, where it has this name.
    Stored(String),
    /// A file, or a folder with files.
    File(PathBuf),
}

impl Origin {
    /// What `KIND/NAME` and a file that are given side by side say; `None` when that is nothing.
    ///
    /// # Errors
    /// When they name two kernels.
    pub fn named(word: Option<&str>, file: Option<PathBuf>) -> Result<Option<Self>> {
        match (word.and_then(|word| split(word).1), file) {
            (Some(name), Some(file)) => Err(Error::input(format!(
                "two kernels are named: `{name}` of the store, and the file `{}`",
                file.display()
            ))
            .hint("leave one out")),
            (Some(name), None) => Ok(Some(Self::Stored(name.to_owned()))),
            (None, file) => Ok(file.map(Self::File)),
        }
    }
}

/// The kind, and the name in the store where there is one, that `KIND` or `KIND/NAME` means.
#[must_use]
pub fn split(word: &str) -> (&str, Option<&str>) {
    match word.split_once('/') {
        Some((kind, name)) => (kind, Some(name)),
        None => (word, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_the_store_or_file_but_not_both() {
        let check = |word: Option<&str>, file: Option<&str>, expected: Option<Origin>| {
            assert_eq!(
                Origin::named(word, file.map(PathBuf::from)).unwrap(),
                expected
            );
        };
        check(None, None, None);
        check(Some("osv"), None, None);
        check(Some("osv/a"), None, Some(Origin::Stored("a".to_owned())));
        check(Some("osv"), Some("f"), Some(Origin::File("f".into())));
        let error = Origin::named(Some("osv/a"), Some("f".into())).unwrap_err();
        assert!(error.to_string().contains("two kernels"), "{error}");
    }
}
