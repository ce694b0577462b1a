//! `run --trace`: the program's system calls as strace(1) would write them, a line each.
//!
//! The kernel tells each call before and behind it; a line is written when the call has returned. What still runs when the
//! guest ends is written then, so that a program that hangs shows where. How a call's arguments are written stands in [`table`];
//! from there comes, too, what the kernel is asked to copy ([`unikernel_abi::trace`]).

mod call;
mod errno;
mod sets;
mod show;
mod structure;
mod table;
mod text;

use std::collections::BTreeMap;

use unikernel_abi::bytes::Sink;
use unikernel_abi::report::Report;
use unikernel_abi::trace::Pieces;

use crate::support;
use call::{Arg, Call, Returns};
use show::Shown;

/// Where results begin, as strace aligns them.
const RESULT_COLUMN: usize = 40;

/// What a call is shown by that is not in the table.
static UNKNOWN: Call = Call {
    number: 0,
    name: "",
    args: &[Arg::Hex, Arg::Hex, Arg::Hex, Arg::Hex, Arg::Hex, Arg::Hex],
    returns: Returns::Number,
};

/// What the kernel is to copy for each system call: the value of [`unikernel_abi::launch::Item::Trace`].
pub(super) fn captures() -> Vec<u8> {
    let mut table = Bytes(Vec::new());
    for call in table::CALLS {
        for capture in call.captures() {
            capture.encode(&mut table);
        }
    }
    table.0
}

/// The calls that have not returned, by thread.
#[derive(Debug, Default)]
pub(super) struct Tracer {
    pending: BTreeMap<u64, Pending>,
    /// Whether more than one thread was seen: lines then say whose they are.
    has_threads: bool,
}

/// A call that has not returned.
#[derive(Debug)]
struct Pending {
    number: u64,
    args: [u64; 6],
    memory: Vec<u8>,
}

impl Tracer {
    /// The lines that a report completes.
    pub(super) fn lines(&mut self, report: &Report<'_>) -> Vec<String> {
        match *report {
            Report::Called {
                thread,
                number,
                args,
                memory,
            } => {
                let pending = Pending {
                    number,
                    args,
                    memory: memory.0.to_vec(),
                };
                self.pending.insert(thread, pending);
                self.has_threads |= self.pending.len() > 1;
                Vec::new()
            }
            Report::Returned {
                thread,
                result,
                memory,
            } => {
                let pending = self.pending.remove(&thread);
                let line = pending.map(|pending| pending.line(Some(result), memory));
                line.map(|line| self.of_thread(thread, &line))
                    .into_iter()
                    .collect()
            }
            Report::Signalled {
                signal,
                code,
                about,
            } => vec![signalled(signal, code, about)],
            Report::Exited { status } => self.last(&format!("+++ exited with {status} +++")),
            Report::Killed { signal } => {
                let name = structure::signal(signal);
                self.last(&format!("+++ killed by {name} +++"))
            }
            _ => Vec::new(),
        }
    }

    /// The lines of what has not returned when the guest ends.
    pub(super) fn unfinished(&mut self) -> Vec<String> {
        let pending = std::mem::take(&mut self.pending).into_iter();
        let lines = pending.map(|(thread, pending)| {
            let line = pending.line(None, Pieces::default());
            self.of_thread(thread, &line)
        });
        lines.collect()
    }

    fn last(&mut self, line: &str) -> Vec<String> {
        let mut lines = self.unfinished();
        lines.push(line.to_owned());
        lines
    }

    fn of_thread(&self, thread: u64, line: &str) -> String {
        if self.has_threads {
            format!("[pid {thread:>5}] {line}")
        } else {
            line.to_owned()
        }
    }
}

impl Pending {
    fn line(&self, result: Option<u64>, behind: Pieces<'_>) -> String {
        let known = table::find(self.number);
        let shown = Shown {
            call: known.unwrap_or(&UNKNOWN),
            args: self.args,
            before: Pieces(&self.memory),
            behind,
            result,
        };
        let mut call = shown.call();
        if known.is_none() {
            let number = u32::try_from(self.number).ok();
            let name = number.and_then(support::name_of);
            let name = name.map_or_else(|| format!("syscall_{:#x}", self.number), str::to_owned);
            call.insert_str(0, &name);
        }
        let is_interrupted = result.is_none() && shown.call.returns != Returns::Nothing;
        let result = if is_interrupted {
            "? <unfinished>".to_owned()
        } else {
            shown.result()
        };
        format!("{call:<width$} = {result}", width = RESULT_COLUMN - 1)
    }
}

/// A signal that reached the program (sigaction(2) has the codes).
fn signalled(signal: u64, code: u64, about: u64) -> String {
    let name = structure::signal(signal);
    let code = text::signed(code, 4);
    let has_address = matches!(signal, 4 | 5 | 7 | 8 | 11) && (1..0x80).contains(&code);
    let (first, second) = (text::signed(about, 4), text::signed(about >> 32, 4));
    let more = match code {
        _ if has_address => format!(", si_addr={}", text::address(about)),
        // Those of kill(2), rt_sigqueueinfo(2) and tkill(2) name the sender.
        0 | -1 | -6 => format!(", si_pid={first}, si_uid={second}"),
        -2 => format!(", si_timerid={first}, si_overrun={second}"),
        _ => String::new(),
    };
    format!(
        "--- {name} {{si_signo={name}, si_code={}{more}}} ---",
        code_name(signal, code)
    )
}

fn code_name(signal: u64, code: i64) -> String {
    let name = match (signal, code) {
        (_, 0) => "SI_USER",
        (_, 0x80) => "SI_KERNEL",
        (_, -1) => "SI_QUEUE",
        (_, -2) => "SI_TIMER",
        (_, -6) => "SI_TKILL",
        (4, 1) => "ILL_ILLOPC",
        (4, 2) => "ILL_ILLOPN",
        (5, 1) => "TRAP_BRKPT",
        (5, 2) => "TRAP_TRACE",
        (7, 1) => "BUS_ADRALN",
        (7, 2) => "BUS_ADRERR",
        (8, 1) => "FPE_INTDIV",
        (8, 2) => "FPE_INTOVF",
        (8, 3) => "FPE_FLTDIV",
        (8, 7) => "FPE_FLTINV",
        (11, 1) => "SEGV_MAPERR",
        (11, 2) => "SEGV_ACCERR",
        _ => return code.to_string(),
    };
    name.to_owned()
}

/// A vector as the target of encoded bytes.
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
