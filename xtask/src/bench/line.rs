//! A QEMU command line that is run, watched, and ended.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::error::{Error, Result};

/// How long a guest may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the shell command until its stdout has `wanted` bytes; gives them and the time until the first one. The guest is then
/// ended.
pub(super) fn until_bytes(line: &str, wanted: usize) -> Result<(Vec<u8>, Duration)> {
    until(line, |bytes| bytes.len() == wanted)
}

/// As [`until_bytes`], until what it has printed is enough.
pub(super) fn until(line: &str, is_enough: impl Fn(&[u8]) -> bool) -> Result<(Vec<u8>, Duration)> {
    let failed = |why: &dyn std::fmt::Display| Error::failed(format!("`{line}`: {why}"));
    let mut command = Call::new("sh", ["-c", &format!("exec {line}")]).into_command();
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let mut stdout = child.stdout.take().ok_or_else(|| failed(&"no stdout"))?;
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut byte = [0];
        while matches!(stdout.read(&mut byte), Ok(1))
            && sender.send((byte[0], start.elapsed())).is_ok()
        {}
    });
    let mut bytes = Vec::new();
    let mut first = None;
    while !is_enough(&bytes) {
        let Ok((byte, at)) = receiver.recv_timeout(PATIENCE) else {
            break;
        };
        first.get_or_insert(at);
        bytes.push(byte);
    }
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().map_err(|error| failed(&error))?;
    drop(receiver);
    let _ = reader.join();
    match first {
        Some(first) if is_enough(&bytes) => Ok((bytes, first)),
        _ => Err(failed(&format!(
            "printed only {:?}",
            String::from_utf8_lossy(&bytes)
        ))),
    }
}

/// A shell command that boots another kernel on the machine of the line `like`, its serial line on the shell's stdout.
pub(super) fn like(like: &str, kernel: &Path) -> Result<String> {
    let mut words =
        vec!["qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none".to_owned()];
    for name in ["-machine", "-accel", "-cpu", "-smp", "-m"] {
        let value =
            option(like, name).ok_or_else(|| Error::failed(format!("no `{name}` in `{like}`")))?;
        words.push(format!("{name} {value}"));
    }
    words.push(format!("-kernel {}", kernel.display()));
    words.push(
        "-chardev file,id=serial,append=on,path=/dev/stdout -serial chardev:serial".to_owned(),
    );
    Ok(words.join(" "))
}

/// The word behind an option of the line.
pub(super) fn option<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut words = line.split_whitespace().map(|word| word.trim_matches('\''));
    words.find(|word| *word == name)?;
    words.next()
}
