//! The threads that carry bytes between a VM's sockets and our streams.
//!
//! Each ends when its socket does, which is when the VMM ends; none is waited for but by its [`Event::Ended`].

use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use unikernel_abi::stream::Stream;

use super::console::{read, write};
use super::console_text::ConsoleText;
use super::frames::{Frame, Frames};
use super::last_words::{Listener, Told};
use super::ready::LineWatch;
use super::serial::SerialLine;

/// How many bytes are carried at a time.
const CHUNK: usize = 64 * 1024;

/// How often, and each time how long, is waited until nothing is written.
const MAX_WAITS: usize = 50;
const WAIT: Duration = Duration::from_millis(2);

/// What the threads tell.
#[derive(Debug)]
pub(super) enum Event {
    /// A report came.
    Report(Frame),
    /// The program wrote something: the guest lives.
    Output,
    /// Our standard output takes nothing more: nobody reads it, or its disk is full.
    StdoutLost(io::Error),
    /// The guest is ready.
    Ready,
    /// The kernel gave up, or did not after all.
    Told(Told),
    /// A thread has nothing more to carry; for reports and the serial line, with what was left over.
    Ended(Carrier, Vec<u8>),
    /// We were asked to end.
    Interrupt,
}

/// Who carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carrier {
    /// A stream's port.
    Port(Stream),
    /// The serial line.
    Serial,
    /// What the VMM itself says.
    Vmm,
}

/// Our end of an output stream, shared between its port and the serial line.
#[derive(Debug, Clone)]
pub(super) struct Output {
    target: Arc<Mutex<Option<File>>>,
    /// Whether the last line there has not ended; locked while something is written.
    is_open: Arc<Mutex<bool>>,
    watch: Option<Arc<Mutex<LineWatch>>>,
}

impl Output {
    /// The output to `target`; what is written is dropped when that is `None`.
    pub(super) fn new(target: Option<OwnedFd>) -> Self {
        Self {
            target: Arc::new(Mutex::new(target.map(File::from))),
            is_open: Arc::default(),
            watch: None,
        }
    }

    /// The same, which tells when a line holds `text`.
    pub(super) fn watched(self, text: Option<&str>, events: &Sender<Event>) -> Self {
        let watch = text.map(|text| LineWatch::new(text, events.clone()));
        Self {
            watch: watch.map(|watch| Arc::new(Mutex::new(watch))),
            ..self
        }
    }

    /// The same where what is written here is read between what is written to `other`.
    pub(super) fn beside(self, other: &Self) -> Self {
        Self {
            is_open: Arc::clone(&other.is_open),
            ..self
        }
    }

    /// Writes; an error, once, when nothing more can be written there.
    fn put(&self, bytes: &[u8]) -> io::Result<()> {
        let mut is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        let written = target.as_mut().map_or(Ok(()), |it| write(it, bytes));
        if written.is_err() {
            *target = None;
        }
        match bytes.last() {
            Some(last) if target.is_some() => *is_open = *last != b'\n',
            _ => {}
        }
        drop((target, is_open));
        // What is told of a line comes behind the line.
        self.watch(|watch| watch.push(bytes));
        written
    }

    /// Nothing more is written.
    fn end(&self) {
        self.watch(LineWatch::end);
    }

    fn watch(&self, change: impl FnOnce(&mut LineWatch)) {
        if let Some(watch) = &self.watch {
            change(&mut watch.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Has `say` say a line of its own, whatever was begun here. Who reads slowly delays it only for a moment.
    pub(super) fn say(&self, line: &str, say: impl FnOnce(&str)) {
        let mut is_open = self.is_open.try_lock().ok();
        for _ in 0..MAX_WAITS {
            if is_open.is_some() {
                break;
            }
            thread::sleep(WAIT);
            is_open = self.is_open.try_lock().ok();
        }
        // What can't be seen may have been begun.
        let begun = is_open.as_deref_mut().is_none_or(std::mem::take);
        if begun {
            say(&format!("\n{line}"));
        } else {
            say(line);
        }
    }
}

/// Carries what the program writes to `stream`.
pub(super) fn output(stream: Stream, mut socket: File, target: Output, events: Sender<Event>) {
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(n @ 1..) = read(&mut socket, &mut buffer) {
            deliver(stream, &buffer[..n], &target, &events);
        }
        target.end();
        tell(&events, Event::Ended(Carrier::Port(stream), Vec::new()));
    });
}

/// Carries reports.
pub(super) fn reports(mut socket: File, events: Sender<Event>) {
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        let mut frames = Frames::default();
        while let Ok(n @ 1..) = read(&mut socket, &mut buffer) {
            for frame in frames.push(&buffer[..n]) {
                tell(&events, Event::Report(frame));
            }
        }
        let rest = frames.rest().to_vec();
        tell(&events, Event::Ended(Carrier::Port(Stream::Report), rest));
    });
}

/// Carries all streams of a guest that has only a serial line.
pub(super) fn serial(mut socket: File, stdout: Output, stderr: Output, events: Sender<Event>) {
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        let (mut line, mut frames) = (SerialLine::default(), Frames::default());
        while let Ok(n @ 1..) = read(&mut socket, &mut buffer) {
            line.push(&buffer[..n], |stream, bytes| match stream {
                Stream::Stdin => {}
                Stream::Stdout => deliver(stream, bytes, &stdout, &events),
                Stream::Stderr => deliver(stream, bytes, &stderr, &events),
                Stream::Report => {
                    for frame in frames.push(bytes) {
                        tell(&events, Event::Report(frame));
                    }
                }
            });
        }
        tell(
            &events,
            Event::Ended(Carrier::Serial, line.noise().to_vec()),
        );
    });
}

/// Carries what comes over a console, but for what the kernel says before the program starts: that is left over.
pub(super) fn console(
    mut socket: File,
    starts_behind: &'static str,
    mut listener: Listener,
    stdout: Output,
    events: Sender<Event>,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        let mut text = ConsoleText::new(starts_behind);
        while let Ok(n @ 1..) = read(&mut socket, &mut buffer) {
            let program = text.push(&buffer[..n]);
            deliver(Stream::Stdout, &program, &stdout, &events);
            if let Some(told) = listener.push(&program) {
                tell(&events, Event::Told(told));
            }
        }
        deliver(Stream::Stdout, &text.rest(), &stdout, &events);
        stdout.end();
        tell(
            &events,
            Event::Ended(Carrier::Serial, text.kernels().to_vec()),
        );
    });
}

/// Keeps the last of what the VMM itself says; its end is the VMM's.
pub(super) fn vmm(mut pipe: File, events: Sender<Event>) {
    const KEPT: usize = 16 * 1024;
    thread::spawn(move || {
        let (mut buffer, mut said) = (vec![0; CHUNK], Vec::new());
        while let Ok(n @ 1..) = read(&mut pipe, &mut buffer) {
            said.extend_from_slice(&buffer[..n]);
            said.drain(..said.len().saturating_sub(KEPT));
        }
        tell(&events, Event::Ended(Carrier::Vmm, said));
    });
}

/// Carries our standard input to the program. Its end closes the port in the guest: only our half of the socket is shut, so
/// that what is on its way still arrives.
pub(super) fn input(source: Option<OwnedFd>, socket: UnixStream) {
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        let Ok(mut target) = socket
            .try_clone()
            .map(|socket| File::from(OwnedFd::from(socket)))
        else {
            return;
        };
        if let Some(mut source) = source.map(File::from) {
            while is_readable(&source, &socket)
                && let Ok(n @ 1..) = read(&mut source, &mut buffer)
                && write(&mut target, &buffer[..n]).is_ok()
            {}
        }
        // When the VMM has gone already, there is nothing left to shut.
        let _ = socket.shutdown(Shutdown::Write);
        // QEMU drops what it has not read when the other end is closed altogether, so that stays open until QEMU closes its own.
        let _ = poll(&mut [PollFd::new(&socket, PollFlags::empty())], None);
    });
}

/// Waits until there is input; false when the VMM ends first.
fn is_readable(source: &File, socket: &UnixStream) -> bool {
    loop {
        let mut both = [
            PollFd::new(source, PollFlags::IN),
            PollFd::new(socket, PollFlags::empty()),
        ];
        match poll(&mut both, None) {
            Ok(_) if !both[1].revents().is_empty() => return false,
            Ok(_) if !both[0].revents().is_empty() => return true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

fn deliver(stream: Stream, bytes: &[u8], target: &Output, events: &Sender<Event>) {
    tell(events, Event::Output);
    if let (Err(error), Stream::Stdout) = (target.put(bytes), stream) {
        tell(events, Event::StdoutLost(error));
    }
}

/// A run that has ended listens no more.
fn tell(events: &Sender<Event>, event: Event) {
    let _ = events.send(event);
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::mpsc::channel;

    use super::*;
    use crate::testing::encoded;
    use unikernel_abi::report::Report;

    fn file(socket: UnixStream) -> File {
        OwnedFd::from(socket).into()
    }

    #[test]
    fn input_ends_with_the_port_after_the_last_byte() {
        let (mut writer, source) = UnixStream::pair().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        input(Some(source.into()), ours);
        writer.write_all(b"hi\n").unwrap();
        drop(writer);
        let mut read = Vec::new();
        theirs.read_to_end(&mut read).unwrap();
        assert_eq!(read, b"hi\n");
        let mut hung_up = [PollFd::new(&theirs, PollFlags::empty())];
        let limit = rustix::time::Timespec {
            tv_sec: 0,
            tv_nsec: 200_000_000,
        };
        assert_eq!(
            poll(&mut hung_up, Some(&limit)),
            Ok(0),
            "QEMU would drop input"
        );
    }

    #[test]
    fn lost_stdout_is_told_once_and_the_rest_is_dropped() {
        let (reader, target) = UnixStream::pair().unwrap();
        drop(reader);
        let (mut guest, socket) = UnixStream::pair().unwrap();
        let (sender, events) = channel();
        output(
            Stream::Stdout,
            file(socket),
            Output::new(Some(target.into())),
            sender,
        );
        for _ in 0..3 {
            guest.write_all(&[b'x'; CHUNK]).unwrap();
        }
        drop(guest);
        let lost = events
            .iter()
            .filter(|event| matches!(event, Event::StdoutLost(_)));
        assert_eq!(lost.count(), 1);
    }

    #[test]
    fn what_we_say_finds_the_end_of_a_line() {
        let (_reader, target) = UnixStream::pair().unwrap();
        let output = Output::new(Some(target.into()));
        let check = |bytes: &[u8], expected: &str| {
            output.put(bytes).unwrap();
            output.say("ready\n", |line| assert_eq!(line, expected, "{bytes:?}"));
        };
        check(b"", "ready\n");
        check(b"a line\nand", "\nready\n");
        check(b"", "ready\n");
        check(b" more", "\nready\n");
        check(b" its end\n", "ready\n");
        let held = output.is_open.lock();
        output.say("ready\n", |line| assert_eq!(line, "\nready\n"));
        drop(held);
    }

    #[test]
    fn reports_come_before_the_end() {
        let (mut guest, socket) = UnixStream::pair().unwrap();
        let (sender, events) = channel();
        reports(file(socket), sender);
        guest
            .write_all(&encoded(&Report::Exited { status: 3 }))
            .unwrap();
        guest.write_all(b"UR").unwrap();
        drop(guest);
        let events: Vec<_> = events.iter().collect();
        let [Event::Report(frame), Event::Ended(_, rest)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(frame.report(), Some(Report::Exited { status: 3 }));
        assert_eq!(rest, b"UR");
    }
}
