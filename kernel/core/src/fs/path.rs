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
    at: usize,
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
        self.path.bytes.get(self.start..self.path.at).unwrap_or(&[])
    }
}

/// What comes next on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// A name without slashes.
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
        Ok(Self { bytes, at: 0 })
    }

    /// Whether what remains starts at the root.
    pub(crate) fn is_absolute(&self) -> bool {
        self.rest().first() == Some(&b'/')
    }

    /// Takes the next name.
    pub(crate) fn step(&mut self) -> Result<Option<Step<'_>>, Errno> {
        let start = self.at.saturating_add(slashes(self.rest()));
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        let len = rest
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or(rest.len());
        if len == 0 {
            self.at = self.bytes.len();
            return Ok(None);
        }
        if len > MAX_NAME {
            return Err(Errno::ENAMETOOLONG);
        }
        let end = start.saturating_add(len);
        let behind = self.bytes.get(end..).unwrap_or(&[]);
        let then = match (behind.len(), slashes(behind)) {
            (0, _) => Then::End,
            (all, slashes) if all == slashes => Then::SlashEnd,
            _ => Then::More,
        };
        self.at = end;
        Ok(Some(Step {
            name: self.bytes.get(start..end).unwrap_or(&[]),
            then,
        }))
    }

    /// The path as the name of this length that was taken last.
    pub(super) fn into_last(self, len: usize) -> LastPart {
        let start = self.at.saturating_sub(len);
        LastPart { path: self, start }
    }

    /// Puts a symbolic link's target before what remains. Both together may be longer than [`MAX_PATH`], but not without end.
    pub(crate) fn insert(&mut self, target: &[u8]) -> Result<(), Errno> {
        let len = target.len().saturating_add(self.rest().len());
        if len > MAX_INSERTED {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(target);
        bytes.extend_from_slice(self.rest());
        *self = Self { bytes, at: 0 };
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }
}

/// How many slashes stand at the start.
fn slashes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == b'/').count()
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn check(path: &str, expected: &str) {
        let mut remaining = Remaining::new(path.into()).unwrap();
        let mut found = String::from(if remaining.is_absolute() { "/" } else { "" });
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
        check("/a//b", "/a b.");
        check("a/b/", "a b/");
        check("../.", ".. ..");
    }

    #[test]
    fn link_target_comes_before_the_rest() {
        let mut remaining = Remaining::new(b"link/x".to_vec()).unwrap();
        assert_eq!(remaining.step().unwrap().unwrap().then, Then::More);
        remaining.insert(b"/to").unwrap();
        assert!(remaining.is_absolute());
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
