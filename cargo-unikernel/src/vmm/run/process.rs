//! The VMM as a process: in a group of its own, so that a terminal's Ctrl-C reaches only us, and gone when we are.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};

use rustix::fs::{MemfdFlags, SeekFrom, memfd_create, seek};
use unikernel_abi::stream::Stream;

use super::super::Wiring;
use super::console::write;
use crate::error::{Error, Result};
use crate::sys;
use crate::tool::Invocation;

/// Our ends of a VM's sockets.
#[derive(Debug)]
pub(super) struct Sockets {
    /// In the order of [`Stream::ALL`].
    pub(super) streams: [UnixStream; 4],
    pub(super) serial: UnixStream,
}

/// The VMM's ends, and the launch record.
#[derive(Debug)]
pub(super) struct Inherited {
    descriptors: Vec<OwnedFd>,
}

/// A VMM that runs.
#[derive(Debug)]
pub(super) struct Process(Child);

/// Sockets for all streams, the VMM's ends of them with `launch`, and the wiring that names those.
pub(super) fn connect(launch: Option<&[u8]>) -> Result<(Sockets, Inherited, Wiring)> {
    let failed = |error: std::io::Error| Error::internal(format!("can't make a socket: {error}"));
    let mut theirs = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..=Stream::ALL.len() {
        let (our, their) = UnixStream::pair().map_err(failed)?;
        ours.push(our);
        theirs.push(OwnedFd::from(their));
    }
    let numbers: Vec<RawFd> = theirs.iter().map(AsRawFd::as_raw_fd).collect();
    let record = launch.map(record_in_memory).transpose().map_err(|error| {
        Error::internal(format!("can't keep the launch record in memory: {error}"))
    })?;
    let record_path = record.map(|record| {
        let path = PathBuf::from(format!("/dev/fd/{}", record.as_raw_fd()));
        theirs.push(record);
        path
    });

    let too_few = || Error::internal("a socket is missing");
    let serial = ours.pop().ok_or_else(too_few)?;
    let streams = ours.try_into().map_err(|_| too_few())?;
    let [stdin, stdout, stderr, report, line] = numbers[..] else {
        return Err(too_few());
    };
    Ok((
        Sockets { streams, serial },
        Inherited {
            descriptors: theirs,
        },
        Wiring::sockets([stdin, stdout, stderr, report], line, record_path),
    ))
}

/// A file that nobody finds and that leaves nothing behind.
fn record_in_memory(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("launch", MemfdFlags::CLOEXEC)?);
    write(&mut file, bytes)?;
    seek(&file, SeekFrom::Start(0))?;
    Ok(file.into())
}

impl Process {
    /// Starts the VMM; also gives what it says itself, stdout and stderr in one pipe.
    pub(super) fn start(invocation: &Invocation, inherited: Inherited) -> Result<(Self, File)> {
        let failed = |error: std::io::Error| invocation.not_started(&error);
        let (said, says) = std::io::pipe().map_err(failed)?;
        let mut command = invocation.command();
        command
            .stdin(Stdio::null())
            .stdout(says.try_clone().map_err(failed)?)
            .stderr(says)
            .process_group(0);
        sys::tie_to_us(&mut command, inherited.descriptors);
        let child = command.spawn().map_err(failed)?;
        // With `command` go our copies of the VMM's ends: only then does the VMM's end show as an end of every stream.
        drop(command);
        Ok((Self(child), OwnedFd::from(said).into()))
    }

    /// Ends it at once; one that has just ended is fine.
    pub(super) fn kill(&mut self) {
        let _ = self.0.kill();
    }

    /// How it ended; waits for that.
    pub(super) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.0.wait();
        status.map_err(|error| Error::internal(format!("can't wait for the VMM: {error}")))
    }
}

impl Drop for Process {
    /// Nothing that we started outlives us, also when an error ended the run.
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.kill();
            let _ = self.wait();
        }
    }
}
