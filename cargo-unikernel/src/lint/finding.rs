//! What a rule found, and on what evidence.

use super::{Level, Module};

/// What shows that a finding counts, from weak to strong. Without a call graph only [`Evidence::Imported`] and
/// [`Evidence::Unconditional`] are given.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Named, but no way leads there.
    Unreachable,
    /// Named in the file: an import, or a number beside a `syscall` instruction. No call graph backs it.
    Imported,
    /// Reached through pointers only.
    Indirect,
    /// Reached by direct calls; a branch avoids it.
    Guarded,
    /// Always so: a fact about the file, or a call that nothing avoids.
    Unconditional,
    /// Seen in a run.
    Seen,
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id (`UK010`).
    pub rule: &'static str,
    /// What becomes of it.
    pub level: Level,
    /// What shows it.
    pub evidence: Evidence,
    /// The symbol, library or system call that it is about.
    pub symbol: Option<String>,
    /// The library that it is found in; `None` for the program.
    pub library: Option<String>,
    /// Who needs that library, from the program on: `["app", "libssl.so.3"]`.
    pub needed_by: Vec<String>,
    /// One sentence: lower case start, no full stop.
    pub message: String,
    /// What the kernel answers to the symbol: `fails: -1`; empty where there is nothing to say.
    pub answer: String,
    /// The file it is about, with the place in it.
    pub place: String,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Finding {
    /// A fact about a file of the closure.
    pub(super) fn about(
        rule: &'static str,
        level: Level,
        module: &Module<'_>,
        message: String,
    ) -> Self {
        Self {
            rule,
            level,
            evidence: Evidence::Unconditional,
            symbol: None,
            library: (!module.is_program).then(|| module.name.to_owned()),
            needed_by: module.needed_by.to_vec(),
            message,
            answer: String::new(),
            place: module.path.display().to_string(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// The same, about this symbol or system call, which the file names.
    pub(super) fn named(mut self, symbol: &str, answer: String) -> Self {
        self.evidence = Evidence::Imported;
        self.symbol = Some(symbol.to_owned());
        self.answer = answer;
        self
    }

    /// The same with an instruction.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with a fact that explains it.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}
