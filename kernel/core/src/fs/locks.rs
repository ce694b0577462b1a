//! Locks on a file: record locks of the process and of open files (fcntl(2)), and whole-file locks of open files (flock(2)).
//!
//! With one process its own record locks stand in nobody's way; but those of open files do, and so do `flock`'s. The two kinds
//! don't know of each other.

use alloc::vec::Vec;

/// Who holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The process (`F_SETLK`).
    Process,
    /// An open file (`F_OFD_SETLK`, `flock`), by its address.
    File(usize),
}

/// What a lock allows to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    /// Locks like it.
    Shared,
    /// None.
    Exclusive,
}

/// A lock on a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// Who holds it.
    pub(crate) owner: Owner,
    /// What it allows to others.
    pub(crate) strength: Strength,
    /// The first byte.
    pub(crate) first: u64,
    /// The last byte; the largest offset stands for the end of the file, wherever it is.
    pub(crate) last: u64,
}

/// The locks on a file.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    records: Vec<Record>,
    whole: Vec<(usize, Strength)>,
}

impl Record {
    fn conflicts(&self, other: &Self) -> bool {
        self.owner != other.owner
            && self.first <= other.last
            && other.first <= self.last
            && (self.strength == Strength::Exclusive || other.strength == Strength::Exclusive)
    }
}

impl Locks {
    /// The first record lock that stands in this one's way.
    pub(crate) fn conflict(&self, wanted: &Record) -> Option<Record> {
        let conflicting = self.records.iter().filter(|held| held.conflicts(wanted));
        conflicting.min_by_key(|held| held.first).copied()
    }

    /// Frees a range of its owner's locks.
    pub(crate) fn free(&mut self, owner: Owner, first: u64, last: u64) {
        let mut left = Vec::with_capacity(self.records.len());
        for held in &self.records {
            if held.owner != owner || held.last < first || last < held.first {
                left.push(*held);
                continue;
            }
            if let Some(before) = first.checked_sub(1).filter(|before| held.first <= *before) {
                left.push(Record {
                    last: before,
                    ..*held
                });
            }
            if let Some(behind) = last.checked_add(1).filter(|behind| *behind <= held.last) {
                left.push(Record {
                    first: behind,
                    ..*held
                });
            }
        }
        self.records = left;
    }

    /// Grants a record lock that nothing stands in the way of; it replaces what its owner had there.
    pub(crate) fn grant(&mut self, wanted: Record) {
        self.free(wanted.owner, wanted.first, wanted.last);
        let mut joined = wanted;
        self.records.retain(|held| {
            let touches = held.owner == wanted.owner
                && held.strength == wanted.strength
                && (held.last.checked_add(1) == Some(joined.first)
                    || joined.last.checked_add(1) == Some(held.first));
            if touches {
                joined.first = joined.first.min(held.first);
                joined.last = joined.last.max(held.last);
            }
            !touches
        });
        self.records.push(joined);
    }

    /// Locks the whole file for an open file, in place of what it had; whether that was possible.
    pub(crate) fn lock_whole(&mut self, file: usize, wanted: Strength) -> bool {
        let stands_in_way = self.whole.iter().any(|(holder, held)| {
            *holder != file && (wanted == Strength::Exclusive || *held == Strength::Exclusive)
        });
        // Changing a lock is not atomic (flock(2)): the old one is gone even when the new one can't be had.
        self.free_whole(file);
        if !stands_in_way {
            self.whole.push((file, wanted));
        }
        !stands_in_way
    }

    /// Frees an open file's lock on the whole file.
    pub(crate) fn free_whole(&mut self, file: usize) {
        self.whole.retain(|(holder, _)| *holder != file);
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.whole.is_empty()
    }

    /// How many record locks there are.
    pub(crate) fn count(&self) -> usize {
        self.records.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Owner = Owner::File(1);
    const OTHER: Owner = Owner::File(2);

    fn record(owner: Owner, strength: Strength, first: u64, last: u64) -> Record {
        Record {
            owner,
            strength,
            first,
            last,
        }
    }

    #[test]
    fn shared_locks_stand_beside_each_other() {
        let mut locks = Locks::default();
        locks.grant(record(FILE, Strength::Shared, 0, 9));
        assert_eq!(locks.conflict(&record(OTHER, Strength::Shared, 5, 6)), None);
        let wanted = record(OTHER, Strength::Exclusive, 9, 20);
        assert_eq!(
            locks.conflict(&wanted),
            Some(record(FILE, Strength::Shared, 0, 9))
        );
        assert_eq!(
            locks.conflict(&record(FILE, Strength::Exclusive, 9, 20)),
            None
        );
    }

    #[test]
    fn freeing_the_middle_leaves_both_ends() {
        let mut locks = Locks::default();
        locks.grant(record(FILE, Strength::Exclusive, 0, u64::MAX));
        locks.free(FILE, 10, 19);
        let wanted = |first, last| record(OTHER, Strength::Shared, first, last);
        assert_eq!(locks.conflict(&wanted(10, 19)), None);
        assert!(locks.conflict(&wanted(9, 9)).is_some());
        assert!(locks.conflict(&wanted(20, 20)).is_some());
        assert_eq!(locks.count(), 2);
        locks.grant(record(FILE, Strength::Exclusive, 10, 19));
        assert_eq!(locks.count(), 1);
    }

    #[test]
    fn whole_file_is_locked_by_one_or_shared_by_many() {
        let mut locks = Locks::default();
        assert!(locks.lock_whole(1, Strength::Shared));
        assert!(locks.lock_whole(2, Strength::Shared));
        assert!(!locks.lock_whole(1, Strength::Exclusive));
        locks.free_whole(2);
        assert!(locks.lock_whole(1, Strength::Exclusive));
        assert!(!locks.lock_whole(2, Strength::Shared));
        locks.free_whole(1);
        assert!(locks.is_empty());
    }
}
