//! How far a system call or a symbol is supported.

/// How far, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As its man page says.
    Full,
    /// But for what the note says.
    Partial,
    /// It reports success and does nothing.
    Ignored,
    /// It answers without the effect, as the note says; mostly with an error.
    Stub,
    /// It is not there: a system call gives `ENOSYS`, a symbol is undefined.
    Missing,
    /// It takes the whole guest down.
    Abort,
}

impl Level {
    /// All levels, from good to bad.
    pub const ALL: [Self; 6] = [
        Self::Full,
        Self::Partial,
        Self::Ignored,
        Self::Stub,
        Self::Missing,
        Self::Abort,
    ];

    /// The level's word in data and output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Ignored => "ignored",
            Self::Stub => "stub",
            Self::Missing => "missing",
            Self::Abort => "abort",
        }
    }
}

impl From<unikernel_abi::support::Level> for Level {
    fn from(level: unikernel_abi::support::Level) -> Self {
        use unikernel_abi::support::Level as Stated;
        match level {
            Stated::Full => Self::Full,
            Stated::Partial => Self::Partial,
            Stated::Stub => Self::Stub,
            Stated::Refused => Self::Missing,
        }
    }
}
