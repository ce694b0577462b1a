//! Random numbers for the program and for where its memory lies.
//!
//! The sources are the processor's generator and a virtio device; each that is there contributes, and at least one must. There is
//! no weaker substitute. The first few numbers are the sources' own; then ChaCha20 makes more of them, with a key that is replaced
//! each time. What was given out is kept nowhere and can't be found again from what is kept. Now and then the sources are asked
//! again.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use unikernel_machine::random;
pub(crate) use unikernel_machine::random::NoEntropy;

use crate::driver::entropy::EntropyDevice;
use crate::time::Clock;

/// Length of a key in bytes.
const KEY: usize = 32;

/// A pool's length in keys.
const POOL: usize = 4;

/// How many bytes of a pool can be given out: each only once.
const READY: usize = KEY * (POOL - 1);

/// How many bits of entropy a key has.
pub(crate) const SEED_BITS: usize = KEY * 8;

/// After so many bytes the sources are asked again.
const FRESH_AFTER: usize = 1 << 20;

/// The generator.
pub(crate) struct Random {
    /// A key, and behind it bytes to be given out.
    pool: [[u8; KEY]; POOL],
    /// How many of those are left; the last go first.
    left: usize,
    given: usize,
    device: Option<EntropyDevice>,
}

impl Random {
    /// A generator with a pool from the sources.
    pub(crate) fn new(device: Option<EntropyDevice>, clock: &Clock) -> Result<Self, NoEntropy> {
        let mut random = Self {
            pool: [[0; KEY]; POOL],
            left: 0,
            given: 0,
            device,
        };
        random.refresh(clock)?;
        Ok(random)
    }

    /// Fills `target`. Fails when fresh entropy is due and the sources have none any more.
    pub(crate) fn fill(&mut self, target: &mut [u8], clock: &Clock) -> Result<(), NoEntropy> {
        self.given = self.given.saturating_add(target.len());
        if self.given > FRESH_AFTER {
            self.refresh(clock)?;
            self.given = target.len();
        }
        let [key, ready @ ..] = &mut self.pool;
        let start = self.left.checked_sub(target.len());
        let taken = start.and_then(|start| ready.as_flattened_mut().get_mut(start..self.left));
        if let (Some(start), Some(taken)) = (start, taken) {
            for (to, from) in target.iter_mut().zip(taken) {
                *to = core::mem::take(from);
            }
            self.left = start;
        } else {
            let mut generator = ChaCha20Rng::from_seed(*key);
            generator.fill_bytes(self.pool.as_flattened_mut());
            generator.fill_bytes(target);
            self.left = READY;
        }
        Ok(())
    }

    /// Mixes what the sources give into the pool, so that all of it is new.
    fn refresh(&mut self, clock: &Clock) -> Result<(), NoEntropy> {
        let mut has_source = false;
        let mut fresh = [0; KEY * POOL];
        if random::fill(&mut fresh).is_ok() && !is_stuck(&fresh) {
            self.mix(&fresh);
            has_source = true;
        }
        if let Some(device) = &mut self.device
            && device.fill(&mut fresh, clock)
            && !is_stuck(&fresh)
        {
            self.mix(&fresh);
            has_source = true;
        }
        if !has_source {
            return Err(NoEntropy);
        }
        self.left = READY;
        Ok(())
    }

    fn mix(&mut self, fresh: &[u8]) {
        for (byte, fresh) in self.pool.as_flattened_mut().iter_mut().zip(fresh) {
            *byte ^= fresh;
        }
    }
}

/// Whether a source gives the same twice in a row, as some processors' generators did after a sleep.
fn is_stuck(bytes: &[u8]) -> bool {
    let words = bytes.chunks_exact(8);
    words
        .clone()
        .zip(words.skip(1))
        .any(|(word, next)| word == next)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use unikernel_machine::testing::{self, happens_while_waiting, remove_entropy};
    use unikernel_machine::virtio::DeviceKind;

    use super::*;

    fn clock() -> Clock {
        Clock::new(None, 0)
    }

    fn some(random: &mut Random) -> [u8; 16] {
        let mut bytes = [0; 16];
        random.fill(&mut bytes, &clock()).unwrap();
        bytes
    }

    #[test]
    fn numbers_differ() {
        let mut random = Random::new(None, &clock()).unwrap();
        let before = random.pool;
        let mut seen = vec![[0; 16]];
        for _ in 0..20 {
            let bytes = some(&mut random);
            assert!(!seen.contains(&bytes));
            seen.push(bytes);
        }
        assert_ne!(random.pool, before);
    }

    #[test]
    fn what_was_given_out_is_not_kept() {
        let mut random = Random::new(None, &clock()).unwrap();
        for _ in 0..20 {
            let bytes = some(&mut random);
            let kept = random.pool.as_flattened();
            assert!(!kept.windows(16).any(|kept| kept == bytes));
        }
    }

    #[test]
    fn more_than_the_pool_has() {
        let mut random = Random::new(None, &clock()).unwrap();
        let mut bytes = [0; 4 * READY];
        random.fill(&mut bytes, &clock()).unwrap();
        assert!(!is_stuck(&bytes[READY..]));
        assert_eq!(random.left, READY);
    }

    #[test]
    fn without_a_source_there_is_none() {
        remove_entropy();
        assert_eq!(Random::new(None, &clock()).err(), Some(NoEntropy));
    }

    #[test]
    fn sources_that_dry_up_end_it_when_fresh_entropy_is_due() {
        let mut random = Random::new(None, &clock()).unwrap();
        remove_entropy();
        some(&mut random);
        let mut much = vec![0; FRESH_AFTER];
        assert_eq!(random.fill(&mut much, &clock()), Err(NoEntropy));
    }

    #[test]
    fn device_is_a_source_of_its_own() {
        remove_entropy();
        let (mut device, host) = testing::virtio_device(DeviceKind::Entropy, 0, &[]);
        let device = EntropyDevice::new(&mut device);
        happens_while_waiting(move || {
            let bytes: vec::Vec<u8> = (0..(KEY * POOL) as u8).collect();
            for piece in bytes.chunks(64) {
                host.send(0, piece);
            }
        });
        let mut random = Random::new(device, &clock()).unwrap();
        assert_eq!(random.pool[1][5], 32 + 5);
        assert_ne!(some(&mut random), [0; 16]);
    }

    #[test]
    fn device_that_gives_nothing_is_no_source() {
        remove_entropy();
        let (mut device, _host) = testing::virtio_device(DeviceKind::Entropy, 0, &[]);
        let device = EntropyDevice::new(&mut device);
        assert_eq!(Random::new(device, &clock()).err(), Some(NoEntropy));
    }

    #[test]
    fn a_source_that_repeats_itself_is_none() {
        assert!(is_stuck(&[0xff; KEY]));
        let mut bytes = [0xff; KEY];
        bytes[0] = 1;
        assert!(is_stuck(&bytes));
        bytes.iter_mut().zip(0..).for_each(|(byte, n)| *byte = n);
        assert!(!is_stuck(&bytes));
    }
}
