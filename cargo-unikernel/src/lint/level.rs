//! Who decides what a finding means: the rule's default, the manifest's level, a waiver with a reason.

use std::collections::BTreeMap;
use std::fmt;

use super::Finding;
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
    /// Which of its findings; empty: all. Else `SYMBOL`, `SYMBOL@LIBRARY`, a chain of calls `main>fork` of which, while no
    /// call graph backs findings, only the end counts (and in the program only), or part of the place or message.
    pub at: String,
    /// Why it is fine.
    pub reason: String,
}

impl Waiver {
    /// Whether it is about this finding.
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        let symbol = finding.symbol.as_deref().unwrap_or_default();
        let library = finding.library.as_deref();
        let named = match (self.at.split_once('@'), self.at.rsplit_once('>')) {
            (Some((name, file)), _) => name == symbol && library == Some(file),
            (None, Some((_, end))) => end == symbol && library.is_none(),
            (None, None) => false,
        };
        let told = finding.place.contains(&self.at) || finding.message.contains(&self.at);
        self.rule == finding.rule && (named || told)
    }
}

/// What the user decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    /// By rule.
    pub overrides: BTreeMap<String, Level>,
    /// Judged findings.
    pub waivers: Vec<Waiver>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Subject, findings};
    use crate::test_support::{closure_of_c, library, support};

    fn check(at: &str, expected: [bool; 2]) {
        let source = "#include <unistd.h>\nint main(void) { return fork(); }";
        let mut closure = closure_of_c(source, &[]);
        let facts = closure.program.facts.clone();
        closure.libraries.push(library("libx.so", facts, &["app"]));
        let support = support("nanos");
        let subject = Subject::new(&closure, &support, "nanos");
        let (found, _) = findings(&subject, &Levels::default());
        let waiver = Waiver {
            rule: "UK001".to_owned(),
            at: at.to_owned(),
            reason: String::new(),
        };
        let covered: Vec<bool> = found.iter().map(|f| waiver.covers(f)).collect();
        assert_eq!(covered, expected, "{at}");
    }

    #[test]
    fn waiver_covers_what_it_names() {
        check("", [true, true]);
        check("fork", [true, true]);
        check("main>fork", [true, false]);
        check("fork@libx.so", [false, true]);
        check("fork@liby.so", [false, false]);
        check("vfork", [false, false]);
        check("libx.so", [false, true]);
    }

    #[test]
    fn strict_lifts_by_one() {
        let lifted = Level::ALL.map(Level::lifted);
        assert_eq!(
            lifted,
            [Level::Allow, Level::Warn, Level::Deny, Level::Deny]
        );
        assert_eq!(Level::from_weight("warning"), Some(Level::Warn));
        assert_eq!(Level::from_weight("deny"), None);
    }
}
