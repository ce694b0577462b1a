//! UK003: a system call is missing.

use super::{Docs, Finding, Level, Rule, Subject, answer, uk001, uk002};
use crate::lint::wrappers;
use crate::support::{self, Abi, Call};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK003",
    about: "a system call is missing",
    many: "system calls are missing",
    docs: Docs {
        what: "The program, or one of its libraries, imports a function of the C library whose system call the kernel does not \
               have; or the program's own code makes a system call that it does not have, with a number that stands beside the \
               `syscall` instruction.",
        why: "the call fails with ENOSYS, as on an old Linux kernel. Many programs have another way and carry on; some end \
              there. The C library's own calls are not judged, nor are those that programs are known to carry on without. An \
              import is a note; a call that the program's own code makes is a warning, but for a static program, which holds \
              the C library's code whether it is called or not.",
        remedy: "switch the feature off that needs it, or choose another kernel: `cargo unikernel kernel support` lists what \
                 each has. When the program carries on without, waive it with the reason in `[[lint.allow]]`.",
        example: "#include <sys/ptrace.h>\nint main(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) != 0; }",
    },
    default: Level::Warn,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (module, function, call) in imported(subject) {
        let Some(answer) = missing(call) else {
            continue;
        };
        let message = format!(
            "`{}` imports `{function}`, whose system call is missing",
            module.name
        );
        let mut finding = RULE.forbidden(&module, function, message, answer);
        // Most programs that name one have another way: Rust's `std::fs::copy` names four calls, and one is enough.
        finding.level = Level::Note;
        found.push(finding);
    }
    for (number, address) in &subject.numbers.sites {
        let call = subject.support.by_number(*number);
        let Some(answer) = missing(call).filter(|_| !is_of_process(*number)) else {
            continue;
        };
        let program = subject.program();
        let name = support::name_of(*number).map_or_else(|| number.to_string(), str::to_owned);
        let message = format!(
            "`{}` makes system call {number} (`{name}`) at {address:#x}, which is missing",
            program.name
        );
        let mut finding = RULE.forbidden(&program, &name, message, answer);
        if subject.is_static() {
            finding.level = Level::Note;
        }
        found.push(finding);
    }
    found
}

/// Imported functions that are system calls, each with the best of those that can do its work; `None` when the kernel has none
/// of them. Only where the C library comes with the program.
pub(super) fn imported<'a>(
    subject: &'a Subject<'_>,
) -> impl Iterator<Item = (crate::lint::Module<'a>, &'a str, Option<&'a Call>)> {
    let counts = subject.support.abi == Abi::LinuxSyscall;
    let imports = subject.imports().filter(move |_| counts);
    imports.filter_map(|(module, import)| {
        let function = import.name.as_str();
        let calls = wrappers::calls_of(function);
        if calls.is_empty()
            || subject.stays_null(import)
            || uk001::owns(function)
            || uk002::owns(function)
        {
            return None;
        }
        let known = calls
            .iter()
            .filter_map(|call| subject.support.by_name(call));
        let call = known.min_by_key(|call| call.level);
        // Threads are all that it asks `clone` for, and what is partial about that is processes.
        let is_thread = function == "pthread_create";
        if is_thread && call.is_some_and(|call| call.level == support::Level::Partial) {
            return None;
        }
        Some((module, function, call))
    })
}

/// Whether UK001 or UK002 judges this number; `clone` makes threads as well.
pub(super) fn is_of_process(number: u32) -> bool {
    matches!(number, 56..=59 | 322 | 435)
}

fn missing(call: Option<&Call>) -> Option<String> {
    let abi = Abi::LinuxSyscall;
    match call {
        None => answer(support::Level::Missing, "", None, abi),
        Some(call) if call.level == support::Level::Missing => {
            answer(call.level, &call.note, call.tolerated.as_deref(), abi)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, expect_found, found_on};

    fn check_on(kernel: &str, source: &str, args: &[&str], expected: &[(&str, Level)]) {
        expect_found(check, kernel, &closure_of_c(source, args), expected);
    }

    #[test]
    fn import_whose_call_is_missing_is_a_note() {
        let source = "#include <sys/ptrace.h>\nint main(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) != 0; }";
        check_on("nanos", source, &[], &[("ptrace", Level::Note)]);
        // There the C library's names count.
        check_on("osv", source, &[], &[]);
    }

    #[test]
    fn number_is_judged_on_every_kernel() {
        let source = "int main(void) { long n; __asm__ volatile(\"syscall\" : \"=a\"(n) : \"a\"(101L) : \"rcx\", \"r11\"); return n == 0; }";
        for kernel in ["nanos", "osv"] {
            check_on(kernel, source, &["-O2"], &[("ptrace", Level::Warn)]);
        }
    }

    #[test]
    fn static_programs_code_is_a_note() {
        let source = "#include <sys/ptrace.h>\nint main(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) != 0; }";
        let closure = closure_of_c(source, &["-static-pie", "-fPIE"]);
        let found = found_on("nanos", &closure, check);
        let ptrace = found.iter().find(|f| f.symbol.as_deref() == Some("ptrace"));
        assert_eq!(ptrace.unwrap().level, Level::Note);
        assert!(found.iter().all(|f| f.level == Level::Note));
    }

    #[test]
    fn what_is_there_or_tolerated_is_quiet() {
        let source = "#include <unistd.h>\nint main(void) { return read(0, 0, 0); }";
        check_on("nanos", source, &[], &[]);
        let rseq = "int main(void) { long n; __asm__ volatile(\"syscall\" : \"=a\"(n) : \"a\"(334L) : \"rcx\", \"r11\"); return n == 0; }";
        check_on("nanos", rseq, &["-O2"], &[]);
        let thread = "#include <pthread.h>\nint main(void) { return pthread_create(0, 0, 0, 0); }";
        check_on("nanos", thread, &[], &[]);
    }
}
