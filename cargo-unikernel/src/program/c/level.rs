//! Levels of optimisation, as cargo has them.

/// How far the compiler goes (the Cargo Book, "Profiles", `opt-level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Not at all.
    None,
    /// A little.
    Basic,
    /// As releases commonly are.
    Usual,
    /// All of it.
    All,
    /// For size.
    Small,
    /// For size alone: `-Oz` where the compiler knows it, else as [`Level::Small`].
    Smallest,
}

impl Level {
    /// All levels, by their words.
    const ALL: [(&'static str, Self); 6] = [
        ("0", Self::None),
        ("1", Self::Basic),
        ("2", Self::Usual),
        ("3", Self::All),
        ("s", Self::Small),
        ("z", Self::Smallest),
    ];

    /// What cargo calls it, and compilers behind `-O`.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, level)| *level == self);
        found.map_or("0", |(word, _)| word)
    }

    /// The level with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == word);
        found.map(|(_, level)| *level)
    }
}
