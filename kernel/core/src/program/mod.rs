//! Starting a program: [`elf`] reads its headers, [`load`] maps it and its interpreter, [`stack`] writes what it finds first,
//! [`launch`] is the launch record as settings.

pub(crate) mod elf;
pub(crate) mod launch;
pub(crate) mod load;
pub(crate) mod stack;
#[cfg(test)]
mod tests;
pub(crate) mod vdso;

use alloc::string::String;
use core::fmt;

use self::elf::ElfError;
use crate::errno::Errno;
use crate::fs::erofs::ErofsError;

/// Why a program can't be started; its text is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StartError {
    /// The image has no launch record, or one that can't be read.
    Launch(unikernel_abi::launch::LaunchError),
    /// The launch record names no program.
    NoProgram,
    /// The archive can't be mounted.
    Archive(ErofsError),
    /// Something was not possible with a file.
    File(&'static str, Name, Errno),
    /// A file is no ELF file that can be started.
    Elf(Name, ElfError),
    /// The machine has no entropy.
    NoEntropy,
    /// There is too little memory.
    Memory,
}

/// A path for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// Bytes that are no text are shown as such.
    pub(crate) fn new(path: &[u8]) -> Self {
        Self(String::from_utf8_lossy(path).into_owned())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Launch(error) => write!(f, "the launch record can't be read ({error:?}): build the image again"),
            Self::NoProgram => f.write_str("the launch record names no program: build the image again"),
            Self::Archive(error) => write!(f, "the root archive can't be mounted: {error}"),
            Self::File(doing, path, errno) => write!(f, "{doing} `{}` failed: {errno:?}", path.0),
            Self::Elf(path, error) => write!(f, "`{}` can't be started: {error}", path.0),
            Self::NoEntropy => f.write_str(
                "the machine has no source of random numbers (neither RDRAND nor a virtio device): choose a processor model that has RDRAND, or add virtio-rng",
            ),
            Self::Memory => f.write_str("there is too little memory to load the program: give the machine more"),
        }
    }
}

impl fmt::Display for ErofsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("it ends before something that it announces"),
            Self::Magic => f.write_str("it is no EROFS file system"),
            Self::BlockSize(bits) => write!(
                f,
                "its blocks have 2^{bits} bytes, where 2^9 to 2^12 are readable"
            ),
            Self::Features(features) => write!(
                f,
                "it uses features {features:#x} (compression?) that this kernel does not read"
            ),
            Self::Layout(layout) => write!(
                f,
                "it holds a file in layout {layout} (compressed?) that this kernel does not read"
            ),
            Self::Directory => f.write_str("it holds a directory that contradicts itself"),
        }
    }
}
