//! The support statement: which system calls a kernel supports, as text.
//!
//! A kernel's table of system calls becomes this text in section [`SECTION`] of the kernel file. The lint and the
//! documentation read it from there, so they cannot differ from the kernel that is packed. First line [`HEADER`]; then a line a
//! system call, sorted by number: `NUMBER NAME LEVEL`, and behind it for `partial` and `stub` a note of what is missing.

/// The kernel file's section that holds the statement.
pub const SECTION: &str = ".unikernel.syscalls";

/// The statement's first line.
pub const HEADER: &str = "unikernel-support 1 x86_64-linux";

/// How far a system call is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As its man page says.
    Full,
    /// But for what the note says.
    Partial,
    /// Answers without the effect, as the note says.
    Stub,
    /// Never: an error by design.
    Refused,
}

impl Level {
    /// The level's word in the statement.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Stub => "stub",
            Self::Refused => "refused",
        }
    }

    /// The level with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Full, Self::Partial, Self::Stub, Self::Refused]
            .into_iter()
            .find(|level| level.word() == word)
    }
}

/// One line of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The system call's number (x86-64).
    pub number: u32,
    /// Its name.
    pub name: &'a str,
    /// How far it is supported.
    pub level: Level,
    /// What is missing; empty for `full`.
    pub note: &'a str,
}

/// The statement's entries, or the first line that is none (counted from 1).
///
/// # Errors
/// The number of the line that is not as the module says.
pub fn parse(text: &str) -> Result<impl Iterator<Item = Entry<'_>>, usize> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(1);
    }
    for (index, line) in lines.clone().enumerate() {
        parse_line(line).ok_or(index + 2)?;
    }
    Ok(lines.filter_map(parse_line))
}

fn parse_line(line: &str) -> Option<Entry<'_>> {
    let mut words = line.splitn(4, ' ');
    Some(Entry {
        number: words.next()?.parse().ok()?,
        name: words.next().filter(|name| !name.is_empty())?,
        level: Level::from_word(words.next()?)?,
        note: words.next().unwrap_or(""),
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    #[test]
    fn entries_in_order() {
        let text = "unikernel-support 1 x86_64-linux\n0 read full\n28 madvise partial only MADV_DONTNEED\n";
        let entries: Vec<_> = parse(text).map(Iterator::collect).unwrap();
        assert_eq!(
            entries,
            [
                Entry {
                    number: 0,
                    name: "read",
                    level: Level::Full,
                    note: ""
                },
                Entry {
                    number: 28,
                    name: "madvise",
                    level: Level::Partial,
                    note: "only MADV_DONTNEED"
                },
            ]
        );
    }

    #[test]
    fn the_broken_line_is_named() {
        assert_eq!(parse("").err(), Some(1));
        let text = "unikernel-support 1 x86_64-linux\n0 read full\n1 write mostly\n";
        assert_eq!(parse(text).err(), Some(3));
    }
}
