//! Why a task did not do what it should, and the status that says so.

use std::fmt;

/// The result of a task.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a task failed.
#[derive(Debug)]
pub(crate) struct Error {
    status: u8,
    message: String,
}

impl Error {
    /// Something that must hold does not: status 1.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            status: 1,
            message: message.into(),
        }
    }

    /// The task was called wrongly: status 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            status: 2,
            message: message.into(),
        }
    }

    /// A program is missing, and it is not ours to install it here: status 3.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self {
            status: 3,
            message: message.into(),
        }
    }

    /// The process's exit status.
    pub(crate) fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
