//! Numbers that are the same in each test.

use super::state;
use crate::random::NoEntropy;

/// Fills `target`, unless the machine was told to have no entropy.
///
/// # Errors
/// When it was.
pub fn fill(target: &mut [u8]) -> Result<(), NoEntropy> {
    state::with(|state| {
        let number = state.entropy.as_mut().ok_or(NoEntropy)?;
        for byte in target {
            *number ^= *number << 13;
            *number ^= *number >> 7;
            *number ^= *number << 17;
            *byte = number.to_le_bytes()[3];
        }
        Ok(())
    })
}
