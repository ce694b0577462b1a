//! What a stage may tell the outside while it works; it never prints itself.

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Note,
    /// Likely wrong, but not in the way.
    Warning,
    /// In the way.
    Error,
}

impl Weight {
    /// The word before a diagnostic.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A diagnostic in rustc's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it weighs.
    pub weight: Weight,
    /// The rule it comes from (`UK010`).
    pub rule: Option<&'static str>,
    /// One sentence: lower case start, no full stop.
    pub message: String,
    /// Where: a file, with what is needed to find the place in it.
    pub place: Option<String>,
    /// Facts that explain it, one a line.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The diagnostic as text without colour; it does not end its last line.
    #[must_use]
    pub fn plain(&self) -> String {
        let rule = self
            .rule
            .map_or_else(String::new, |rule| format!("[{rule}]"));
        let mut text = format!("{}{rule}: {}", self.weight.word(), self.message);
        let place = self.place.iter().map(|place| format!("\n  --> {place}"));
        let notes = self.notes.iter().map(|note| format!("\n   = note: {note}"));
        let help = self.help.iter().map(|help| format!("\n   = help: {help}"));
        text.extend(place.chain(notes).chain(help));
        text
    }
}

/// The outside of a stage.
pub trait Progress {
    /// Work has begun: `("Linking", "hello")`. Verbs are cargo's: one word, -ing or past tense.
    fn started(&self, verb: &str, what: &str);
    /// Something was found in what the user gave.
    fn finding(&self, diagnostic: &Diagnostic);
    /// One line that the user should know, whatever the verbosity but `-q`.
    fn note(&self, text: &str);
    /// Lines for those who want to know more (`-v`).
    fn detail(&self, text: &str);
    /// Work has ended: `("Finished", "...")`.
    fn finished(&self, verb: &str, what: &str);
    /// Text of another tool, passed through as it is (it ends its own lines).
    fn pass_through(&self, text: &str);
    /// Whether what a native build writes is shown while it runs; else its last lines are kept for the error.
    fn shows_builds(&self) -> bool {
        false
    }
    /// A line of JSON for the program that asked for it (`--message-format json`).
    fn machine(&self, line: &str) {
        let _ = line;
    }
}

/// Tells another outside, and two listeners who keep what they hear.
#[derive(Clone, Copy)]
pub struct Overheard<'a> {
    /// Who is told.
    pub outside: &'a dyn Progress,
    /// Hears what is found.
    pub finding: &'a dyn Fn(&Diagnostic),
    /// Hears the lines of JSON.
    pub machine: &'a dyn Fn(&str),
}

impl Progress for Overheard<'_> {
    fn started(&self, verb: &str, what: &str) {
        self.outside.started(verb, what);
    }

    fn finding(&self, diagnostic: &Diagnostic) {
        (self.finding)(diagnostic);
        self.outside.finding(diagnostic);
    }

    fn note(&self, text: &str) {
        self.outside.note(text);
    }

    fn detail(&self, text: &str) {
        self.outside.detail(text);
    }

    fn finished(&self, verb: &str, what: &str) {
        self.outside.finished(verb, what);
    }

    fn pass_through(&self, text: &str) {
        self.outside.pass_through(text);
    }

    fn shows_builds(&self) -> bool {
        self.outside.shows_builds()
    }

    fn machine(&self, line: &str) {
        (self.machine)(line);
        self.outside.machine(line);
    }
}

/// Tells nobody; for tests and for callers that look at the result only.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _verb: &str, _what: &str) {}
    fn finding(&self, _diagnostic: &Diagnostic) {}
    fn note(&self, _text: &str) {}
    fn detail(&self, _text: &str) {}
    fn finished(&self, _verb: &str, _what: &str) {}
    fn pass_through(&self, _text: &str) {}
}
