//! UK004: a system call does less than it says.

use super::uk003::{imported, is_of_process};
use super::{Docs, Finding, Level, Module, Rule, Subject, answer};
use crate::support::{self, Abi, Call};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK004",
    about: "a system call does less than it says",
    many: "system calls do less than they say",
    docs: Docs {
        what: "The program, or one of its libraries, imports a function whose system call the kernel has in part, as a stub or \
               as one that is ignored; or the program's own code makes such a call. What is partial is told for the program \
               only, and not for a static one.",
        why: "the call mostly does what the program needs; where it does not, it answers with an error (stub) or, worse, \
              reports success without the effect (ignored): a file is not locked, an owner does not change. The text behind it \
              says what is missing.",
        remedy: "read what is missing, and check whether the program depends on it; it is a note, and nothing stands in the \
                 way.",
        example: "#include <sys/file.h>\nint main(void) { return flock(0, LOCK_EX); }   // on nanos",
    },
    default: Level::Note,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (module, function, call) in imported(subject) {
        let Some((call, answer)) = less(call, told_from(&module)) else {
            continue;
        };
        let message = format!(
            "`{}` imports `{function}`, whose system call {answer}",
            module.name
        );
        let mut finding = RULE.forbidden(&module, function, message, answer);
        if call.level == support::Level::Abort && module.is_program {
            finding.level = Level::Warn;
        }
        found.push(finding);
    }
    for (number, address) in &subject.numbers.sites {
        let call = subject.support.by_number(*number);
        let lowest = if subject.is_static() {
            support::Level::Ignored
        } else {
            support::Level::Partial
        };
        let Some((call, answer)) = less(call, lowest) else {
            continue;
        };
        if is_of_process(*number) {
            continue;
        }
        let program = subject.program();
        let message = format!(
            "`{}` makes system call {number} (`{}`) at {address:#x}, which {answer}",
            program.name, call.name
        );
        found.push(RULE.forbidden(&program, &call.name, message, answer));
    }
    found
}

/// The least of the levels that are told of this file.
fn told_from(module: &Module<'_>) -> support::Level {
    if module.is_program {
        support::Level::Partial
    } else {
        support::Level::Ignored
    }
}

/// What a call does less than it says, if it does that much less.
fn less(call: Option<&Call>, lowest: support::Level) -> Option<(&Call, String)> {
    let call = call.filter(|call| call.level != support::Level::Missing)?;
    if call.level < lowest {
        return None;
    }
    let answer = answer(
        call.level,
        &call.note,
        call.tolerated.as_deref(),
        Abi::LinuxSyscall,
    )?;
    Some((call, answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    #[test]
    fn ignored_call_is_a_note_with_the_text() {
        let source = "#include <sys/file.h>\nint main(void) { return flock(0, LOCK_EX); }";
        let closure = closure_of_c(source, &[]);
        let found = found_on("nanos", &closure, check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].level, Level::Note);
        assert_eq!(found[0].answer, "is ignored: returns 0, gives no locking");
    }

    #[test]
    fn full_and_missing_calls_are_not_its_own() {
        let source = "#include <unistd.h>\n#include <sys/ptrace.h>\nint main(void) { return read(0, 0, 0) + ptrace(0, 0, 0, 0); }";
        let closure = closure_of_c(source, &[]);
        assert_eq!(found_on("nanos", &closure, check), []);
    }
}
