//! Signals that were sent and not yet acted upon.

use alloc::vec::Vec;

use super::info::Info;
use super::{Signal, SignalSet};
use crate::errno::Errno;

/// Most of them that wait at a time (`RLIMIT_SIGPENDING`): a program that sends without end shall not fill the memory.
pub(crate) const MAX_PENDING: usize = 1024;

/// Signals that wait, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    set: SignalSet,
    queue: Vec<(Signal, Info)>,
}

impl Pending {
    /// Which ones wait.
    pub(crate) fn set(&self) -> SignalSet {
        self.set
    }

    /// Adds one. Of a standard signal only the first is kept; `EAGAIN` when too many real-time ones wait.
    pub(crate) fn add(&mut self, signal: Signal, info: Info) -> Result<(), Errno> {
        if self.set.has(signal) && !signal.queues() {
            return Ok(());
        }
        if signal.queues() && self.queue.len() >= MAX_PENDING {
            return Err(Errno::EAGAIN);
        }
        self.set.add(signal);
        self.queue.push((signal, info));
        Ok(())
    }

    /// Takes the first one of a signal.
    pub(crate) fn take(&mut self, signal: Signal) -> Option<Info> {
        let index = self.queue.iter().position(|(one, _)| *one == signal)?;
        let (_, info) = self.queue.remove(index);
        if !self.queue.iter().any(|(one, _)| *one == signal) {
            self.set.remove(signal);
        }
        Some(info)
    }

    /// Forgets all of a signal.
    pub(crate) fn forget(&mut self, signal: Signal) {
        self.queue.retain(|(one, _)| *one != signal);
        self.set.remove(signal);
    }
}
