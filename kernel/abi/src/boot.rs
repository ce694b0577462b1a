//! The boot block: how an image tells the kernel where its pieces lie.
//!
//! The kernel file has a section [`SECTION`] of [`BootBlock::SIZE`] bytes with the block of an image without pieces. The image
//! writer appends the pieces as further loadable segments and overwrites the section's bytes. So one self-contained ELF boots
//! wherever an ELF with a PVH note does.

use crate::VERSION;
use crate::bytes::{field, u32_of, u64_of};

/// The kernel file's section that holds the boot block.
pub const SECTION: &str = ".unikernel.boot";

/// The first eight bytes of a boot block.
pub const MAGIC: [u8; 8] = *b"UNIKBOOT";

/// Length of the magic, the version and 4 bytes of zero.
const HEADER: usize = 16;

/// The length of an encoded [`Piece`].
const PIECE_SIZE: usize = 24;

/// A run of physical memory that the loader filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Piece {
    /// Physical address of its first byte.
    pub start: u64,
    /// Length in bytes; 0 when the image has no such piece.
    pub len: u64,
    /// XXH64 of its bytes with seed 0: shows that the loader brought all of it, at half an instruction a byte. It is no
    /// protection from an attacker, who could change it too.
    pub digest: u64,
}

/// Where the pieces of an image lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BootBlock {
    /// The root tree as an EROFS file system; page-aligned.
    pub archive: Piece,
    /// The image's own [launch record](crate::launch), used when the loader passes none as a module.
    pub launch: Piece,
}

/// Why bytes are not a boot block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootBlockError {
    /// The bytes are too few.
    Truncated,
    /// They don't start with [`MAGIC`].
    Magic,
    /// Their version, which is not [`VERSION`].
    Version(u32),
}

impl BootBlock {
    /// Length of an encoded boot block in bytes: the header and two pieces.
    pub const SIZE: usize = HEADER + 2 * PIECE_SIZE;

    /// The block as it lies in the kernel file.
    #[must_use]
    pub const fn encode(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        copy(&mut bytes, 0, &MAGIC);
        copy(&mut bytes, 8, &VERSION.to_le_bytes());
        put_piece(&mut bytes, HEADER, &self.archive);
        put_piece(&mut bytes, HEADER + PIECE_SIZE, &self.launch);
        bytes
    }

    /// Reads a block.
    ///
    /// # Errors
    /// When the bytes are too few, no boot block, or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, BootBlockError> {
        let short = BootBlockError::Truncated;
        let (header, pieces) = bytes.split_first_chunk::<HEADER>().ok_or(short)?;
        if field::<0, _, _>(header) != MAGIC {
            return Err(BootBlockError::Magic);
        }
        let version = u32_of::<8, _>(header);
        if version != VERSION {
            return Err(BootBlockError::Version(version));
        }
        let pieces: &[u8; 2 * PIECE_SIZE] = pieces.first_chunk().ok_or(short)?;
        Ok(Self {
            archive: piece_of(&field::<0, _, _>(pieces)),
            launch: piece_of(&field::<PIECE_SIZE, _, _>(pieces)),
        })
    }
}

/// `copy_from_slice` for constants.
const fn copy(target: &mut [u8], at: usize, source: &[u8]) {
    let mut index = 0;
    while index < source.len() {
        target[at + index] = source[index];
        index += 1;
    }
}

const fn put_piece(bytes: &mut [u8], at: usize, piece: &Piece) {
    copy(bytes, at, &piece.start.to_le_bytes());
    copy(bytes, at + 8, &piece.len.to_le_bytes());
    copy(bytes, at + 16, &piece.digest.to_le_bytes());
}

fn piece_of(bytes: &[u8; PIECE_SIZE]) -> Piece {
    Piece {
        start: u64_of::<0, _>(bytes),
        len: u64_of::<8, _>(bytes),
        digest: u64_of::<16, _>(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let block = BootBlock {
            archive: Piece {
                start: 0x20_0000,
                len: 12_288,
                digest: 0xdead_beef,
            },
            launch: Piece {
                start: 0x30_0000,
                len: 77,
                digest: 1,
            },
        };
        assert_eq!(BootBlock::decode(&block.encode()), Ok(block));
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let mut bytes = BootBlock::default().encode();
        bytes[8] = 99;
        assert_eq!(BootBlock::decode(&bytes), Err(BootBlockError::Version(99)));
        assert_eq!(
            BootBlock::decode(&bytes[..20]),
            Err(BootBlockError::Version(99))
        );
        assert_eq!(BootBlock::decode(b"ELF"), Err(BootBlockError::Truncated));
        assert_eq!(BootBlock::decode(&[0; 64]), Err(BootBlockError::Magic));
    }
}
