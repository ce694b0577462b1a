//! The program's table of descriptors.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::open::OpenFile;
use crate::errno::Errno;
use crate::memory::budget;

/// How many descriptors a program may have (`RLIMIT_NOFILE`), unless it changes that.
pub(crate) const DEFAULT_LIMIT: usize = 1024;

/// How far it may raise that: Linux's default hard limit for a service.
pub(crate) const HARD_LIMIT: usize = 4096;

/// One descriptor.
#[derive(Clone)]
pub(crate) struct Descriptor {
    /// What is open.
    pub(crate) file: Rc<OpenFile>,
    /// What `execve` would do with it.
    pub(crate) on_exec: OnExec,
}

/// What happens to a descriptor when another program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExec {
    /// It stays open.
    Keep,
    /// It is closed (`FD_CLOEXEC`).
    Close,
}

impl OnExec {
    /// [`Close`](Self::Close) when any of these flags is set.
    pub(crate) fn from_flag(flags: u32) -> Self {
        if flags == 0 { Self::Keep } else { Self::Close }
    }
}

/// Descriptors by number.
pub(crate) struct Descriptors {
    slots: Vec<Option<Descriptor>>,
    /// The soft limit.
    pub(crate) limit: usize,
    /// The hard limit.
    pub(crate) hard_limit: usize,
}

impl Descriptors {
    /// These from 0 on, with the limits that a program starts with.
    pub(crate) fn new(files: [Rc<OpenFile>; 3]) -> Self {
        let on_exec = OnExec::Keep;
        let slots = files.map(|file| Some(Descriptor { file, on_exec }));
        Self {
            slots: Vec::from(slots),
            limit: DEFAULT_LIMIT,
            hard_limit: HARD_LIMIT,
        }
    }

    /// What descriptor `number` is.
    pub(crate) fn get(&self, number: usize) -> Result<&Descriptor, Errno> {
        self.slots
            .get(number)
            .and_then(Option::as_ref)
            .ok_or(Errno::EBADF)
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, number: usize) -> Result<&mut Descriptor, Errno> {
        self.slots
            .get_mut(number)
            .and_then(Option::as_mut)
            .ok_or(Errno::EBADF)
    }

    /// The lowest free number that is at least `lowest`, or `EMFILE`.
    pub(crate) fn free(&self, lowest: usize) -> Result<usize, Errno> {
        let free =
            (lowest..self.slots.len()).find(|number| matches!(self.slots.get(*number), Some(None)));
        let number = free.unwrap_or(self.slots.len().max(lowest));
        if number >= self.limit {
            return Err(Errno::EMFILE);
        }
        Ok(number)
    }

    /// Gives the lowest free number that is at least `lowest`.
    pub(crate) fn add(&mut self, descriptor: Descriptor, lowest: usize) -> Result<usize, Errno> {
        let number = self.free(lowest)?;
        self.set(number, descriptor)?;
        Ok(number)
    }

    /// Makes `number` this descriptor, in place of what it was, which is given back.
    pub(crate) fn set(
        &mut self,
        number: usize,
        descriptor: Descriptor,
    ) -> Result<Option<Descriptor>, Errno> {
        if number >= self.limit {
            return Err(Errno::EBADF);
        }
        if number >= self.slots.len() {
            budget::allow_kernel_memory()?;
            self.slots.resize(number.saturating_add(1), None);
        }
        let slot = self.slots.get_mut(number).ok_or(Errno::EBADF)?;
        Ok(slot.replace(descriptor))
    }

    /// Closes a descriptor, and gives it back.
    pub(crate) fn close(&mut self, number: usize) -> Result<Descriptor, Errno> {
        self.slots
            .get_mut(number)
            .and_then(Option::take)
            .ok_or(Errno::EBADF)
    }

    /// The lowest open number that is at least `first`.
    pub(crate) fn first_open(&self, first: usize) -> Option<usize> {
        (first..self.slots.len()).find(|number| self.get(*number).is_ok())
    }

    /// How many numbers there is room for at the moment.
    pub(crate) fn room(&self) -> usize {
        self.slots.len()
    }

    /// The numbers that are open, from `first` to `last`.
    pub(crate) fn open_between(&self, first: usize, last: usize) -> Vec<usize> {
        let end = last.saturating_add(1).min(self.slots.len());
        (first..end)
            .filter(|number| self.get(*number).is_ok())
            .collect()
    }
}
