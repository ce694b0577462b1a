//! What is known of a guest that did not say how it ended, in words for people.

use std::io;
use std::process::ExitStatus;

use unikernel_abi::report::Report;

use super::LAST_REPORTS;
use super::diagnose::{signal_name, text};
use super::frames::Frame;
use super::last_words::Reason;
use super::pump::Carrier;
use crate::progress::{Diagnostic, Weight};

/// What is said when only the kernel's words on its console tell that the program was ended.
pub(super) fn by_kernel(signal: u8, reason: &Reason) -> Diagnostic {
    let name = signal_name(u64::from(signal));
    error(
        format!(
            "the program was ended as by {name}: the kernel gave up with \"{}\"",
            text(reason.words.as_bytes())
        ),
        vec!["what it knows of the place is on the console".to_owned()],
    )
}

/// What is said when our standard output can't be written; nothing when only nobody reads it, which is no failure.
pub(super) fn output_lost(why: &io::Error) -> Option<Diagnostic> {
    let message = format!("can't write the program's output to standard output: {why}");
    (why.kind() != io::ErrorKind::BrokenPipe).then(|| error(message, Vec::new()))
}

/// What is said of a guest that ended without saying how.
pub(super) fn diagnostic(
    status: ExitStatus,
    gave_up: Option<&Reason>,
    last: &[Frame],
    left_over: &[(Carrier, Vec<u8>)],
) -> Diagnostic {
    let message = match gave_up {
        Some(reason) => format!(
            "the kernel gave up with \"{}\"",
            text(reason.words.as_bytes())
        ),
        None => "the guest ended without saying how".to_owned(),
    };
    let mut notes = vec![format!("the VMM ended with {status}")];
    let reports: Vec<_> = last.iter().filter_map(Frame::report).collect();
    let told: Vec<String> = reports.iter().filter_map(in_words).collect();
    let shown = told.iter().skip(told.len().saturating_sub(LAST_REPORTS));
    notes.extend(shown.map(|words| format!("it reported that {words}")));
    if reports.is_empty() {
        notes.push("it reported nothing".to_owned());
    }
    for (carrier, bytes) in left_over.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let name = match carrier {
            Carrier::Port(stream) => stream.name(),
            Carrier::Serial => "serial line",
            Carrier::Vmm => "the VMM's own output",
        };
        notes.push(format!("last on {name}:\n{}", text(bytes).trim_end()));
    }
    error(message, notes)
}

/// A report as the end of a sentence; `None` for what belongs to another, or says nothing of an end.
fn in_words(report: &Report<'_>) -> Option<String> {
    Some(match *report {
        Report::Started { .. } => "the program had started".to_owned(),
        Report::Exited { status } => format!("the program had ended with status {status}"),
        Report::Killed { signal } => format!("{} had ended the program", signal_name(signal)),
        Report::Fault { signal, .. } => {
            format!("the program had a fault, {}", signal_name(signal))
        }
        Report::Refused { number, .. } => format!("system call {number} was refused"),
        Report::Unknown { number, .. } => format!("there is no system call {number}"),
        Report::CannotStart { .. } => "the program could not be started".to_owned(),
        Report::Panic { .. } => "the kernel had panicked".to_owned(),
        Report::OutOfMemory { .. } => "memory had run out".to_owned(),
        Report::Signalled { .. } => "a signal had come".to_owned(),
        Report::Held { .. } => "the program was held for a debugger".to_owned(),
        Report::Stack { .. } | Report::Called { .. } | Report::Returned { .. } => return None,
    })
}

fn error(message: String, notes: Vec<String>) -> Diagnostic {
    Diagnostic {
        weight: Weight::Error,
        rule: None,
        message,
        place: None,
        notes,
        help: None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::super::frames::Frames;
    use super::*;
    use crate::testing::encoded;

    #[test]
    fn end_is_told_in_words() {
        let report = encoded(&Report::Started {
            entry_tsc: 0,
            program_tsc: 5,
        });
        let last = Frames::default().push(&report);
        let left_over = [(Carrier::Vmm, b"qemu: oh\n".to_vec())];
        let status = ExitStatus::from_raw(0);
        let found = diagnostic(status, None, &last, &left_over);
        assert_eq!(found.message, "the guest ended without saying how");
        assert_eq!(
            found.notes,
            [
                "the VMM ended with exit status: 0",
                "it reported that the program had started",
                "last on the VMM's own output:\nqemu: oh",
            ]
        );
        let reason = Reason {
            words: "Assertion failed: \u{1b}x".to_owned(),
            signal: None,
        };
        let found = diagnostic(status, Some(&reason), &[], &[]);
        assert_eq!(
            found.message,
            "the kernel gave up with \"Assertion failed: \u{fffd}x\""
        );
        assert!(found.notes.contains(&"it reported nothing".to_owned()));
    }
}
