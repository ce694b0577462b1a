//! Our side of the program's three streams.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::fstat;
use rustix::termios::isatty;

/// Where the program's input comes from and its output goes to. One that is missing is closed on the host, too.
#[derive(Debug)]
pub struct Console {
    /// Standard input.
    pub stdin: Option<OwnedFd>,
    /// Standard output.
    pub stdout: Option<OwnedFd>,
    /// Standard error.
    pub stderr: Option<OwnedFd>,
}

impl Console {
    /// Our own streams.
    #[must_use]
    pub fn host() -> Self {
        let copy = |stream: &dyn AsFd| stream.as_fd().try_clone_to_owned().ok();
        Self {
            stdin: copy(&io::stdin()),
            stdout: copy(&io::stdout()),
            stderr: copy(&io::stderr()),
        }
    }

    /// Whether stdout and stderr end in the same file, so that what is written to one is read between what is written to the
    /// other.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let file = |fd: &Option<OwnedFd>| {
            let status = fstat(fd.as_ref()?).ok()?;
            Some((status.st_dev, status.st_ino))
        };
        let stdout = file(&self.stdout);
        stdout.is_some() && stdout == file(&self.stderr)
    }

    /// Which of them are terminals: stdin, stdout, stderr.
    #[must_use]
    pub fn terminals(&self) -> [bool; 3] {
        [&self.stdin, &self.stdout, &self.stderr].map(|stream| stream.as_ref().is_some_and(isatty))
    }
}

/// What to read next, from a descriptor that others may have made non-blocking. 0 at the end.
pub(super) fn read(source: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(source, PollFlags::IN)?,
            result => return result,
        }
    }
}

/// Writes all bytes to a descriptor that others may have made non-blocking.
pub(super) fn write(target: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match target.write(bytes) {
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(target, PollFlags::OUT)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait(file: &File, events: PollFlags) -> io::Result<()> {
    poll(&mut [PollFd::new(file, events)], None)?;
    Ok(())
}
