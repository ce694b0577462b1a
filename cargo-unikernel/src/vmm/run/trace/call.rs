//! What a system call's arguments and result mean.

use unikernel_abi::trace::{Capture, Rule};

use super::sets::Set;
use super::structure::{self, Structure};
use super::text::SHOWN;

/// Longest path that is shown (`PATH_MAX`).
const MAX_PATH: u16 = 4096;

/// Most that is copied of a list of structures.
const MAX_LIST: u16 = 1024;

/// Most that is copied of a directory's entries: as much as C libraries ask for.
const MAX_ENTRIES: u16 = 32_768;

/// Most that is copied of what an `ioctl(2)` points to.
const MAX_CONTROL: u16 = 64;

/// What an argument is. A number in it is another argument's, which counts bytes or elements.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arg {
    /// A signed number of 32 bits.
    Int,
    /// A signed number of 64 bits.
    Long,
    /// An unsigned number of 32 bits.
    Unsigned,
    /// A user's or group's number; -1 leaves it as it is.
    Id,
    /// An unsigned number of 64 bits.
    Size,
    /// A number that is best read in the system of addresses.
    Hex,
    /// An address; what lies there is not shown.
    Address,
    /// Permissions.
    Mode,
    /// Permissions, where argument 1 or 2 creates a file.
    ModeIfCreated(u8),
    /// A descriptor.
    Fd,
    /// A descriptor, or the working directory.
    Folder,
    /// A number with named values.
    Named(&'static Set),
    /// A futex(2) operation.
    Futex,
    /// A signal.
    Signal,
    /// A path.
    Path,
    /// A text, shortened as a buffer is.
    Text,
    /// Bytes for the kernel.
    In(u8),
    /// As many bytes as the result says.
    Out,
    /// As many bytes as the result says, a NUL with them.
    OutText,
    /// As many random bytes as the result says.
    Random,
    /// A structure for the kernel.
    Struct(&'static Structure),
    /// A structure from the kernel.
    StructOut(&'static Structure),
    /// A structure for the kernel at a list's start and another behind it.
    Pair(&'static Structure),
    /// What poll(2) waits for.
    Poll(u8),
    /// Signals, for the kernel.
    Signals,
    /// Signals, from the kernel.
    SignalsOut,
    /// So many numbers of 32 bits, from the kernel.
    IntsOut(u8),
    /// `struct iovec`s with what is in them.
    Vectors(u8),
    /// `struct iovec`s that are filled.
    VectorsOut(u8),
    /// Addresses of texts.
    Texts,
    /// A directory's entries.
    Entries,
    /// The argument of a fcntl(2) command.
    Fcntl,
    /// The argument of an ioctl(2) command.
    Ioctl,
    /// The argument of a prctl(2) operation.
    Prctl,
}

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    /// As a number.
    Number,
    /// As an address.
    Address,
    /// As permissions.
    Mode,
    /// As fcntl(2)'s command has it.
    Fcntl,
    /// How many descriptors are ready.
    Ready,
    /// Never.
    Nothing,
}

/// A system call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// Its number.
    pub(super) number: u16,
    /// Its name.
    pub(super) name: &'static str,
    /// Its arguments.
    pub(super) args: &'static [Arg],
    /// Its result.
    pub(super) returns: Returns,
}

impl Arg {
    /// What the kernel is to copy for it.
    pub(super) fn captures(self) -> Vec<(Rule, u8, u16, u16)> {
        let shown = SHOWN as u16;
        let fixed = |rule, size| vec![(rule, 0, size, size)];
        match self {
            Self::Path => vec![(Rule::Text, 0, 0, MAX_PATH)],
            Self::Text => vec![(Rule::Text, 0, 0, shown + 1)],
            Self::In(count) => vec![(Rule::Counted, count, 1, shown)],
            Self::Out | Self::Random => vec![(Rule::ResultOut, 0, 1, shown)],
            Self::OutText => vec![(Rule::ResultOut, 0, 1, MAX_PATH)],
            Self::Struct(structure) => fixed(Rule::Fixed, structure.size),
            Self::StructOut(structure) => fixed(Rule::FixedOut, structure.size),
            Self::Pair(structure) => fixed(Rule::Fixed, 2 * structure.size),
            Self::Poll(count) => [Rule::Counted, Rule::CountedOut]
                .map(|rule| (rule, count, structure::POLL.size, MAX_LIST))
                .to_vec(),
            Self::Signals => fixed(Rule::Fixed, 8),
            Self::SignalsOut => fixed(Rule::FixedOut, 8),
            Self::IntsOut(count) => fixed(Rule::FixedOut, 4 * u16::from(count)),
            Self::Vectors(count) => vec![(Rule::Vectors, count, 0, shown)],
            Self::VectorsOut(count) => vec![(Rule::VectorsOut, count, 0, shown)],
            Self::Texts => vec![(Rule::Texts, 0, 0, shown + 1)],
            Self::Entries => vec![(Rule::ResultOut, 0, 1, MAX_ENTRIES)],
            Self::Fcntl => [Rule::Fixed, Rule::FixedOut]
                .map(|rule| (rule, 0, structure::LOCK.size, structure::LOCK.size))
                .to_vec(),
            Self::Ioctl => [(Rule::Fixed, 4), (Rule::FixedOut, 8)]
                .map(|(rule, size)| (rule, 0, size, MAX_CONTROL))
                .to_vec(),
            Self::Prctl => [(Rule::Text, 0), (Rule::FixedOut, 16)]
                .map(|(rule, size)| (rule, 0, size, 16))
                .to_vec(),
            _ => Vec::new(),
        }
    }
}

impl Call {
    /// What the kernel is to copy for it.
    pub(super) fn captures(&self) -> Vec<Capture> {
        let mut all = Vec::new();
        for (argument, arg) in (0_u8..).zip(self.args) {
            for (rule, count, size, limit) in arg.captures() {
                all.push(Capture {
                    number: self.number,
                    argument,
                    rule,
                    count,
                    size,
                    limit,
                });
            }
        }
        all
    }
}
