//! Character devices that every program expects.

use crate::driver::streams::Stream;

/// A character device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// Swallows everything, gives nothing (null(4)).
    Null,
    /// Swallows everything, gives zeros (zero(4)).
    Zero,
    /// Always full, gives zeros (full(4)).
    Full,
    /// Gives entropy (random(4)).
    Random,
    /// Gives entropy (urandom(4)).
    Urandom,
    /// The host's terminal, where one of the streams is one; else opening it is `ENXIO` (tty(4)).
    Terminal,
    /// Where messages for people go: the host's stderr, and its stdin where that is a terminal (console(4)).
    Console,
}

/// All devices.
const ALL: [Device; 7] = [
    Device::Null,
    Device::Zero,
    Device::Full,
    Device::Random,
    Device::Urandom,
    Device::Terminal,
    Device::Console,
];

impl Device {
    /// Its number as `stat(2)` tells it: major and minor as Linux has them.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Null => device_number(1, 3),
            Self::Zero => device_number(1, 5),
            Self::Full => device_number(1, 7),
            Self::Random => device_number(1, 8),
            Self::Urandom => device_number(1, 9),
            Self::Terminal => device_number(5, 0),
            Self::Console => device_number(5, 1),
        }
    }

    /// The device with this number, if there is one.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        ALL.into_iter().find(|device| device.number() == number)
    }
}

/// The number of the terminal behind a stream: a pseudo-terminal's, one for each stream.
pub(crate) fn terminal_number(stream: Stream) -> u64 {
    device_number(136, u64::from(stream.port()))
}

/// A `dev_t` (makedev(3)) for small numbers.
const fn device_number(major: u64, minor: u64) -> u64 {
    major << 8 | minor
}
