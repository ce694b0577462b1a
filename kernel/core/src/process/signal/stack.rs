//! The alternate signal stack (sigaltstack(2), Linux's `kernel/signal.c`).

use linux_raw_sys::general as linux;

use crate::errno::Errno;

/// `MINSIGSTKSZ`.
const SMALLEST: u64 = 2048;

/// A `stack_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignalStack {
    /// Its lowest address.
    pub(crate) start: u64,
    /// `SS_*` as they were given.
    pub(crate) flags: u32,
    /// Its length in bytes; 0 when there is none.
    pub(crate) len: u64,
}

impl SignalStack {
    /// No stack.
    pub(crate) const NONE: Self = Self {
        start: 0,
        flags: linux::SS_DISABLE,
        len: 0,
    };

    /// Length of a `stack_t` in bytes.
    pub(crate) const LEN: usize = 24;

    /// From a `stack_t`.
    pub(crate) fn decode(bytes: &[u8; Self::LEN]) -> Self {
        use unikernel_abi::bytes::{u32_at, u64_at};
        Self {
            start: u64_at(bytes, 0).unwrap_or(0),
            flags: u32_at(bytes, 8).unwrap_or(0),
            len: u64_at(bytes, 16).unwrap_or(0),
        }
    }

    /// As a `stack_t`.
    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let words = [self.start, u64::from(self.flags), self.len].map(u64::to_le_bytes);
        let mut bytes = [0; Self::LEN];
        for (to, from) in bytes.iter_mut().zip(words.as_flattened()) {
            *to = *from;
        }
        bytes
    }

    /// Whether a stack pointer lies in it.
    pub(crate) fn holds(&self, stack_pointer: u64) -> bool {
        stack_pointer > self.start && stack_pointer.saturating_sub(self.start) <= self.len
    }

    /// Whether a thread with this stack pointer runs on it. One that disarms itself is not there any more while a handler runs.
    pub(crate) fn is_in_use(&self, stack_pointer: u64) -> bool {
        !self.disarms() && self.holds(stack_pointer)
    }

    /// Whether it is taken away while a handler runs on it.
    pub(crate) fn disarms(&self) -> bool {
        self.flags & linux::SS_AUTODISARM != 0
    }

    /// As sigaltstack(2) tells it to a thread with this stack pointer.
    pub(crate) fn as_told(&self, stack_pointer: u64) -> Self {
        let state = if self.len == 0 {
            linux::SS_DISABLE
        } else if self.is_in_use(stack_pointer) {
            linux::SS_ONSTACK
        } else {
            0
        };
        Self {
            flags: state | self.flags & linux::SS_AUTODISARM,
            ..*self
        }
    }

    /// The stack that a thread with this stack pointer has when it asks for `wanted`.
    pub(crate) fn replaced_by(&self, wanted: Self, stack_pointer: u64) -> Result<Self, Errno> {
        if self.is_in_use(stack_pointer) {
            return Err(Errno::EPERM);
        }
        match wanted.flags & !linux::SS_AUTODISARM {
            linux::SS_DISABLE => Ok(Self {
                start: 0,
                len: 0,
                ..wanted
            }),
            0 | linux::SS_ONSTACK if wanted.len < SMALLEST => Err(Errno::ENOMEM),
            0 | linux::SS_ONSTACK => Ok(wanted),
            _ => Err(Errno::EINVAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: SignalStack = SignalStack {
        start: 0x1000,
        flags: 0,
        len: 0x2000,
    };

    #[test]
    fn a_stack_in_use_can_not_be_replaced() {
        assert_eq!(STACK.replaced_by(STACK, 0x2000), Err(Errno::EPERM));
        assert_eq!(STACK.replaced_by(STACK, 0x9000), Ok(STACK));
        let disarming = SignalStack {
            flags: linux::SS_AUTODISARM,
            ..STACK
        };
        assert_eq!(disarming.replaced_by(STACK, 0x2000), Ok(STACK));
    }

    #[test]
    fn bad_stacks_are_refused() {
        let none = SignalStack::NONE;
        let small = SignalStack { len: 2047, ..STACK };
        assert_eq!(none.replaced_by(small, 0), Err(Errno::ENOMEM));
        let odd = SignalStack { flags: 4, ..STACK };
        assert_eq!(none.replaced_by(odd, 0), Err(Errno::EINVAL));
    }

    #[test]
    fn its_state_is_told() {
        assert_eq!(STACK.as_told(0x3000).flags, linux::SS_ONSTACK);
        assert_eq!(STACK.as_told(0x1000).flags, 0);
        assert_eq!(SignalStack::NONE.as_told(0).flags, linux::SS_DISABLE);
        assert_eq!(SignalStack::decode(&STACK.encode()), STACK);
    }
}
