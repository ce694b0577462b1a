//! Random numbers for the program and for where its memory lies: ChaCha20 with a key from the machine's sources.
//!
//! The sources are the processor's generator and a virtio device; each that is there contributes, and at least one must. There is
//! no weaker substitute. The key is replaced after each use, so that what was given out can't be found again from what is kept,
//! and gets fresh entropy now and then.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use unikernel_machine::random;
pub(crate) use unikernel_machine::random::NoEntropy;

use crate::driver::entropy::EntropyDevice;
use crate::time::Clock;

/// Length of a key in bytes.
const KEY: usize = 32;

/// How many bits of entropy a key has.
pub(crate) const SEED_BITS: usize = KEY * 8;

/// After so many bytes the sources are asked again.
const FRESH_AFTER: usize = 1 << 20;

/// The generator.
pub(crate) struct Random {
    key: [u8; KEY],
    given: usize,
    device: Option<EntropyDevice>,
}

impl Random {
    /// A generator with a key from the sources.
    pub(crate) fn new(device: Option<EntropyDevice>, clock: &Clock) -> Result<Self, NoEntropy> {
        let mut random = Self {
            key: [0; KEY],
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
        let mut generator = ChaCha20Rng::from_seed(self.key);
        generator.fill_bytes(&mut self.key);
        generator.fill_bytes(target);
        Ok(())
    }

    /// Mixes what the sources give into the key.
    fn refresh(&mut self, clock: &Clock) -> Result<(), NoEntropy> {
        let mut has_source = false;
        let mut fresh = [0; KEY];
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
        if has_source { Ok(()) } else { Err(NoEntropy) }
    }

    fn mix(&mut self, fresh: &[u8; KEY]) {
        for (key, byte) in self.key.iter_mut().zip(fresh) {
            *key ^= byte;
        }
    }
}

/// Whether a source gives the same again and again, as some processors' generators did after a sleep.
fn is_stuck(bytes: &[u8; KEY]) -> bool {
    let mut words = bytes.chunks_exact(8);
    let first = words.next();
    words.all(|word| Some(word) == first)
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
        let before = random.key;
        assert_ne!(some(&mut random), some(&mut random));
        assert_ne!(random.key, before);
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
            let bytes: vec::Vec<u8> = (0..KEY as u8).collect();
            host.send(0, &bytes);
        });
        let mut random = Random::new(device, &clock()).unwrap();
        assert_eq!(random.key[5], 5);
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
        let mut bytes = [0; KEY];
        bytes[KEY - 1] = 1;
        assert!(!is_stuck(&bytes));
    }
}
