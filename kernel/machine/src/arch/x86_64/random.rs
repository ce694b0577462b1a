//! Entropy by `RDRAND` (Intel's Digital Random Number Generator guide, section 5.2.1: ten tries).

use core::arch::x86_64::_rdrand64_step;

use super::features::has_rdrand;
use crate::random::NoEntropy;

const TRIES: usize = 10;

/// Fills `target` with random bytes.
///
/// # Errors
/// When the processor has no generator, or it failed ten times in a row.
pub fn fill(target: &mut [u8]) -> Result<(), NoEntropy> {
    if !has_rdrand() {
        return Err(NoEntropy);
    }
    for part in target.chunks_mut(8) {
        // SAFETY: the processor has the instruction.
        let word = unsafe { word() }.ok_or(NoEntropy)?.to_le_bytes();
        part.copy_from_slice(&word[..part.len()]);
    }
    Ok(())
}

#[target_feature(enable = "rdrand")]
fn word() -> Option<u64> {
    let mut word = 0;
    (0..TRIES)
        .any(|_| _rdrand64_step(&mut word) == 1)
        .then_some(word)
}
