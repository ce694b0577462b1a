//! The extended state of a thread: x87, SSE, AVX and AVX-512 registers as `XSAVE` and `FXSAVE` lay them out.
//!
//! The form is the standard one, not the compacted one (Intel SDM volume 1, section 13.4): it is what signal frames hold and what
//! C libraries and debuggers read.

use core::fmt;

/// Most bytes that the state takes: with all of AVX-512. No component beyond those is ever enabled.
pub const MAX_LEN: usize = 2688;

/// Length of the part that `FXSAVE` has alone: x87 and SSE.
pub const LEGACY_LEN: usize = 512;

/// Where the legacy part holds `MXCSR`, the mask of its bits that exist, and `xmm0` to `xmm15`.
const MXCSR: usize = 24;
const MXCSR_MASK: usize = 28;
pub(crate) const XMM: usize = 160;
pub(crate) const XMM_LEN: usize = 256;

/// Where the header behind the legacy part says which components are not in their initial state, and which form it is.
const PRESENT: usize = 512;
const FORM: usize = 520;
/// The end of what `XRSTOR` wants to be zero in the standard form; it ignores the rest of the header.
const ZERO_END: usize = 536;
/// The end of the header.
const HEADER_END: usize = 576;

/// The bit of SSE in the header.
const SSE: u64 = 1 << 1;

/// Registers after reset, as the psABI wants a process to find them.
const INITIAL_X87_CONTROL: u16 = 0x37f;
const INITIAL_MXCSR: u32 = 0x1f80;
/// What processors that leave the mask 0 have (Intel SDM volume 1, section 11.6.6).
const DEFAULT_MXCSR_MASK: u32 = 0xffbf;

/// The state's bytes. Only [`len`] of them are in use.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct ExtendedState([u8; MAX_LEN]);

/// What the processor reads and writes.
#[cfg(feature = "freestanding")]
impl ExtendedState {
    pub(crate) fn zeroed() -> Self {
        Self([0; MAX_LEN])
    }

    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr()
    }
}

/// A state that the processor would refuse to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

pub use crate::arch::extended::{components, len};

impl ExtendedState {
    /// All registers as a new process finds them.
    #[must_use]
    pub fn initial() -> Self {
        let mut state = Self([0; MAX_LEN]);
        state.put(0, &INITIAL_X87_CONTROL.to_le_bytes());
        state.put(MXCSR, &INITIAL_MXCSR.to_le_bytes());
        state
    }

    /// The state with these bytes; what they leave out is zero, which in the header means initial.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut state = Self([0; MAX_LEN]);
        state.put(0, &bytes[..bytes.len().min(len())]);
        state
    }

    /// Its bytes: [`len`] of them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0[..len()]
    }

    /// Its bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0[..len()]
    }

    /// Declares exactly these components to be there: after a legacy part alone was read, say.
    pub fn set_present(&mut self, present: u64) {
        self.put(PRESENT, &present.to_le_bytes());
        self.0[FORM..HEADER_END].fill(0);
    }

    /// Fails if loading it would fault: bits of `MXCSR` or components that do not exist, or another form.
    pub(crate) fn check(&self, mxcsr_mask: u32) -> Result<(), Malformed> {
        let mask = if mxcsr_mask == 0 {
            DEFAULT_MXCSR_MASK
        } else {
            mxcsr_mask
        };
        let is_foreign = components() != 0
            && (self.u64_at(PRESENT) & !components() != 0
                || self.0[FORM..ZERO_END].iter().any(|byte| *byte != 0));
        if is_foreign || self.u32_at(MXCSR) & !mask != 0 {
            return Err(Malformed);
        }
        Ok(())
    }

    /// The bits of `MXCSR` that the processor has, in a state that it wrote.
    pub(crate) fn mxcsr_mask(&self) -> u32 {
        self.u32_at(MXCSR_MASK)
    }

    /// Puts in the registers that a context keeps by itself.
    pub(crate) fn put_xmm(&mut self, xmm: &[u128; 16]) {
        for (to, from) in self.0[XMM..XMM + XMM_LEN].chunks_exact_mut(16).zip(xmm) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        if components() != 0 {
            let present = self.u64_at(PRESENT) | SSE;
            self.put(PRESENT, &present.to_le_bytes());
        }
    }

    /// The registers that a context keeps by itself.
    pub(crate) fn xmm(&self) -> [u128; 16] {
        let mut xmm = [0; 16];
        if components() != 0 && self.u64_at(PRESENT) & SSE == 0 {
            return xmm;
        }
        for (to, from) in xmm.iter_mut().zip(self.0[XMM..].chunks_exact(16)) {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(from);
            *to = u128::from_le_bytes(bytes);
        }
        xmm
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn u32_at(&self, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[offset..offset + 4]);
        u32::from_le_bytes(bytes)
    }

    fn u64_at(&self, offset: usize) -> u64 {
        u64::from(self.u32_at(offset)) | u64::from(self.u32_at(offset + 4)) << 32
    }
}

impl fmt::Debug for ExtendedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtendedState({} bytes)", len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_that_do_not_exist_are_malformed() {
        let mut state = ExtendedState::initial();
        assert_eq!(state.check(0), Ok(()));
        state.bytes_mut()[MXCSR + 2] = 1;
        assert_eq!(state.check(0), Err(Malformed));
        let mut state = ExtendedState::initial();
        state.set_present(1 << 40);
        assert_eq!(state.check(0), Err(Malformed));
        let mut state = ExtendedState::initial();
        state.bytes_mut()[FORM + 7] = 0x80;
        assert_eq!(state.check(0), Err(Malformed));
    }

    #[test]
    fn vector_registers_come_back() {
        let mut state = ExtendedState::initial();
        let xmm = core::array::from_fn(|n| n as u128 + 1);
        assert_eq!(state.xmm(), [0; 16]);
        state.put_xmm(&xmm);
        assert_eq!(state.xmm(), xmm);
    }
}
