//! Runs of a guest of our own that speaks through its serial line.

use std::fs::File;
use std::io::Read;
use std::sync::Mutex;
use std::time::Duration;

use unikernel_abi::report::Place;
use unikernel_abi::stream::frame_header;

use super::*;
use crate::testing::{self, encoded};
use crate::vmm::Accel;

/// Keeps what it is told.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Progress for Recorder {
    fn started(&self, _verb: &str, _what: &str) {}
    fn finding(&self, diagnostic: &Diagnostic) {
        self.note(&format!(
            "{}\n{}",
            diagnostic.message,
            diagnostic.notes.join("\n")
        ));
    }
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
    fn detail(&self, _text: &str) {}
    fn finished(&self, _verb: &str, _what: &str) {}
    fn pass_through(&self, _text: &str) {}
}

/// 32-bit code that writes `bytes` to COM1 (address 0x3f8) and then does `behind`.
fn speaker(bytes: &[u8], behind: &[u8]) -> Vec<u8> {
    const CODE: u32 = 0x10_0000 + 160;
    let text = CODE + 17 + u32::try_from(behind.len()).unwrap();
    let mut code = vec![0xbe]; // mov esi, text
    code.extend(text.to_le_bytes());
    code.push(0xb9); // mov ecx, length
    code.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    code.extend([0x66, 0xba, 0xf8, 0x03]); // mov dx, 0x3f8
    code.extend([0xf3, 0x6e]); // rep outsb
    code.push(0x90);
    code.extend(behind);
    code.extend(bytes);
    code
}

/// Ends the machine: out 0xf4, al.
const OFF: &[u8] = &[0xe6, 0xf4, 0xf4];

/// Waits for ever: cli; hlt.
const HANG: &[u8] = &[0xfa, 0xf4, 0xeb, 0xfd];

fn framed(stream: Stream, bytes: &[u8]) -> Vec<u8> {
    let mut frame = Vec::from(frame_header(stream, u16::try_from(bytes.len()).unwrap()));
    frame.extend(bytes);
    frame
}

fn settings() -> Settings {
    Settings {
        accel: Accel::Tcg,
        timeout: Some(Duration::from_secs(60)),
        ..Settings::default()
    }
}

/// Runs a guest that is `code`; gives outcome, stdout, stderr and what was told.
fn ran(code: &[u8], settings: &Settings) -> (Outcome, String, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let (image, _) = testing::image(folder.path(), code);
    let (out, stdout) = std::io::pipe().unwrap();
    let (err, stderr) = std::io::pipe().unwrap();
    let console = Console {
        stdin: None,
        stdout: Some(stdout.into()),
        stderr: Some(stderr.into()),
    };
    let job = Job {
        image: &image,
        launch: &image.launch,
        settings,
        symbols: &Symbols::default(),
    };
    let told = Recorder::default();
    let outcome = run(&job, &console, &told).unwrap();
    drop(console);
    let text = |pipe: std::io::PipeReader| {
        let mut text = String::new();
        File::from(OwnedFd::from(pipe))
            .read_to_string(&mut text)
            .unwrap();
        text
    };
    (outcome, text(out), text(err), told.0.into_inner().unwrap())
}

#[test]
fn streams_and_status_of_a_guest() {
    let words = [
        framed(Stream::Stdout, b"to stdout\n"),
        framed(Stream::Stderr, b"to stderr\n"),
        framed(Stream::Report, &encoded(&Report::Exited { status: 42 })),
    ]
    .concat();
    for vmm in ["qemu-microvm", "qemu-q35"] {
        let settings = Settings {
            vmm: Some(vmm.to_owned()),
            ..settings()
        };
        let (outcome, stdout, stderr, told) = ran(&speaker(&words, OFF), &settings);
        assert_eq!(outcome.status(), 42, "{told:?}");
        assert_eq!(stdout, "to stdout\n");
        assert_eq!(stderr, "to stderr\n");
        assert_eq!(told, [""; 0]);
    }
}

#[test]
fn guest_that_dies_leaves_its_last_words() {
    let words = [
        framed(
            Stream::Report,
            &encoded(&Report::Unknown {
                number: 425,
                at: Place {
                    module: b"/a",
                    offset: 1,
                },
            }),
        ),
        b"triple trouble".to_vec(),
    ]
    .concat();
    let (outcome, _, _, told) = ran(&speaker(&words, OFF), &settings());
    assert_eq!(outcome.status(), 125);
    assert!(told[0].contains("system call 425"), "{told:?}");
    assert!(told[1].contains("without saying how"), "{told:?}");
    assert!(
        told[1].contains("there is no system call 425") && told[1].contains("triple trouble"),
        "{told:?}"
    );
}

#[test]
fn guest_that_hangs_is_killed_in_time() {
    let settings = Settings {
        timeout: Some(Duration::from_millis(1500)),
        ..settings()
    };
    let begun = Instant::now();
    let (outcome, _, _, told) = ran(&speaker(b"", HANG), &settings);
    assert_eq!(outcome.status(), 124, "{told:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn refusal_of_the_vmm_is_shown() {
    let settings = Settings {
        accel: Accel::Kvm,
        memory: Some(1 << 50),
        ..settings()
    };
    let (outcome, _, _, told) = ran(&speaker(b"", OFF), &settings);
    assert_eq!(outcome.status(), 125);
    assert!(
        told[0].contains("the VMM's own output:\nqemu-system-x86_64:"),
        "{told:?}"
    );
}

#[test]
fn fault_is_told_behind_the_output() {
    let at = Place {
        module: b"/hello",
        offset: 0x1139,
    };
    let fault = Report::Fault {
        signal: 11,
        code: 1,
        address: 0,
        access: 1,
        at,
        instruction: &[],
    };
    let words = [
        framed(Stream::Report, &encoded(&fault)),
        framed(Stream::Report, &encoded(&Report::Killed { signal: 11 })),
    ]
    .concat();
    let (outcome, _, _, told) = ran(&speaker(&words, OFF), &settings());
    assert_eq!(outcome.status(), 139);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("SIGSEGV"), "{told:?}");
}
