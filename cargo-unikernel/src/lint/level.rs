//! Who decides what a finding means: the rule's default, the manifest's level, a waiver with a reason.

use std::collections::BTreeMap;
use std::fmt;

use crate::progress::Weight;

/// What becomes of a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// They are not even told.
    Allow,
    /// They are told.
    Note,
    /// They are told as a warning.
    Warn,
    /// There is no image.
    Deny,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Note, Self::Warn, Self::Deny];

    /// The level's word in manifest and command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }

    /// The level with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// The lowest level of findings that are shown with this word: `error`, `warning`, `note`.
    #[must_use]
    pub fn from_weight(word: &str) -> Option<Self> {
        let shown = |level: &Self| level.weight().is_some_and(|weight| weight.word() == word);
        Self::ALL.into_iter().find(shown)
    }

    /// The next higher one; the highest stays. What is not told stays so too.
    #[must_use]
    pub const fn lifted(self) -> Self {
        match self {
            Self::Allow => Self::Allow,
            Self::Note => Self::Warn,
            Self::Warn | Self::Deny => Self::Deny,
        }
    }

    /// How a finding of this level is shown; `None`: not at all.
    #[must_use]
    pub const fn weight(self) -> Option<Weight> {
        match self {
            Self::Allow => None,
            Self::Note => Some(Weight::Note),
            Self::Warn => Some(Weight::Warning),
            Self::Deny => Some(Weight::Error),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A finding that the user has judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The rule.
    pub rule: String,
    /// Part of the finding's place or message; empty: all findings of the rule.
    pub at: String,
    /// Why it is fine.
    pub reason: String,
}

/// What the user decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    /// By rule.
    pub overrides: BTreeMap<String, Level>,
    /// Judged findings.
    pub waivers: Vec<Waiver>,
}
