//! Extended state where there is nothing but what a context keeps by itself.

use crate::context::Context;
use crate::extended::{ExtendedState, Malformed};

/// The legacy part, the header, and nothing behind it.
#[must_use]
pub fn len() -> usize {
    576
}

/// x87 and SSE.
#[must_use]
pub fn components() -> u64 {
    0b11
}

pub(crate) fn save(context: &Context) -> ExtendedState {
    let mut state = ExtendedState::initial();
    state.put_xmm(&context.xmm);
    state
}

pub(crate) fn load(context: &mut Context, state: &ExtendedState) -> Result<(), Malformed> {
    state.check(state.mxcsr_mask())?;
    context.xmm = state.xmm();
    Ok(())
}
