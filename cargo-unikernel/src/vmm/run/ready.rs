//! Waiting for a guest to become ready, where no kernel tells: its ports are tried, its lines are read.
//!
//! A connection to a forwarded port always succeeds, because it is the VMM that accepts it; it stays open and silent until the
//! guest has answered, however long that takes. What shows that the guest listens:
//!
//! - bytes that it sends;
//! - that the VMM has read what we sent. QEMU's user network reads a connection's bytes, and its end, only when the guest has
//!   accepted it (libslirp, `slirp_pollfds_fill` and `tcp_input`); [`queue`] says what it has not read. We send no byte, only
//!   the end;
//! - where that was not seen in time: connections that stay open until we end them, and are closed then. A guest that refuses
//!   may be as slow, so this must happen [`ENOUGH`] times in a row, with each connection open three times as long as the
//!   slowest before took to be closed.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;

use super::pump::Event;
use super::queue;
use crate::network::{Forward, Protocol, Ready};
use crate::vmm::Settings;

/// How long a port that is not ready is left alone.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a connection is left as it is, at least, before we end it.
const STAYS: Duration = Duration::from_millis(30);
/// The same, when its end is all that is seen.
const STAYS_UNSEEN: Duration = Duration::from_millis(150);
/// How long an answer to a request may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long the end of a silent connection is waited for, at first: a guest that is not up yet will not answer at all.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// How many connections in a row must end as those do that were accepted, where nothing else tells.
const ENOUGH: u32 = 3;
/// Longest line that is looked through, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// What a guest made of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// It sent something.
    Bytes,
    /// It accepted it.
    Accepted,
    /// It closed it.
    Closed,
    /// Nothing happened.
    Silence,
}

/// What is known of a guest from the tries so far.
#[derive(Debug)]
struct Known {
    /// How many connections in a row were closed only when we ended them.
    n_ended: u32,
    /// Longest time that one took to be closed.
    slowest: Duration,
    /// How long the end of a silent connection is waited for; longer each time, for guests that are slow.
    wait: Duration,
}

impl Known {
    fn nothing() -> Self {
        Self {
            n_ended: 0,
            slowest: Duration::ZERO,
            wait: FIRST_WAIT,
        }
    }

    /// How long a connection is left as it is before we end it.
    fn stays(&self) -> Duration {
        match self.n_ended {
            0 => STAYS,
            _ => STAYS_UNSEEN.max(self.slowest * 3),
        }
    }
}

/// Starts to wait, if there is something to wait for and a port that leads to it; [`Event::Ready`] tells the end.
pub(super) fn watch(settings: &Settings, events: Sender<Event>) {
    let Some((ready, target)) = settings.ready.clone().and_then(|ready| {
        let target = target(&settings.forwards, ready.port()?)?;
        Some((ready, target))
    }) else {
        return;
    };
    thread::spawn(move || {
        let mut known = Known::nothing();
        // The thread ends with the run at the latest: nobody listens to its event then.
        while !is_ready(&ready, target, &mut known) {
            thread::park_timeout(PAUSE);
        }
        let _ = events.send(Event::Ready);
    });
}

/// Where the host reaches a port of the guest.
fn target(forwards: &[Forward], port: u16) -> Option<SocketAddr> {
    let leads = |forward: &&Forward| forward.guest == port && forward.protocol == Protocol::Tcp;
    let forward = forwards.iter().find(leads)?;
    let ip = if forward.ip.is_unspecified() {
        Ipv4Addr::LOCALHOST
    } else {
        forward.ip
    };
    Some(SocketAddrV4::new(ip, forward.host).into())
}

/// Tries once.
fn is_ready(ready: &Ready, target: SocketAddr, known: &mut Known) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&target, ANSWER) else {
        return false;
    };
    if let Ready::Http(_, path) = ready {
        return answers_request(&mut stream, path).unwrap_or(false);
    }
    let begun = Instant::now();
    let before = met(&mut stream, known.stays());
    if before == Met::Silence {
        let _ = stream.shutdown(Shutdown::Write);
        let after = ended(&mut stream, known.wait);
        match after {
            Met::Bytes | Met::Accepted => return true,
            Met::Closed => known.n_ended += 1,
            Met::Silence => {
                known.n_ended = 0;
                known.wait = (known.wait * 2).min(ANSWER);
                return false;
            }
        }
    } else {
        known.n_ended = 0;
    }
    known.slowest = known.slowest.max(begun.elapsed());
    before == Met::Bytes || known.n_ended >= ENOUGH
}

fn met(stream: &mut TcpStream, within: Duration) -> Met {
    let _ = stream.set_read_timeout(Some(within));
    match stream.read(&mut [0]) {
        Ok(1..) => Met::Bytes,
        Ok(0) => Met::Closed,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Met::Silence
        }
        Err(_) => Met::Closed,
    }
}

/// What becomes of a connection that we have ended.
fn ended(stream: &mut TcpStream, within: Duration) -> Met {
    let deadline = Instant::now() + within;
    // Often at first: whoever accepts it may be quick to close it, too.
    let mut step = Duration::from_micros(100);
    while Instant::now() < deadline {
        if queue::is_read(stream) == Some(true) {
            return Met::Accepted;
        }
        match met(stream, step) {
            Met::Silence => step = (step * 5 / 4).min(PAUSE),
            met => return met,
        }
    }
    Met::Silence
}

/// Whether a request for `path` gets an answer below 500 (RFC 9112).
fn answers_request(stream: &mut TcpStream, path: &str) -> std::io::Result<bool> {
    stream.set_read_timeout(Some(ANSWER))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    Ok(line.starts_with(b"HTTP/1.") && (b'1'..=b'4').contains(&line[9]))
}

/// Reads lines until one holds the text that tells.
#[derive(Debug)]
pub(super) struct LineWatch {
    text: Vec<u8>,
    /// The line that has not ended.
    line: Vec<u8>,
    /// Whether what was dropped of that held the text.
    held: bool,
    events: Sender<Event>,
    is_done: bool,
}

impl LineWatch {
    /// A watch for `text`.
    pub(super) fn new(text: &str, events: Sender<Event>) -> Self {
        Self {
            text: text.into(),
            line: Vec::new(),
            held: false,
            events,
            is_done: false,
        }
    }

    /// Looks through what was written next. A line that has not ended tells nothing yet.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_done {
                return;
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.end();
            } else if self.line.len() > MAX_LINE {
                self.held |= self.holds();
                // The text may have begun.
                let dropped = self.line.len() - self.text.len();
                self.line.drain(..dropped);
            }
        }
    }

    /// The line ends: by its last byte, or because nothing more is written.
    pub(super) fn end(&mut self) {
        if !self.is_done && (self.held || self.holds()) {
            self.is_done = true;
            let _ = self.events.send(Event::Ready);
        }
        self.held = false;
        self.line.clear();
    }

    fn holds(&self) -> bool {
        memmem::find(&self.line, &self.text).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc::channel;

    use super::*;

    /// How often a watch for "is up" has told, after each piece.
    fn told(pieces: &[&str]) -> Vec<usize> {
        let (sender, events) = channel();
        let mut watch = LineWatch::new("is up", sender);
        let mut n_told = 0;
        let after = |piece: &&str| {
            watch.push(piece.as_bytes());
            n_told += events.try_iter().count();
            n_told
        };
        pieces.iter().map(after).collect()
    }

    #[test]
    fn line_tells_once_and_only_when_it_has_ended() {
        let check = |pieces: &[&str], expected: &[usize]| assert_eq!(told(pieces), expected);
        check(
            &["it i", "s\nup\nnow it is", " up: go", "\n", "is up\n"],
            &[0, 0, 0, 1, 1],
        );
        check(&["is up", "ready\nx"], &[0, 1]);
        let (long, text) = ("x".repeat(MAX_LINE), "is up");
        check(&[&long, text, &long, &long, "\n"], &[0, 0, 0, 0, 1]);
        check(&[&long, "xis", " up\n"], &[0, 0, 1]);
    }

    #[test]
    fn line_also_ends_where_nothing_more_comes() {
        let (sender, events) = channel();
        let mut watch = LineWatch::new("is up", sender);
        watch.push(b"it is up");
        assert_eq!(events.try_iter().count(), 0);
        watch.end();
        assert_eq!(events.try_iter().count(), 1);
    }

    #[test]
    fn host_side_of_a_port_is_found() {
        let forwards = ["53/udp", "0.0.0.0:8053:53", "127.0.0.2:81:80"];
        let forwards: Vec<Forward> = forwards.iter().map(|text| text.parse().unwrap()).collect();
        let shown = |port| target(&forwards, port).map(|target| target.to_string());
        assert_eq!(shown(53).as_deref(), Some("127.0.0.1:8053"));
        assert_eq!(shown(80).as_deref(), Some("127.0.0.2:81"));
        assert_eq!(shown(81), None);
    }

    /// Serves each connection with what `serve` does, and tries until ready; how often that was, if it was of 6.
    fn tries(ready: &Ready, serve: impl Fn(usize, TcpStream) + Send + 'static) -> Option<usize> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                serve(number, stream.unwrap());
            }
        });
        let mut known = Known::nothing();
        (1..=6).find(|_| is_ready(ready, target, &mut known))
    }

    /// As a guest that refuses, but answers so late: its VMM has accepted, and reads nothing.
    fn refuse_after(stream: TcpStream, millis: u64) {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(millis));
            drop(stream);
        });
    }

    /// As a guest that listens: its VMM reads what comes.
    fn accept(mut stream: TcpStream) {
        thread::spawn(move || {
            let _ = stream.read(&mut [0]);
            thread::sleep(Duration::from_millis(300));
        });
    }

    #[test]
    fn guest_that_refuses_is_not_ready_however_late_it_answers() {
        for millis in [0, 35, 100, 400] {
            let refused = tries(&Ready::Tcp(1), move |_, stream| {
                refuse_after(stream, millis);
            });
            assert_eq!(refused, None, "{millis} ms");
        }
        // It answers at once at first, and is slow then; and the other way round.
        let varying = |number: usize, stream| refuse_after(stream, [0, 90, 200, 40][number % 4]);
        assert_eq!(tries(&Ready::Tcp(1), varying), None);
    }

    #[test]
    fn guest_that_does_not_answer_is_not_ready() {
        let silent = |_, stream| refuse_after(stream, 60_000);
        assert_eq!(tries(&Ready::Tcp(1), silent), None);
    }

    #[test]
    fn guest_that_accepts_is_ready_at_once() {
        assert_eq!(tries(&Ready::Tcp(1), |_, stream| accept(stream)), Some(1));
        let at_third = tries(&Ready::Tcp(1), |number, stream| match number {
            0 => refuse_after(stream, 0),
            1 => refuse_after(stream, 50),
            _ => accept(stream),
        });
        assert_eq!(at_third, Some(3));
    }

    #[test]
    fn bytes_and_answers_count_at_once() {
        let greets = |_: usize, mut stream: TcpStream| stream.write_all(b"220 hello\r\n").unwrap();
        assert_eq!(tries(&Ready::Tcp(1), greets), Some(1));
        let serves = |number: usize, mut stream: TcpStream| {
            let mut request = [0; 512];
            let n = stream.read(&mut request).unwrap();
            assert!(request[..n].starts_with(b"GET /a HTTP/1.1\r\n"));
            let status = if number == 0 { "503" } else { "404" };
            stream
                .write_all(format!("HTTP/1.1 {status} x\r\n\r\n").as_bytes())
                .unwrap();
        };
        assert_eq!(tries(&Ready::Http(1, "/a".to_owned()), serves), Some(2));
    }
}
