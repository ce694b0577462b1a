//! `run --gdb`: brings the guest to the program's first instruction, and says how to go on with gdb.
//!
//! QEMU's stub speaks gdb's remote protocol (GDB manual, appendix E). We are its first client: when the kernel has said where
//! the program lies, we set a breakpoint there, let the kernel start it, and leave the machine stopped when it gets there. The
//! next client finds it so.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};

/// How long the stub may take to answer, and the guest to get to its first instruction.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longest answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// Where a held program lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Its first instruction: the interpreter's, if it has one.
    pub(super) start: u64,
    /// What was added to the program's own addresses.
    pub(super) program: u64,
    /// What was added to the interpreter's; 0 without one.
    pub(super) interpreter: u64,
}

/// Lets `start` begin the program, and leaves the machine stopped before its first instruction.
///
/// # Errors
/// When the stub can't be reached, or does not do as it is told.
pub(super) fn stop_at_start(
    port: u16,
    held: Held,
    start: impl FnOnce() -> io::Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| {
        Error::internal(format!(
            "stopping the guest by QEMU's gdb stub on 127.0.0.1:{port}: {error}"
        ))
    };
    let mut stub = Stub::connect(port).map_err(failed)?;
    // A breakpoint of the processor: the page may not be there yet.
    let place = format!("1,{:x},1", held.start);
    stub.command(&format!("Z{place}")).map_err(failed)?;
    stub.send("c").map_err(failed)?;
    start().map_err(failed)?;
    let why = stub.answer().map_err(failed)?;
    if !is_stop(&why) {
        return Err(failed(io::Error::other(format!(
            "it did not stop but said `{why}`"
        ))));
    }
    stub.command(&format!("z{place}")).map_err(failed)
}

/// What to type into another terminal.
pub(super) fn advice(port: u16, held: Held, program: Option<&Path>) -> String {
    let mut text = format!(
        "stopped before the program's first instruction at {:#x}; the program lies at {:#x}",
        held.start, held.program
    );
    if held.interpreter != 0 {
        text.push_str(&format!(", its interpreter at {:#x}", held.interpreter));
    }
    text.push_str("; in another terminal:\n");
    let mut command = format!("gdb -ex 'target remote 127.0.0.1:{port}'");
    if let Some(program) = program {
        let path = program.display().to_string();
        let quoted = path.replace('\\', "\\\\").replace('"', "\\\"");
        // Pages of code that were not run yet can't be read from the guest, but from the file.
        let symbols = format!("add-symbol-file \"{quoted}\" -o {:#x}", held.program);
        command.push_str(" -ex 'set confirm off' -ex 'set trust-readonly-sections on' -ex '");
        command.push_str(&symbols.replace('\'', "'\\''"));
        command.push('\'');
    }
    text + &command
}

/// QEMU's gdb stub.
#[derive(Debug)]
struct Stub(TcpStream);

impl Stub {
    /// Reaches it; the machine is stopped by that.
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// Sends a packet that must be answered with `OK`. That the machine stopped when we came may be told before.
    fn command(&mut self, text: &str) -> io::Result<()> {
        self.send(text)?;
        let mut answer = self.answer()?;
        if is_stop(&answer) {
            answer = self.answer()?;
        }
        match answer.as_str() {
            "OK" => Ok(()),
            other => Err(io::Error::other(format!("`{text}` was answered `{other}`"))),
        }
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(&packet(text))
    }

    /// The next packet; acknowledgements before it are skipped.
    fn answer(&mut self) -> io::Result<String> {
        while self.byte()? != b'$' {}
        let mut text = Vec::new();
        loop {
            match self.byte()? {
                b'#' => break,
                byte if text.len() < MAX_ANSWER => text.push(byte),
                _ => return Err(io::Error::other("an answer does not end")),
            }
        }
        // The sum: a stream socket loses nothing.
        self.byte()?;
        self.byte()?;
        self.0.write_all(b"+")?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}

/// Whether an answer says that the machine has stopped.
fn is_stop(answer: &str) -> bool {
    answer.starts_with(['T', 'S'])
}

/// A packet with its sum.
fn packet(text: &str) -> Vec<u8> {
    let sum = text.bytes().fold(0_u8, u8::wrapping_add);
    format!("${text}#{sum:02x}").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const HELD: Held = Held {
        start: 0x7000,
        program: 0x4000,
        interpreter: 0x6000,
    };

    /// A stub that answers each packet with the next of `answers`; what it was sent.
    fn stub(answers: &'static [&'static str]) -> (u16, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = thread::spawn(move || {
            let mut client = Stub(listener.accept().unwrap().0);
            let mut heard = Vec::new();
            for answer in answers {
                heard.push(client.answer().unwrap());
                client.0.write_all(b"+").unwrap();
                client.send(answer).unwrap();
            }
            heard
        });
        (port, served)
    }

    #[test]
    fn machine_is_left_stopped_without_a_breakpoint() {
        let (port, served) = stub(&["OK", "T05thread:01;", "OK"]);
        let mut started = false;
        let start = || {
            started = true;
            Ok(())
        };
        stop_at_start(port, HELD, start).unwrap();
        assert!(started);
        assert_eq!(served.join().unwrap(), ["Z1,7000,1", "c", "z1,7000,1"]);
    }

    #[test]
    fn stub_that_refuses_is_named() {
        let (port, _served) = stub(&["E22"]);
        let error = stop_at_start(port, HELD, || Ok(())).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("127.0.0.1") && error.contains("`E22`"),
            "{error}"
        );
    }

    #[test]
    fn packets_have_sums() {
        assert_eq!(packet("g"), b"$g#67");
    }

    #[test]
    fn advice_is_one_line_to_paste() {
        let text = advice(1234, HELD, Some(Path::new("/a dir/it's")));
        let command = text.lines().nth(1).unwrap();
        assert!(command.starts_with("gdb -ex 'target remote 127.0.0.1:1234'"));
        assert!(
            command.ends_with(r#"-ex 'add-symbol-file "/a dir/it'\''s" -o 0x4000'"#),
            "{command}"
        );
    }
}
