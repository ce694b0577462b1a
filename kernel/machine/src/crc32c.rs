//! CRC-32C (Castagnoli, RFC 3720 appendix B.4) of long runs of bytes.

use core::arch::x86_64::{__cpuid, _mm_crc32_u8, _mm_crc32_u64};

/// The polynomial, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The digest of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> u32 {
    if has_instruction() {
        // SAFETY: the processor has the instruction.
        !unsafe { by_instruction(bytes) }
    } else {
        !by_table(bytes)
    }
}

/// SSE 4.2, which every processor of the last fifteen years has.
fn has_instruction() -> bool {
    __cpuid(1).ecx & 1 << 20 != 0
}

#[target_feature(enable = "sse4.2")]
fn by_instruction(bytes: &[u8]) -> u32 {
    let mut state = u64::from(u32::MAX);
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        // Written out: a loop would cost more instructions than the digest.
        let ([a, b, c, d, e, f, g, h], _) = block.as_chunks::<8>() else {
            break;
        };
        state = _mm_crc32_u64(state, u64::from_le_bytes(*a));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*b));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*c));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*d));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*e));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*f));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*g));
        state = _mm_crc32_u64(state, u64::from_le_bytes(*h));
    }
    rest.iter()
        .fold(state as u32, |state, byte| _mm_crc32_u8(state, *byte))
}

fn by_table(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = table();
    bytes.iter().fold(u32::MAX, |state, byte| {
        state >> 8 ^ TABLE[usize::from(state as u8 ^ byte)]
    })
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut state = index as u32;
        let mut bit = 0;
        while bit < 8 {
            state = state >> 1 ^ if state & 1 != 0 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[index] = state;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_standards_digests() {
        // RFC 3720, appendix B.4, and the polynomial's usual check value.
        for (bytes, expected) in [
            (&b""[..], 0),
            (&b"123456789"[..], 0xe306_9283),
            (&[0; 32][..], 0x8a91_36aa),
            (&[0xff; 32][..], 0x62a8_ab43),
        ] {
            assert_eq!(digest(bytes), expected);
            assert_eq!(!by_table(bytes), expected);
        }
    }

    #[test]
    fn both_ways_agree_on_every_length() {
        let bytes: [u8; 200] = core::array::from_fn(|at| (at * 37) as u8);
        for len in 0..bytes.len() {
            assert_eq!(digest(&bytes[..len]), !by_table(&bytes[..len]), "{len}");
        }
    }
}
