//! What the machine found when it started, for the kernel above.

use alloc::vec::Vec;
use core::fmt;

use crate::archive::Archive;
use crate::serial::Serial;
use crate::virtio::VirtioDevice;

/// A machine that is up, with an image that is whole.
#[derive(Debug)]
pub struct Boot {
    /// The root archive; `None` when the kernel file was booted without an image.
    pub archive: Option<Archive>,
    /// The image's own launch record; empty when it has none.
    pub image_launch: &'static [u8],
    /// The launch record that the loader passed as a module.
    pub module_launch: Option<&'static [u8]>,
    /// The virtio devices, in the order of their bus.
    pub devices: Vec<VirtioDevice>,
    /// The first serial line.
    pub serial: Option<Serial>,
    /// Memory in bytes, all of it: the kernel's and the image's too.
    pub memory_total: u64,
}

/// A machine that is up as far as reporting goes, with an image that cannot be started.
#[derive(Debug)]
pub struct BootFailed {
    /// Why it cannot.
    pub reason: BootFailure,
    /// The virtio devices, in the order of their bus.
    pub devices: Vec<VirtioDevice>,
    /// The first serial line.
    pub serial: Option<Serial>,
}

/// A piece of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// The root archive.
    Archive,
    /// The image's own launch record.
    Launch,
    /// The launch record that the loader passed as a module.
    Module,
}

/// Why an image cannot be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootFailure {
    /// The kernel file's boot block is none, or of another version.
    BootBlock(unikernel_abi::boot::BootBlockError),
    /// A piece does not lie wholly in memory: the machine has too little, and the loader cut it off silently.
    BeyondMemory {
        /// Which piece.
        piece: Piece,
        /// The first physical address behind it.
        end: u64,
        /// Memory in bytes.
        memory_total: u64,
    },
    /// A piece overlaps the kernel, or the archive does not start on a page.
    Misplaced {
        /// Which piece.
        piece: Piece,
        /// The physical address of its first byte.
        start: u64,
    },
    /// A piece's bytes are not those that were written: the loader brought only a part of them.
    Digest {
        /// Which piece.
        piece: Piece,
        /// The digest that the boot block states (XXH64).
        stated: u64,
        /// The digest of what is in memory.
        found: u64,
    },
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archive => "root archive",
            Self::Launch => "launch record",
            Self::Module => "launch module",
        })
    }
}

impl fmt::Display for BootFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use unikernel_abi::boot::BootBlockError as Block;
        match *self {
            Self::BootBlock(Block::Version(version)) => write!(
                f,
                "the image was written for version {version} of the boot block, this kernel reads version {}: build the image again",
                unikernel_abi::VERSION
            ),
            Self::BootBlock(Block::Truncated | Block::Magic) => {
                f.write_str("the kernel file's boot block is overwritten: build the image again")
            }
            Self::BeyondMemory {
                piece,
                end,
                memory_total,
            } => write!(
                f,
                "the image's {piece} ends at {end:#x}, but there are only {} KiB of memory: give the machine more",
                memory_total / 1024
            ),
            Self::Misplaced { piece, start } => write!(
                f,
                "the image's {piece} cannot lie at {start:#x}: build the image again"
            ),
            Self::Digest {
                piece,
                stated,
                found,
            } => write!(
                f,
                "the image's {piece} is damaged or was not loaded whole: its digest is {found:016x} instead of {stated:016x}"
            ),
        }
    }
}

/// Names the function that the machine calls when it is up: `fn(Result<Boot, BootFailed>) -> !`. For the kernel's binary, once.
#[macro_export]
macro_rules! entry {
    ($start:path) => {
        // SAFETY: the name is the one that the machine's boot code declares, with this signature; nothing else has it.
        #[unsafe(no_mangle)]
        extern "Rust" fn unikernel_start(
            boot: ::core::result::Result<$crate::boot::Boot, $crate::boot::BootFailed>,
        ) -> ! {
            let start: fn(
                ::core::result::Result<$crate::boot::Boot, $crate::boot::BootFailed>,
            ) -> ! = $start;
            start(boot)
        }
    };
}
