//! What a handler finds on its stack: Linux's `struct rt_sigframe` (`arch/x86/include/asm/sigframe.h`), and the extended state
//! behind it with the words by which C libraries and debuggers know it (`asm/sigcontext.h`, `struct _fpx_sw_bytes`).
//!
//! | offset | length | what |
//! |---|---|---|
//! | 0 | 8 | where the handler returns to |
//! | 8 | 16 | `uc_flags`, `uc_link` |
//! | 24 | 24 | `uc_stack` |
//! | 48 | 256 | `uc_mcontext`: registers, the trap, the address of the extended state |
//! | 304 | 8 | `uc_sigmask` |
//! | 312 | 128 | `siginfo_t` |

use alloc::vec::Vec;

use unikernel_abi::bytes::{u32_at, u64_at};
use unikernel_machine::context::Context;
use unikernel_machine::extended::{self, ExtendedState, LEGACY_LEN};

use super::SignalSet;
use super::info::Info;
use super::stack::SignalStack;

/// Its length in bytes.
pub(crate) const LEN: usize = 440;
/// `struct ucontext` in it, and what is behind.
pub(crate) const CONTEXT: u64 = 8;
pub(crate) const INFO: u64 = 312;

const STACK: usize = 24;
const REGISTERS: usize = 48;
const FLAGS: usize = REGISTERS + 136;
const STATE: usize = REGISTERS + 184;
const MASK: usize = 304;

/// `UC_FP_XSTATE`: there is an `XSAVE` area.
const HAS_XSAVE: u64 = 1;
/// `UC_SIGCONTEXT_SS` and `UC_STRICT_RESTORE_SS`: the stack segment is stored, and restored.
const HAS_STACK_SEGMENT: u64 = 2 | 4;

/// Bytes below the stack pointer that a function may use without saying (x86-64 psABI, section 3.2.2).
pub(crate) const RED_ZONE: u64 = 128;

/// `FP_XSTATE_MAGIC1`, at this offset of the legacy part; the lengths and components follow it.
const MAGIC: u32 = 0x4650_5853;
const MAGIC_AT: usize = 464;
/// `FP_XSTATE_MAGIC2`, behind the state.
const END_MAGIC: u32 = 0x4650_5845;
const END_MAGIC_LEN: usize = 4;

/// The last trap of a thread, as `uc_mcontext` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Trap {
    /// The processor's vector.
    pub(crate) vector: u64,
    /// Its error code.
    pub(crate) error: u64,
    /// The address of the last page fault.
    pub(crate) address: u64,
}

/// Where a frame's parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The frame; the handler's stack pointer.
    pub(crate) frame: u64,
    /// The extended state.
    pub(crate) state: u64,
}

/// What a frame remembers beside registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// What was blocked.
    pub(crate) blocked: SignalSet,
    /// The alternate stack.
    pub(crate) stack: SignalStack,
    /// The address of the extended state; 0 for the initial one.
    pub(crate) state: u64,
}

impl Place {
    /// The place below a stack pointer; none when the numbers do not suffice.
    pub(crate) fn below(stack_pointer: u64) -> Option<Self> {
        let state = stack_pointer.checked_sub(state_len() as u64)? & !63;
        let frame = (state.checked_sub(LEN as u64)? & !15).checked_sub(8)?;
        Some(Self { frame, state })
    }
}

/// The most bytes of stack that a frame takes (`AT_MINSIGSTKSZ`), as Linux counts them: with all that alignment may cost.
pub(crate) fn most_bytes() -> u64 {
    let most = state_len().saturating_add(63).saturating_add(LEN);
    (most as u64).saturating_add(16 + 8).next_multiple_of(16)
}

/// The extended state with its words: how many bytes that takes.
fn state_len() -> usize {
    match extended::components() {
        0 => extended::len(),
        _ => extended::len().saturating_add(END_MAGIC_LEN),
    }
}

/// The bytes of a frame.
pub(crate) fn encode(
    context: &Context,
    trap: Trap,
    remembered: Remembered,
    restorer: u64,
    info: &Info,
) -> Vec<u8> {
    let flags = match extended::components() {
        0 => HAS_STACK_SEGMENT,
        _ => HAS_STACK_SEGMENT | HAS_XSAVE,
    };
    let mut bytes = Vec::with_capacity(LEN);
    put(&mut bytes, &[restorer, flags, 0]);
    bytes.extend_from_slice(&remembered.stack.encode());
    put(&mut bytes, &registers(context).map(|register| *register));
    let (code, stack) = context.selectors();
    put(
        &mut bytes,
        &[
            context.rflags,
            u64::from(code) | u64::from(stack) << 48,
            trap.error,
            trap.vector,
            remembered.blocked.0,
            trap.address,
            remembered.state,
        ],
    );
    bytes.resize(MASK, 0);
    put(&mut bytes, &[remembered.blocked.0]);
    bytes.extend_from_slice(&info.whole());
    bytes
}

/// Puts a frame's registers back; what else it remembers.
pub(crate) fn decode(bytes: &[u8; LEN], context: &mut Context) -> Remembered {
    let word = |offset| u64_at(bytes, offset).unwrap_or(0);
    for (index, register) in registers_mut(context).into_iter().enumerate() {
        *register = word(index.saturating_mul(8).saturating_add(REGISTERS));
    }
    context.rflags = word(FLAGS);
    let mut stack = [0; SignalStack::LEN];
    for (to, from) in stack.iter_mut().zip(bytes.iter().skip(STACK)) {
        *to = *from;
    }
    Remembered {
        blocked: SignalSet(word(MASK)).blockable(),
        stack: SignalStack::decode(&stack),
        state: word(STATE),
    }
}

fn put(bytes: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
}

/// In the order of `struct sigcontext`.
fn registers(c: &Context) -> [&u64; 17] {
    [
        &c.r8, &c.r9, &c.r10, &c.r11, &c.r12, &c.r13, &c.r14, &c.r15, &c.rdi, &c.rsi, &c.rbp,
        &c.rbx, &c.rdx, &c.rax, &c.rcx, &c.rsp, &c.rip,
    ]
}

fn registers_mut(c: &mut Context) -> [&mut u64; 17] {
    [
        &mut c.r8, &mut c.r9, &mut c.r10, &mut c.r11, &mut c.r12, &mut c.r13, &mut c.r14,
        &mut c.r15, &mut c.rdi, &mut c.rsi, &mut c.rbp, &mut c.rbx, &mut c.rdx, &mut c.rax,
        &mut c.rcx, &mut c.rsp, &mut c.rip,
    ]
}

/// The bytes of the extended state as a frame has them.
pub(crate) fn encode_state(state: &mut ExtendedState) -> Vec<u8> {
    let components = extended::components();
    if components == 0 {
        return state.bytes().to_vec();
    }
    let len = u32::try_from(extended::len()).unwrap_or(0);
    let whole = u32::try_from(state_len()).unwrap_or(0);
    let mut words = Vec::with_capacity(LEGACY_LEN.saturating_sub(MAGIC_AT));
    words.extend_from_slice(&MAGIC.to_le_bytes());
    words.extend_from_slice(&whole.to_le_bytes());
    words.extend_from_slice(&components.to_le_bytes());
    words.extend_from_slice(&len.to_le_bytes());
    words.resize(LEGACY_LEN.saturating_sub(MAGIC_AT), 0);
    for (to, from) in state.bytes_mut().iter_mut().skip(MAGIC_AT).zip(words) {
        *to = from;
    }
    let mut bytes = state.bytes().to_vec();
    bytes.extend_from_slice(&END_MAGIC.to_le_bytes());
    bytes
}

/// The extended state that a frame has at an address, of [`state_bytes`] bytes; `None` where the processor would not read it from
/// that address. Without its words only the legacy part counts, as on Linux: the program may have put a copy of that alone there.
pub(crate) fn decode_state(at: u64, bytes: &[u8]) -> Option<ExtendedState> {
    let components = extended::components();
    let has_words = components != 0
        && u32_at(bytes, MAGIC_AT) == Some(MAGIC)
        && u32_at(bytes, extended::len()) == Some(END_MAGIC);
    if !at.is_multiple_of(if has_words { 64 } else { 16 }) {
        return None;
    }
    if has_words {
        let mut state = ExtendedState::from_bytes(bytes);
        let there = u64_at(bytes, LEGACY_LEN)?;
        let wanted = u64_at(bytes, MAGIC_AT.saturating_add(8))?;
        if there & !wanted & components != 0 {
            state.set_present(there & wanted);
        }
        return Some(state);
    }
    let mut state = ExtendedState::from_bytes(bytes.get(..LEGACY_LEN).unwrap_or(bytes));
    if components != 0 {
        // x87 and SSE.
        state.set_present(0b11);
    }
    Some(state)
}

/// How many bytes [`decode_state`] wants.
pub(crate) fn state_bytes() -> usize {
    state_len()
}

#[cfg(test)]
mod tests {
    use unikernel_machine::address::UserAddr;

    use super::super::Signal;
    use super::*;

    #[test]
    fn registers_come_back() {
        let mut context = Context::new(UserAddr(0x1000), UserAddr(0x7000));
        context.r15 = 15;
        context.rax = 60;
        context.rcx = 61;
        let remembered = Remembered {
            blocked: SignalSet(0x2000),
            stack: SignalStack::NONE,
            state: 0x6000,
        };
        let signal = Signal::new(11).unwrap();
        let info = Info::of_fault(signal, 1, 0x1234);
        let bytes = encode(&context, Trap::default(), remembered, 0x5000, &info);
        let mut found = Context::new(UserAddr(0), UserAddr(0));
        let again = decode(&bytes.try_into().unwrap(), &mut found);
        assert_eq!(again, remembered);
        assert_eq!(registers(&found), registers(&context));
        assert_eq!(found.rflags, context.rflags);
    }

    #[test]
    fn info_lies_where_handlers_are_told() {
        let context = Context::new(UserAddr(0), UserAddr(0));
        let remembered = Remembered {
            blocked: SignalSet(0),
            stack: SignalStack::NONE,
            state: 0,
        };
        let info = Info::of_fault(Signal::new(7).unwrap(), 2, 0xabcd);
        let bytes = encode(&context, Trap::default(), remembered, 0, &info);
        assert_eq!(u32_at(&bytes, INFO as usize), Some(7));
        assert_eq!(u64_at(&bytes, INFO as usize + 16), Some(0xabcd));
    }

    #[test]
    fn frames_are_aligned_as_after_a_call() {
        for stack in 0x10_0000..0x10_0080 {
            let place = Place::below(stack).unwrap();
            assert_eq!(place.frame % 16, 8);
            assert_eq!(place.state % 64, 0);
            assert!(stack - place.frame <= most_bytes());
            assert!(place.frame + LEN as u64 <= place.state);
        }
        assert_eq!(Place::below(100), None);
    }

    #[test]
    fn extended_state_comes_back() {
        let mut context = Context::new(UserAddr(0), UserAddr(0));
        context.xmm[3] = 77;
        let bytes = encode_state(&mut context.extended_state());
        assert_eq!(bytes.len(), state_bytes());
        let mut found = Context::new(UserAddr(0), UserAddr(0));
        found
            .set_extended_state(&decode_state(64, &bytes).unwrap())
            .expect("it is well-formed");
        assert_eq!(found.xmm, context.xmm);
        // Without the words behind it, the legacy part counts.
        let mut cut = bytes;
        *cut.last_mut().unwrap() = 0;
        found.xmm[3] = 0;
        found
            .set_extended_state(&decode_state(64, &cut).unwrap())
            .unwrap();
        assert_eq!(found.xmm[3], 77);
        assert!(decode_state(72, &cut).is_none());
    }
}
