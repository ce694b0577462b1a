//! Paths as a program gives them.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::errno::Errno;

/// The longest path with its final NUL (`PATH_MAX`).
pub(crate) const MAX_PATH: usize = 4096;

/// The longest path that links may make of one.
const MAX_INSERTED: usize = 8 * MAX_PATH;

/// The longest name (`NAME_MAX`).
pub(crate) const MAX_NAME: usize = 255;

/// The part of a path that is still to be walked.
#[derive(Debug, Clone)]
pub(crate) struct Remaining {
    bytes: Vec<u8>,
    /// Where the name that was taken last ends.
    end: usize,
    /// Where the next one starts.
    next: usize,
}

/// The last name of a path that was walked.
#[derive(Debug, Clone)]
pub(crate) struct LastPart {
    path: Remaining,
    start: usize,
}

impl LastPart {
    /// The name, to be kept.
    pub(crate) fn to_name(&self) -> Rc<[u8]> {
        Rc::from(self.bytes())
    }

    /// The name.
    pub(crate) fn bytes(&self) -> &[u8] {
        let path = &self.path;
        path.bytes.get(self.start..path.end).unwrap_or(&[])
    }
}

/// What comes next on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// A name without slashes; the first one of an absolute path is empty, and means the root.
    pub(crate) name: &'a [u8],
    /// What follows it.
    pub(crate) then: Then,
}

/// What follows a name on its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Another name.
    More,
    /// Nothing.
    End,
    /// Slashes only: the name must be a directory's (POSIX.1-2017, 4.13).
    SlashEnd,
}

impl Remaining {
    /// A path of less than [`MAX_PATH`] bytes, without NUL.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, Errno> {
        if bytes.len() >= MAX_PATH {
            return Err(Errno::ENAMETOOLONG);
        }
        if bytes.is_empty() {
            return Err(Errno::ENOENT);
        }
        Ok(Self::of(bytes))
    }

    fn of(bytes: Vec<u8>) -> Self {
        let (end, next) = (0, 0);
        Self { bytes, end, next }
    }

    /// Whether it starts at the root.
    pub(crate) fn is_absolute(&self) -> bool {
        self.bytes.starts_with(b"/")
    }

    /// Takes the next name.
    pub(crate) fn step(&mut self) -> Result<Option<Step<'_>>, Errno> {
        let rest = self.bytes.get(self.next..).unwrap_or(&[]);
        if rest.is_empty() {
            return Ok(None);
        }
        let is_slash = |byte: &u8| *byte == b'/';
        let len = rest.iter().position(is_slash).unwrap_or(rest.len());
        if len > MAX_NAME {
            return Err(Errno::ENAMETOOLONG);
        }
        let (name, behind) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        let slashes = behind.iter().take_while(|byte| is_slash(byte)).count();
        self.end = self.next.saturating_add(len);
        self.next = self.end.saturating_add(slashes);
        let then = match slashes {
            0 => Then::End,
            all if all == behind.len() => Then::SlashEnd,
            _ => Then::More,
        };
        Ok(Some(Step { name, then }))
    }

    /// The path as the name of this length that was taken last.
    pub(super) fn into_last(self, len: usize) -> LastPart {
        let start = self.end.saturating_sub(len);
        LastPart { path: self, start }
    }

    /// Puts a symbolic link's target in place of its name. Both together may be longer than [`MAX_PATH`], but not without end.
    pub(crate) fn insert(&mut self, target: &[u8]) -> Result<(), Errno> {
        let rest = self.bytes.get(self.end..).unwrap_or(&[]);
        if target.len().saturating_add(rest.len()) > MAX_INSERTED {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut bytes = Vec::from(target);
        bytes.extend_from_slice(rest);
        *self = Self::of(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn check(path: &str, expected: &str) {
        let mut remaining = Remaining::new(path.into()).unwrap();
        let mut found = String::new();
        while let Some(step) = remaining.step().unwrap() {
            found.push_str(core::str::from_utf8(step.name).unwrap());
            found.push(match step.then {
                Then::More => ' ',
                Then::End => '.',
                Then::SlashEnd => '/',
            });
        }
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn names_between_slashes() {
        check("a", "a.");
        check("/", "/");
        check("//", "/");
        check("/a//b", " a b.");
        check("a/b/", "a b/");
        check("../.", ".. ..");
    }

    #[test]
    fn link_target_comes_before_the_rest() {
        let mut remaining = Remaining::new(b"link/x".to_vec()).unwrap();
        assert_eq!(remaining.step().unwrap().unwrap().then, Then::More);
        remaining.insert(b"/to").unwrap();
        assert_eq!(remaining.step().unwrap().unwrap().name, b"");
        assert_eq!(remaining.step().unwrap().unwrap().name, b"to");
        assert_eq!(remaining.step().unwrap().unwrap().name, b"x");
    }

    #[test]
    fn limits() {
        assert_eq!(Remaining::new(Vec::new()).err(), Some(Errno::ENOENT));
        assert_eq!(
            Remaining::new(alloc::vec![b'a'; 4096]).err(),
            Some(Errno::ENAMETOOLONG)
        );
        let mut long = Remaining::new(alloc::vec![b'a'; 256]).unwrap();
        assert_eq!(long.step(), Err(Errno::ENAMETOOLONG));
    }
}
