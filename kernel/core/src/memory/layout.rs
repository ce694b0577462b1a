//! Where things go in the program's half, at addresses that differ from start to start.
//!
//! As on Linux (`arch/x86/mm/mmap.c`, `fs/binfmt_elf.c`): the stack at the top, mappings below it and downwards, the program at
//! two thirds, its heap behind it; with as many random bits.

use unikernel_machine::address::UserPage;

use super::PAGE;
use crate::program::vdso;

/// The stack's limit in bytes (`RLIMIT_STACK`).
pub(crate) const STACK_LIMIT: u64 = 8 << 20;

/// Random bits of the stack's top, of the top of the mappings and of the program's place, in pages.
const STACK_BITS: u32 = 22;
const MAPPED_BITS: u32 = 28;
const PROGRAM_BITS: u32 = 28;
const HEAP_BITS: u32 = 13;

/// Pages between the stack's top and the highest mapping, beside the random part: its limit, a guard gap, and the vDSO.
const STACK_GAP: u64 = (STACK_LIMIT / PAGE) + super::areas::STACK_GUARD + vdso::PAGES;

/// Where a position-independent program is loaded, before the random part (`ELF_ET_DYN_BASE`).
const PROGRAM: u64 = 0x5555_5555_4000 / PAGE;

/// Places, all as page numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The page behind the stack's first.
    pub(crate) stack_top: u64,
    /// The page behind the highest mapping, but for the vDSO, which starts here.
    pub(crate) mapped_top: u64,
    /// Where the program is loaded.
    pub(crate) program: u64,
    /// Pages between the program's end and its heap.
    pub(crate) heap_gap: u64,
    /// Bytes by which the stack pointer starts lower, below a page; a multiple of 16.
    pub(crate) stack_skew: u64,
}

impl Layout {
    /// The layout for a random number source.
    pub(crate) fn new(mut random: impl FnMut() -> u64) -> Self {
        let mut bits = |count: u32| random() & (1_u64 << count).wrapping_sub(1);
        let stack_top = UserPage::END.saturating_sub(bits(STACK_BITS));
        Self {
            stack_top,
            mapped_top: stack_top
                .saturating_sub(STACK_GAP)
                .saturating_sub(bits(MAPPED_BITS)),
            program: PROGRAM.saturating_add(bits(PROGRAM_BITS)),
            heap_gap: bits(HEAP_BITS),
            stack_skew: bits(8).saturating_mul(16) % PAGE,
        }
    }
}

/// Numbers from a seed (SplitMix64 of Steele, Lea and Flood): spreads few random bits, and gives the same layout twice in tests.
pub(crate) fn numbers(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || next(&mut state)
}

/// Once, instead of five times in what is only run at the start.
#[inline(never)]
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_order() {
        for seed in 0..1000 {
            let layout = Layout::new(numbers(seed));
            assert!(layout.stack_top <= UserPage::END);
            assert!(layout.mapped_top + STACK_GAP <= layout.stack_top);
            assert!(layout.program >= PROGRAM);
            assert!(
                layout.program + (1 << 30) < layout.mapped_top,
                "seed {seed}"
            );
            assert_eq!(layout.stack_skew % 16, 0);
        }
    }

    #[test]
    fn places_differ_between_seeds() {
        let (a, b) = (Layout::new(numbers(1)), Layout::new(numbers(2)));
        assert_ne!(a.stack_top, b.stack_top);
        assert_ne!(a.program, b.program);
        assert_eq!(a.program, Layout::new(numbers(1)).program);
    }
}
