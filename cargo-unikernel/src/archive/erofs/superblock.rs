//! The superblock: what a reader must know before anything else.

use super::BLOCK;

/// Offset of the superblock in block 0.
pub(super) const OFFSET: usize = 1024;

/// `EROFS_SUPER_MAGIC_V1`.
pub(super) const MAGIC: u32 = 0xe0f5_e1e2;

/// `EROFS_FEATURE_COMPAT_SB_CHKSUM`: the checksum counts.
const FEATURE_CHECKSUM: u32 = 1;

/// When all files were written, as far as readers are told: 1980-01-02 00:00 UTC in seconds since 1970. It is the same in each
/// image, and one that zip and gzip can hold in each time zone: zip knows none before 1980, gzip not 0.
const WRITTEN: u64 = 315_619_200;

/// Block 0 with `struct erofs_super_block`: `n_inodes` inodes that start in block 1, the root's number, blocks in all.
pub(super) fn encode(n_inodes: u64, root_nid: u64, n_blocks: u32) -> Vec<u8> {
    let mut block = vec![0; 4096];
    let mut put = |at: usize, bytes: &[u8]| {
        block[OFFSET + at..OFFSET + at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, &MAGIC.to_le_bytes());
    put(8, &FEATURE_CHECKSUM.to_le_bytes());
    put(12, &[12]); // log2 of the block size
    // The root comes first, so its number is always the smallest.
    put(
        14,
        &u16::try_from(root_nid).unwrap_or(u16::MAX).to_le_bytes(),
    );
    put(16, &n_inodes.to_le_bytes());
    put(24, &WRITTEN.to_le_bytes());
    put(36, &n_blocks.to_le_bytes());
    put(40, &1_u32.to_le_bytes()); // the block where inodes start
    let checksum = checksum(&block[OFFSET..]);
    block[OFFSET + 4..OFFSET + 8].copy_from_slice(&checksum.to_le_bytes());
    debug_assert_eq!(block.len() as u64, BLOCK);
    block
}

/// CRC-32C of the rest of block 0 with the checksum's own field 0, and without the final inversion
/// (Linux, `erofs_superblock_csum_verify`).
fn checksum(bytes: &[u8]) -> u32 {
    !crc32c::crc32c(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_the_format_says() {
        let block = encode(3, 1, 9);
        assert_eq!(block[1024..1028], [0xe2, 0xe1, 0xf5, 0xe0]);
        assert_eq!(block[1024 + 14..1024 + 24], [1, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            block[1024 + 24..1024 + 36],
            [0x80, 0xf7, 0xcf, 0x12, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(block[1024 + 36..1024 + 44], [9, 0, 0, 0, 1, 0, 0, 0]);
    }
}
