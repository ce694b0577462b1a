//! Seals: what may no longer be done to a file (memfd_create(2), "File sealing" in fcntl(2)).

use linux_raw_sys::general as linux;

use super::contents::Contents;
use crate::errno::Errno;

/// All seals that there are.
const ALL: u32 = linux::F_SEAL_SEAL
    | linux::F_SEAL_SHRINK
    | linux::F_SEAL_GROW
    | linux::F_SEAL_WRITE
    | linux::F_SEAL_FUTURE_WRITE;

/// The seals against writing.
const WRITE: u32 = linux::F_SEAL_WRITE | linux::F_SEAL_FUTURE_WRITE;

impl Contents {
    /// The same, without seals and open to them.
    pub(crate) fn sealable(mut self) -> Self {
        self.seals = 0;
        self
    }

    /// The seals on it.
    pub(crate) fn seals(&self) -> u32 {
        self.seals
    }

    /// Puts more seals on it: `EPERM` when it is sealed against that.
    pub(crate) fn seal(&mut self, seals: u32) -> Result<(), Errno> {
        if seals & !ALL != 0 {
            return Err(Errno::EINVAL);
        }
        if self.has(linux::F_SEAL_SEAL) {
            return Err(Errno::EPERM);
        }
        self.seals |= seals;
        Ok(())
    }

    /// Whether no seal stands against writing.
    pub(crate) fn may_be_written(&self) -> bool {
        !self.has(WRITE)
    }

    /// Whether seals allow to write `len` bytes at `offset`.
    pub(super) fn check_write(&self, offset: u64, len: u64) -> Result<(), Errno> {
        if !self.may_be_written() {
            return Err(Errno::EPERM);
        }
        if offset.saturating_add(len) > self.size() {
            self.check_grow()?;
        }
        Ok(())
    }

    /// Whether seals allow this size.
    pub(super) fn check_size(&self, size: u64) -> Result<(), Errno> {
        if size < self.size() && self.has(linux::F_SEAL_SHRINK) {
            return Err(Errno::EPERM);
        }
        if size > self.size() {
            self.check_grow()?;
        }
        Ok(())
    }

    /// Whether seals allow it to grow.
    pub(super) fn check_grow(&self) -> Result<(), Errno> {
        if self.has(linux::F_SEAL_GROW) {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    fn has(&self, seal: u32) -> bool {
        self.seals & seal != 0
    }
}
