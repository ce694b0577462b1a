//! UK002: another program would be run.

use super::{Docs, Finding, Level, Rule, Subject, call_answer, symbol_answer};
use crate::support::Abi;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK002",
    about: "another program would be run",
    many: "imported functions run other programs",
    docs: Docs {
        what: "The program, or one of its libraries, imports a function of the `exec` family (`execve`, `execv`, `execlp`, \
               `fexecve` and their kin); or the program's own code makes system call 59 (`execve`) or 322 (`execveat`).",
        why: "an image holds one program, and the kernel starts that one only. There the call fails, or takes the guest down. \
              As with UK001, an import does not show that it is ever called: it is a warning for the program and a note for a \
              library.",
        remedy: "configure the program so that it runs no other (helpers, hooks, scripts, compressors); link what it would run \
                 as a library. When the call can't happen, waive it with the reason in `[[lint.allow]]`.",
        example: "#include <unistd.h>\nint main(void) { return execl(\"/bin/sh\", \"sh\", (char *)0); }",
    },
    default: Level::Warn,
    check,
};

const FUNCTIONS: [&str; 9] = [
    "execl", "execle", "execlp", "execv", "execve", "execveat", "execvp", "execvpe", "fexecve",
];

const HELP: &str =
    "configure the program so that it runs no other; waive it when the call can't happen";

const CALLS: [(u32, &str); 2] = [(59, "execve"), (322, "execveat")];

/// Whether a function runs another program: other rules leave it to this one.
pub(super) fn owns(function: &str) -> bool {
    FUNCTIONS.contains(&function)
}

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (module, import) in subject.imports().filter(|(_, import)| owns(&import.name)) {
        let name = import.name.as_str();
        let answer = answer_to(subject, name).filter(|_| !subject.stays_null(import));
        let Some(answer) = answer else {
            continue;
        };
        let message = format!(
            "`{}` imports `{name}`, which runs another program",
            module.name
        );
        found.push(RULE.forbidden(&module, name, message, answer).help(HELP));
    }
    found.extend(RULE.made_by_number(subject, &CALLS, |_| HELP));
    found
}

fn answer_to(subject: &Subject<'_>, name: &str) -> Option<String> {
    match subject.support.abi {
        Abi::LinuxSyscall => {
            let answer = call_answer(subject, "execve")?;
            Some(match name {
                "execve" => answer,
                _ => format!("fails: system call `execve` {answer}"),
            })
        }
        Abi::LibcSymbols if subject.defines(name) => None,
        Abi::LibcSymbols => symbol_answer(subject, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    #[test]
    fn each_kernel_answers_in_its_way() {
        let source = "#include <unistd.h>\nint main(void) { execlp(\"a\", \"a\", (char *)0); return execv(\"a\", 0); }";
        let closure = closure_of_c(source, &[]);
        let answers = |kernel: &str| -> Vec<String> {
            let found = found_on(kernel, &closure, check);
            found.into_iter().map(|finding| finding.answer).collect()
        };
        let missing = "fails: system call `execve` is missing and gives ENOSYS";
        assert_eq!(answers("nanos"), [missing, missing]);
        let osv = answers("osv");
        assert!(osv[0].contains("aborts"), "{osv:?}");
        assert!(osv[1].contains("is a stub: -1, ENOEXEC"), "{osv:?}");
    }

    #[test]
    fn program_that_runs_no_other_is_quiet() {
        let closure = closure_of_c("int main(void) { return 0; }", &[]);
        assert_eq!(found_on("nanos", &closure, check), []);
        assert_eq!(found_on("osv", &closure, check), []);
    }
}
