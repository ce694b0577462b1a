//! A web root on loopback, served by the test itself: what lies where, and what goes wrong.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a server does when it is asked for a path.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Gives these bytes, or the part that is asked for.
    File(Vec<u8>),
    /// Gives these bytes, always all of them.
    WholeFile(Vec<u8>),
    /// Says that all of these bytes come, gives so many, and hangs up; the part that is asked for comes whole.
    CutOnce(Vec<u8>, usize),
    /// Sends the asker elsewhere.
    Redirect(String),
    /// Says that no part that could be asked for is there; gives these bytes when all is asked for.
    NoPart(Vec<u8>),
    /// Promises more bytes than anybody wants.
    Huge,
}

/// What was asked: path, and offset from which on.
pub type Asked = (String, u64);

/// A server that lives as long as the tests' process.
pub struct WebRoot {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl WebRoot {
    /// Serves these paths; all others are not found.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn serve<'a>(answers: impl IntoIterator<Item = (&'a str, Answer)>) -> Self {
        let answers: BTreeMap<String, Answer> = answers
            .into_iter()
            .map(|(path, answer)| (path.to_owned(), answer))
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up has seen enough.
                let _ = answer(stream, &answers, &heard);
            }
        });
        Self { address, asked }
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked so far.
    ///
    /// # Panics
    /// When the server has panicked.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the server is well").clone()
    }
}

fn answer(
    mut stream: TcpStream,
    answers: &BTreeMap<String, Answer>,
    asked: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let header = header.to_ascii_lowercase();
        if let Some(range) = header.strip_prefix("range: bytes=") {
            let start = range.trim().trim_end_matches('-');
            from = start.parse().unwrap_or_default();
        }
    }
    asked
        .lock()
        .expect("the test is well")
        .push((path.clone(), from));
    let at = usize::try_from(from).unwrap_or(usize::MAX);
    let part = |bytes: &[u8]| bytes.get(at..).map(<[u8]>::to_vec);
    match answers.get(&path) {
        None => reply(&mut stream, "404 Not Found", "", b"<html>no</html>"),
        Some(Answer::Redirect(to)) => {
            let to = format!("Location: {to}\r\n");
            reply(&mut stream, "302 Found", &to, b"")
        }
        Some(Answer::Huge) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        }
        Some(Answer::NoPart(_)) if from > 0 => {
            reply(&mut stream, "416 Range Not Satisfiable", "", b"")
        }
        Some(Answer::CutOnce(bytes, n_sent)) if from == 0 => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                bytes.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(&bytes[..*n_sent])
        }
        Some(Answer::WholeFile(bytes) | Answer::NoPart(bytes)) => {
            reply(&mut stream, "200 OK", "", bytes)
        }
        Some(Answer::File(bytes) | Answer::CutOnce(bytes, _)) => match part(bytes) {
            Some(part) if from > 0 => {
                let last = bytes.len() - 1;
                let range = format!("Content-Range: bytes {from}-{last}/{}\r\n", bytes.len());
                reply(&mut stream, "206 Partial Content", &range, &part)
            }
            Some(part) => reply(&mut stream, "200 OK", "", &part),
            None => reply(&mut stream, "416 Range Not Satisfiable", "", b""),
        },
    }
}

fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let len = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {len}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}
