//! `run --gdb`: a debugger finds the guest before the program's first instruction, and the line to paste names what it needs.
//!
//! The test is the debugger: it speaks gdb's remote protocol itself (GDB manual, appendix E).

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use goblin::elf::Elf;
use tests::cli;
use tests::process::{Call, patience};
use tests::turns;

use super::c_program;

const PROGRAM: &str = "#include <stdio.h>\nint answer = 42;\nint twice(int n) { return 2 * n; }\n\
    int main(void) { printf(\"%d\\n\", twice(answer)); return answer; }\n";

/// A debugger that is connected.
struct Debugger(TcpStream);

impl Debugger {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the stub listens");
        let limit = Some(patience(60));
        stream.set_read_timeout(limit).expect("a limit");
        Self(stream)
    }

    /// Sends a packet; its answer.
    fn ask(&mut self, text: &str) -> String {
        let sum = text.bytes().fold(0_u8, u8::wrapping_add);
        write!(self.0, "${text}#{sum:02x}").expect("the stub reads");
        let mut byte = [0];
        let mut answer = Vec::new();
        while byte != *b"$" {
            self.0.read_exact(&mut byte).expect("the stub answers");
        }
        loop {
            self.0.read_exact(&mut byte).expect("the stub answers");
            if byte == *b"#" {
                break;
            }
            answer.extend(byte);
        }
        self.0.read_exact(&mut [0; 2]).expect("a sum");
        self.0.write_all(b"+").expect("the stub reads");
        String::from_utf8(answer).expect("an answer is text")
    }

    /// The next instruction's address: register 16 of those that `g` tells.
    fn place(&mut self) -> u64 {
        let registers = self.ask("g");
        little_endian(&registers[16 * 16..][..16])
    }
}

/// The number whose bytes are written in hexadecimal digits.
fn little_endian(digits: &str) -> u64 {
    let bytes = (0..digits.len() / 2).rev();
    bytes.fold(0, |number, index| {
        let byte = u64::from_str_radix(&digits[2 * index..][..2], 16).expect("digits");
        number << 8 | byte
    })
}

/// The number behind `word`, in hexadecimal digits.
fn number_behind(text: &str, word: &str) -> u64 {
    let rest = text.split(word).nth(1).expect(word);
    let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    u64::from_str_radix(&digits, 16).expect(word)
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("it is bound").port()
}

fn debugged(link: &str) {
    let project = c_program(PROGRAM);
    let port = free_port().to_string();
    let command =
        "exec \"$TOOL\" unikernel run -q --accel tcg program.c --link $LINK --gdb $PORT 2>&1";
    let _turn = turns::take();
    let mut running = Call::new("sh")
        .args(["-c", command])
        .full_env(cli::environment())
        .env("TOOL", cli::executable())
        .env("PORT", &port)
        .env("LINK", link)
        .folder(project.folder())
        .start_reading();
    let told = running.line();
    let start = number_behind(&told, "first instruction at 0x");
    let pasted = running.line();
    assert!(
        pasted.starts_with(&format!("gdb -ex 'target remote 127.0.0.1:{port}'")),
        "{pasted}"
    );
    let base = number_behind(&pasted, " -o 0x");
    let path = pasted.split('"').nth(1).expect("a quoted path");
    let bytes = std::fs::read(path).expect("the ELF with symbols");
    let elf = Elf::parse(&bytes).expect("an ELF");
    let symbol = |name: &str| {
        let found = elf
            .syms
            .iter()
            .find(|symbol| elf.strtab.get_at(symbol.st_name) == Some(name));
        base + found.expect(name).st_value
    };

    let mut debugger = Debugger::connect(&format!("127.0.0.1:{port}"));
    assert!(debugger.ask("?").starts_with('T'));
    assert_eq!(debugger.place(), start);
    let main = symbol("main");
    assert_eq!(debugger.ask(&format!("Z0,{main:x},1")), "OK");
    assert!(debugger.ask("c").starts_with("T05"));
    assert_eq!(debugger.place(), main);
    let answer = debugger.ask(&format!("m{:x},4", symbol("answer")));
    assert_eq!(little_endian(&answer), 42);
    assert_eq!(
        debugger.ask(&format!("M{:x},4:07000000", symbol("answer"))),
        "OK"
    );
    assert_eq!(debugger.ask(&format!("z0,{main:x},1")), "OK");
    assert_eq!(debugger.ask("D"), "OK");
    assert_eq!(running.line(), "14");
    assert_eq!(running.status(), 7);
}

#[test]
fn dynamic_program_stops_in_its_interpreter() {
    debugged("pie");
}

#[test]
fn static_program_stops_at_its_own_entry() {
    debugged("static-pie");
}

#[test]
fn port_in_use_is_named() {
    let project = c_program(PROGRAM);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener
        .local_addr()
        .expect("it is bound")
        .port()
        .to_string();
    super::run(&project, &["program.c", "--gdb", &port])
        .run()
        .expect_status(125)
        .expect_stderr_has(&format!("127.0.0.1:{port}"));
}
