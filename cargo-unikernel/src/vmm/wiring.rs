//! How a VM's streams are connected to the host.

use std::ffi::{OsStr, OsString};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use unikernel_abi::stream::Stream;

/// Where each stream ends on the host, and where the launch record comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiring {
    /// A QEMU character device each, in the order of [`Stream::ALL`].
    backends: [Backend; 4],
    /// The serial line; none when `None`.
    serial: Option<Backend>,
    /// File with the launch record; the image's own when `None`.
    pub launch: Option<PathBuf>,
    /// Command line for a kernel that is started directly.
    pub line: Option<OsString>,
}

/// Host side of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Backend {
    /// An inherited socket.
    Socket(RawFd),
    /// Our standard input.
    Stdin,
    /// A file that is appended to.
    File(PathBuf),
}

impl Wiring {
    /// Streams that end in sockets which the VMM inherits, in the order of [`Stream::ALL`], and the serial line's.
    #[must_use]
    pub fn sockets(streams: [RawFd; 4], serial: RawFd, launch: Option<PathBuf>) -> Self {
        Self {
            backends: streams.map(Backend::Socket),
            serial: Some(Backend::Socket(serial)),
            launch,
            line: None,
        }
    }

    /// Streams that end in the terminal of whoever pastes the command into a shell; reports go to the file `report`.
    #[must_use]
    pub fn shell(report: &Path, launch: Option<PathBuf>) -> Self {
        let backends = Stream::ALL.map(|stream| match stream {
            Stream::Stdin => Backend::Stdin,
            Stream::Stdout => Backend::File("/dev/stdout".into()),
            Stream::Stderr => Backend::File("/dev/stderr".into()),
            Stream::Report => Backend::File(report.to_owned()),
        });
        Self {
            backends,
            serial: None,
            launch,
            line: None,
        }
    }

    /// QEMU's character devices for the streams, named like them.
    pub(super) fn chardevs(&self) -> impl Iterator<Item = OsString> {
        let streams = Stream::ALL.into_iter().zip(&self.backends);
        streams.map(|(stream, backend)| backend.chardev(stream.name()))
    }

    /// QEMU's character device for one stream.
    pub(super) fn chardev(&self, stream: Stream) -> OsString {
        let backends = Stream::ALL.into_iter().zip(&self.backends);
        let mut backends = backends.filter(|(known, _)| *known == stream);
        let backend = backends
            .next()
            .map_or(&Backend::Stdin, |(_, backend)| backend);
        backend.chardev(stream.name())
    }

    /// QEMU's character device `serial` for a console: a shell's user has it in the terminal.
    pub(super) fn console_chardev(&self) -> OsString {
        self.serial
            .as_ref()
            .unwrap_or(&Backend::Stdin)
            .chardev("serial")
    }

    /// QEMU's character device `serial` for the serial line.
    pub(super) fn serial_chardev(&self) -> Option<OsString> {
        Some(self.serial.as_ref()?.chardev("serial"))
    }
}

impl Backend {
    fn chardev(&self, id: &str) -> OsString {
        match self {
            Self::Socket(number) => format!("socket,id={id},fd={number}").into(),
            // Interrupts end QEMU, as the shell's user expects.
            Self::Stdin => format!("stdio,id={id},signal=on").into(),
            Self::File(path) => {
                let mut device = OsString::from(format!("file,id={id},append=on,path="));
                device.push(comma_doubled(path.as_os_str()));
                device
            }
        }
    }
}

/// QEMU takes two commas in a value for one.
pub(super) fn comma_doubled(text: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = text.as_bytes().iter();
    let doubled = bytes.flat_map(|byte| [*byte].into_iter().chain((*byte == b',').then_some(b',')));
    OsString::from_vec(doubled.collect())
}
