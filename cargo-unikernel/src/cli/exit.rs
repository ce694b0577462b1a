//! Every way to end, and its status.

use std::process::{ExitCode, Termination};

use crate::error::Kind;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done: 0.
    Done,
    /// The user's problem: 1.
    Input,
    /// Words that mean nothing: 2.
    Usage,
    /// A tool is missing: 3.
    MissingTool,
    /// Our bug: 101.
    Internal,
    /// A run in which no guest ended: 125.
    NoGuest,
    /// A run's own status.
    Guest(u8),
}

impl Exit {
    /// The status.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Input => 1,
            Self::Usage => 2,
            Self::MissingTool => 3,
            Self::Internal => 101,
            Self::NoGuest => 125,
            Self::Guest(status) => status,
        }
    }

    /// The end of a command that makes or tells something.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Input => Self::Input,
            Kind::MissingTool => Self::MissingTool,
            Kind::Internal => Self::Internal,
        }
    }

    /// The end of a command whose statuses are the guest's: the user's problem is then 125.
    #[must_use]
    pub const fn of_run(kind: Kind) -> Self {
        match kind {
            Kind::Input => Self::NoGuest,
            Kind::MissingTool => Self::MissingTool,
            Kind::Internal => Self::Internal,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.status())
    }
}
