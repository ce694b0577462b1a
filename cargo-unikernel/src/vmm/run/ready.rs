//! Waiting for a guest to become ready, where no kernel tells: its ports are tried, its lines are read.
//!
//! A connection to a forwarded port always succeeds, because it is the VMM that accepts it; what the guest makes of it shows
//! only behind that. A guest that is up and does not listen has the connection closed at once; one that is not up yet leaves it
//! open, as one does that listens and waits for us to speak. So a connection that stays open counts only when the guest has
//! shown by another one that it answers: by bytes, or by closing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use memchr::memmem;

use super::pump::Event;
use crate::network::{Forward, Protocol, Ready};
use crate::vmm::Settings;

/// How long a port that is not ready is left alone.
const PAUSE: Duration = Duration::from_millis(20);
/// After which time a connection counts as open.
const STAYS: Duration = Duration::from_millis(150);
/// How long an answer to a request may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long the end of a silent connection is waited for, at first: a guest that is not up yet will not answer at all.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Longest line that is looked through, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// What a guest made of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// It sent something.
    Bytes,
    /// It closed it.
    Closed,
    /// Nothing happened.
    Silence,
}

/// What is known of a guest from the tries so far.
#[derive(Debug)]
struct Known {
    /// Whether it was ever seen to answer.
    answers: bool,
    /// How long the end of a silent connection is waited for; longer each time, for guests that are slow.
    wait: Duration,
}

impl Known {
    fn nothing() -> Self {
        Self {
            answers: false,
            wait: FIRST_WAIT,
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
    match met(&mut stream, STAYS) {
        Met::Bytes => return true,
        Met::Closed => known.answers = true,
        Met::Silence if known.answers => return true,
        Met::Silence => {
            // Whoever listens sees the end of what we have to say, and ends, too.
            let _ = stream.shutdown(Shutdown::Write);
            known.answers = met(&mut stream, known.wait) != Met::Silence;
            known.wait = (known.wait * 2).min(ANSWER);
        }
    }
    false
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
    line: Vec<u8>,
    events: Sender<Event>,
    is_done: bool,
}

impl LineWatch {
    /// A watch for `text`.
    pub(super) fn new(text: &str, events: Sender<Event>) -> Self {
        Self {
            text: text.into(),
            line: Vec::new(),
            events,
            is_done: false,
        }
    }

    /// Looks through what was written next; a line need not be whole.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_done {
            return;
        }
        self.line.extend_from_slice(bytes);
        let mut lines = self.line.split(|byte| *byte == b'\n');
        if lines.any(|line| memmem::find(line, &self.text).is_some()) {
            self.is_done = true;
            self.line.clear();
            let _ = self.events.send(Event::Ready);
            return;
        }
        let begins = self.line.iter().rposition(|byte| *byte == b'\n');
        let dropped = begins.map_or(0, |at| at + 1);
        let too_many = self.line.len().saturating_sub(MAX_LINE);
        self.line.drain(..dropped.max(too_many));
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn line_is_found_in_pieces_and_told_once() {
        let (sender, events) = channel();
        let mut watch = LineWatch::new("is up", sender);
        for piece in ["it i", "s\nup\nnow it is", " up: go\n", "is up\n"] {
            watch.push(piece.as_bytes());
        }
        drop(watch);
        assert_eq!(events.iter().count(), 1);
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

    /// Serves each connection with what `serve` does, and tries until ready; how often that was.
    fn tries(ready: &Ready, serve: impl Fn(usize, TcpStream) + Send + 'static) -> usize {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                serve(number, stream.unwrap());
            }
        });
        let mut known = Known::nothing();
        (1..=20)
            .find(|_| is_ready(ready, target, &mut known))
            .unwrap()
    }

    #[test]
    fn open_connection_counts_when_the_guest_has_answered() {
        let hold = |mut stream: TcpStream| {
            thread::spawn(move || {
                let _ = stream.read(&mut [0]);
            });
        };
        // Refused twice, as by a guest that is up and does not listen yet.
        let refusing = tries(&Ready::Tcp(1), move |number, stream| {
            if number >= 2 {
                hold(stream);
            }
        });
        assert_eq!(refusing, 3);
        // Never refused: the first connection shows only that somebody closes.
        assert_eq!(tries(&Ready::Tcp(1), move |_, stream| hold(stream)), 2);
    }

    #[test]
    fn bytes_and_answers_count_at_once() {
        let greets = |_: usize, mut stream: TcpStream| stream.write_all(b"220 hello\r\n").unwrap();
        assert_eq!(tries(&Ready::Tcp(1), greets), 1);
        let serves = |number: usize, mut stream: TcpStream| {
            let mut request = [0; 512];
            let n = stream.read(&mut request).unwrap();
            assert!(request[..n].starts_with(b"GET /a HTTP/1.1\r\n"));
            let status = if number == 0 { "503" } else { "404" };
            stream
                .write_all(format!("HTTP/1.1 {status} x\r\n\r\n").as_bytes())
                .unwrap();
        };
        assert_eq!(tries(&Ready::Http(1, "/a".to_owned()), serves), 2);
    }
}
