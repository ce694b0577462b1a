//! The vDSO (vdso(7)): a shared object that the kernel maps into every program, so that clocks are read without a system call.
//!
//! It is one page of code, written out in `vdso.s`, and behind one page of [`Data`], which never changes while a program runs.
//! The time-stamp counter gives the time; what the functions don't know they leave to the system call. It is an ordinary ELF
//! file: C libraries, Go's runtime and debuggers find it by `AT_SYSINFO_EHDR` and look its symbols up themselves.
//!
//! Without the feature `image` the crate is empty: a carrier of sources for the build of the kernel.
#![cfg(any(feature = "image", test))]
#![no_std]

use core::arch::global_asm;

global_asm!(include_str!("vdso.s"));

/// The length of the data, and of the code behind it: a page each.
pub const PAGE: usize = 4096;

unsafe extern "C" {
    safe static unikernel_vdso: [u8; PAGE];
}

/// The file: to be mapped readable and executable, right behind a readable page that starts with [`Data`].
#[must_use]
pub fn image() -> &'static [u8; PAGE] {
    &unikernel_vdso
}

/// What the code knows about the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data {
    /// Nanoseconds for a tick of the time-stamp counter, times 2^32.
    pub scale: u64,
    /// The counter when the monotonic clock showed 0.
    pub start_ticks: u64,
    /// What the wall clock showed then, in nanoseconds since 1970.
    pub start_unix: u64,
}

impl Data {
    /// Its length in bytes.
    pub const LEN: usize = 24;

    /// As the code reads it.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let words = [self.scale, self.start_ticks, self.start_unix].map(u64::to_le_bytes);
        bytes.copy_from_slice(words.as_flattened());
        bytes
    }
}

#[cfg(test)]
mod tests;
