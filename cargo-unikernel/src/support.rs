//! What a kernel supports: its statement, parsed, with look-ups.

use std::collections::BTreeMap;

pub use unikernel_abi::support::Level;

use crate::error::{Error, Result};

/// How a kernel supports one system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number (x86-64).
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How far it is supported.
    pub level: Level,
    /// What is missing; empty for `full`.
    pub note: String,
}

/// A kernel's support statement. A call that is not in it is not supported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Support {
    calls: BTreeMap<u32, Call>,
}

impl Support {
    /// Reads a statement ([`unikernel_abi::support`]).
    ///
    /// # Errors
    /// The line that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let broken = |line| Error::input(format!("broken support statement: line {line}"));
        let entries = unikernel_abi::support::parse(text).map_err(broken)?;
        let calls = entries.map(|entry| Call {
            number: entry.number,
            name: entry.name.to_owned(),
            level: entry.level,
            note: entry.note.to_owned(),
        });
        Ok(Self {
            calls: calls.map(|call| (call.number, call)).collect(),
        })
    }

    /// The call with this number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<&Call> {
        self.calls.get(&number)
    }

    /// The call with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Call> {
        self.calls.values().find(|call| call.name == name)
    }

    /// All calls, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looked_up_by_number_and_name() {
        let text = "unikernel-support 1 x86_64-linux\n0 read full\n57 fork refused\n92 chown stub there is one user\n";
        let support = Support::parse(text).unwrap();
        assert_eq!(support.by_number(57).unwrap().level, Level::Refused);
        assert_eq!(support.by_name("chown").unwrap().note, "there is one user");
        assert_eq!(support.by_name("clone"), None);
        assert_eq!(support.iter().count(), 3);
        let error = Support::parse("nonsense").unwrap_err();
        assert_eq!(error.to_string(), "broken support statement: line 1");
    }
}
