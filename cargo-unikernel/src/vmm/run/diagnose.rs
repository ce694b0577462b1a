//! What a guest reports, in words for people.

use unikernel_abi::report::{Place, Report};

use super::cause::Fault;
use crate::progress::{Diagnostic, Weight};
use crate::support::{Support, name_of};
use crate::symbols::unwind::Stack;
use crate::symbols::{Location, Symbols};

/// Most callers that are told.
const MAX_CALLERS: usize = 24;

/// What the words need to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guest<'a> {
    /// Where the names and lines of the program's code are found.
    pub(super) symbols: &'a Symbols,
    /// The kernel's support statement.
    pub(super) support: &'a Support,
}

/// What there is to say about a report; nothing about those that only count. `stack` is where the program was, if it told.
pub(super) fn diagnostic(
    report: &Report<'_>,
    stack: Option<&Stack<'_>>,
    guest: Guest<'_>,
) -> Option<Diagnostic> {
    let plain = |weight, message: String| Diagnostic {
        weight,
        rule: None,
        message,
        place: None,
        notes: Vec::new(),
        help: None,
    };
    Some(match *report {
        Report::Started { .. }
        | Report::Exited { .. }
        | Report::Killed { .. }
        | Report::Stack { .. }
        | Report::Called { .. }
        | Report::Returned { .. }
        | Report::Signalled { .. }
        | Report::Held { .. } => return None,
        Report::Fault {
            signal,
            code,
            address,
            access,
            at,
            instruction,
        } => {
            let fault = Fault {
                signal,
                code,
                address,
                access,
                instruction,
                stack,
            };
            with_callers(plain(Weight::Error, fault.message()), at, stack, guest)
        }
        Report::Refused { number, rule, at } => {
            let message = format!(
                "the program called {}, which this kernel refuses; it got ENOSYS",
                syscall(number, guest)
            );
            let mut diagnostic = plain(Weight::Warning, message);
            let rule = String::from_utf8_lossy(rule);
            diagnostic.notes.push(format!(
                "rule {rule} of the lint is about such calls: `cargo unikernel explain {rule}`"
            ));
            with_callers(diagnostic, at, stack, guest)
        }
        Report::Unknown { number, at } => {
            let message = format!(
                "the program called {}, which this kernel does not have; it got ENOSYS",
                syscall(number, guest)
            );
            let mut diagnostic = plain(Weight::Warning, message);
            diagnostic
                .notes
                .push("told once for each system call".to_owned());
            with_callers(diagnostic, at, stack, guest)
        }
        Report::CannotStart { reason } => plain(
            Weight::Error,
            format!("the program could not be started: {}", text(reason)),
        ),
        Report::Panic { reason } => {
            let mut diagnostic = plain(
                Weight::Error,
                format!("the kernel panicked: {}", text(reason)),
            );
            diagnostic
                .notes
                .push("this is an error in the kernel, not in the program".to_owned());
            diagnostic
        }
        Report::OutOfMemory { total } => {
            let message = format!("memory ran out: the machine has {} MiB", total >> 20);
            let mut diagnostic = plain(Weight::Error, message);
            diagnostic.help = Some("give more with --memory".to_owned());
            diagnostic
        }
    })
}

/// The diagnostic with its place: the program's file and line where they are known, and always module and offset.
fn located(mut diagnostic: Diagnostic, at: Place<'_>, offset: u64, guest: Guest<'_>) -> Diagnostic {
    let module = text(at.module);
    let place = match module.as_str() {
        "" => format!("{:#x}", at.offset),
        _ => format!("{module}+{:#x}", at.offset),
    };
    let chain = guest.symbols.locate(&module, offset);
    let mut notes: Vec<String> = Vec::new();
    for location in &chain {
        notes.push(match (&location.function, notes.is_empty()) {
            (Some(function), true) => format!("in function `{function}` at {place}"),
            (None, true) => format!("at {place}"),
            (_, false) => called("inlined into", location),
        });
    }
    let users = chain.iter().find(|location| location.is_users());
    let line = users
        .or(chain.first())
        .and_then(|location| location.line.clone());
    diagnostic.place = Some(line.unwrap_or(place));
    diagnostic.notes.splice(0..0, notes);
    diagnostic
}

/// The diagnostic with its place and its callers.
fn with_callers(
    diagnostic: Diagnostic,
    at: Place<'_>,
    stack: Option<&Stack<'_>>,
    guest: Guest<'_>,
) -> Diagnostic {
    let mut diagnostic = located(diagnostic, at, at.offset, guest);
    if let Some(stack) = stack {
        let chain = guest.symbols.locate(&text(at.module), at.offset);
        let place = diagnostic.place.take();
        if chain.iter().any(Location::is_users) {
            diagnostic.place.clone_from(&place);
        } else if chain.is_empty() {
            let place = place.as_deref().unwrap_or("somewhere");
            diagnostic.notes.insert(0, format!("at {place}"));
        }
        add_callers(&mut diagnostic, stack, guest);
        diagnostic.place = diagnostic.place.or(place);
    }
    diagnostic
}

/// Adds who called the function that the program was in. What lies behind the last line of the program's own (what starts it)
/// is left out, unless there is none of its own.
fn add_callers(diagnostic: &mut Diagnostic, stack: &Stack<'_>, guest: Guest<'_>) {
    let mut callers: Vec<(&str, Location)> = Vec::new();
    for point in stack.unwind(guest.symbols).into_iter().skip(1) {
        let mut chain = guest.symbols.locate(&point.module, point.offset);
        if chain.is_empty() {
            chain.push(Location {
                function: None,
                line: Some(format!("{}+{:#x}", point.module, point.offset)),
            });
        }
        let words = std::iter::once("called from").chain(std::iter::repeat("inlined into"));
        callers.extend(words.zip(chain));
    }
    if let Some(last) = callers.iter().rposition(|(_, caller)| is_own(caller)) {
        callers.truncate(last + 1);
    }
    let shown = callers.iter().take(MAX_CALLERS);
    let notes = shown.map(|(words, caller)| called(words, caller));
    diagnostic.notes.extend(notes);
    if callers.len() > MAX_CALLERS {
        let left = callers.len() - MAX_CALLERS;
        diagnostic.notes.push(format!("and {left} callers more"));
    }
    // A library's own instruction has no line that helps; the call has.
    let own = callers.iter().find(|(_, caller)| is_own(caller));
    if let (None, Some((_, caller))) = (&diagnostic.place, own) {
        diagnostic.place.clone_from(&caller.line);
    }
}

/// Whether a line is the program's own, and not only an offset.
fn is_own(location: &Location) -> bool {
    location.is_users() && location.function.is_some()
}

fn called(words: &str, location: &Location) -> String {
    match (&location.function, &location.line) {
        (Some(function), Some(line)) => format!("{words} `{function}` at {line}"),
        (Some(function), None) => format!("{words} `{function}`"),
        (None, line) => format!("{words} {}", line.as_deref().unwrap_or("somewhere")),
    }
}

/// What there is to say about a program that a signal ended, and nothing else explains it.
pub(super) fn killed(signal: u64, stack: Option<&Stack<'_>>, guest: Guest<'_>) -> Diagnostic {
    let diagnostic = Diagnostic {
        weight: Weight::Error,
        rule: None,
        message: format!("the program was ended by {}", signal_name(signal)),
        place: None,
        notes: Vec::new(),
        help: None,
    };
    match stack.and_then(|stack| stack.unwind(guest.symbols).into_iter().next()) {
        Some(point) => {
            let at = Place {
                module: point.module.as_bytes(),
                offset: point.offset,
            };
            with_callers(diagnostic, at, stack, guest)
        }
        None => diagnostic,
    }
}

fn syscall(number: u64, guest: Guest<'_>) -> String {
    let name = u32::try_from(number).ok().and_then(|number| {
        let known = guest.support.by_number(number);
        // What the kernel does not know may have a name on Linux.
        known.map(|call| &*call.name).or(name_of(number))
    });
    match name {
        Some(name) => format!("`{name}` (system call {number})"),
        None => format!("system call {number}"),
    }
}

/// A signal's name (signal(7), x86-64).
pub(super) fn signal_name(signal: u64) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let index = usize::try_from(signal)
        .ok()
        .and_then(|number| number.checked_sub(1));
    match index.and_then(|index| NAMES.get(index)) {
        Some(name) => format!("SIG{name}"),
        None => format!("signal {signal}"),
    }
}

/// Text of a guest, fit for a terminal.
pub(super) fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Place<'static> = Place {
        module: b"/hello",
        offset: 0x1139,
    };

    fn check(report: Report<'_>, message: &str, place: Option<&str>) {
        let guest = Guest {
            symbols: &Symbols::default(),
            support: &Support::parse("unikernel-support 1 x86_64-linux\n57 fork refused\n")
                .unwrap(),
        };
        let found = diagnostic(&report, None, guest).unwrap();
        assert_eq!(found.message, message);
        assert_eq!(found.place.as_deref(), place);
    }

    #[test]
    fn faults_say_signal_address_and_place() {
        let fault = |signal, code, access| Report::Fault {
            signal,
            code,
            address: 0,
            access,
            at: AT,
            instruction: &[],
        };
        check(
            fault(11, 1, 1),
            "the program was ended by SIGSEGV: it wrote to address 0x0, where nothing is mapped",
            Some("/hello+0x1139"),
        );
        check(
            fault(11, 0, 3),
            "the program was ended by SIGSEGV: it touched address 0x0",
            Some("/hello+0x1139"),
        );
        check(
            fault(8, 1, 3),
            "the program was ended by SIGFPE: it divided an integer by zero",
            Some("/hello+0x1139"),
        );
    }

    #[test]
    fn refusals_name_the_call() {
        let at = Place {
            module: b"",
            offset: 0x7000,
        };
        check(
            Report::Refused {
                number: 57,
                rule: b"UK001",
                at,
            },
            "the program called `fork` (system call 57), which this kernel refuses; it got ENOSYS",
            Some("0x7000"),
        );
        check(
            Report::Unknown { number: 9999, at },
            "the program called system call 9999, which this kernel does not have; it got ENOSYS",
            Some("0x7000"),
        );
        check(
            Report::Unknown { number: 425, at },
            "the program called `io_uring_setup` (system call 425), which this kernel does not have; it got ENOSYS",
            Some("0x7000"),
        );
    }

    #[test]
    fn a_guests_text_can_not_steer_the_terminal() {
        check(
            Report::Panic {
                reason: b"\x1b[2Joops",
            },
            "the kernel panicked: \u{fffd}[2Joops",
            None,
        );
    }

    #[test]
    fn signals_by_name() {
        assert_eq!(signal_name(15), "SIGTERM");
        assert_eq!(signal_name(0), "signal 0");
        assert_eq!(signal_name(34), "signal 34");
    }
}
