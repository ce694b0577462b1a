//! UK001: another process would be made.

use super::{Docs, Finding, Level, Rule, Subject, call_answer, symbol_answer};
use crate::support::Abi;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK001",
    about: "another process would be made",
    many: "imported functions make processes",
    docs: Docs {
        what: "The program, or one of its libraries, imports a function that makes a process: `fork`, `vfork`, `posix_spawn`, \
               `system`, `popen`, `daemon`, `wordexp`, `forkpty` and their kin; or the program's own code makes system call 57 \
               (`fork`), 58 (`vfork`), or 56 (`clone`) without shared memory, as the `fork` of a static C library does.",
        why: "a unikernel runs one process. There the call fails, or takes the guest down. That it is imported does not mean \
              that it is ever called: many servers fork only when they are told to become daemons, and many libraries have \
              functions that fork and that nobody calls. So it is a warning for the program and a note for a library.",
        remedy: "start the program so that it stays in the foreground (the unikernel is the daemon), and without helper \
                 processes; use threads where it forks to do work; build libraries without the feature that needs a process. \
                 When the call can't happen, waive it with the reason in `[[lint.allow]]`.",
        example: "#include <unistd.h>\nint main(void) { return fork() < 0; }",
    },
    default: Level::Warn,
    check,
};

/// The functions that make a process.
const FUNCTIONS: [&str; 17] = [
    "_Fork",
    "__fork",
    "__libc_fork",
    "__vfork",
    "clone",
    "clone3",
    "daemon",
    "fork",
    "forkpty",
    "pidfd_spawn",
    "pidfd_spawnp",
    "popen",
    "posix_spawn",
    "posix_spawnp",
    "system",
    "vfork",
    "wordexp",
];

/// The system calls that make one, whatever their arguments.
const CALLS: [(u32, &str); 2] = [(57, "fork"), (58, "vfork")];

/// Whether a function makes a process, or prepares one: other rules leave it to this one.
pub(super) fn owns(function: &str) -> bool {
    FUNCTIONS.contains(&function) || function.starts_with("posix_spawn")
}

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (module, import) in subject.imports() {
        let name = import.name.as_str();
        let answer = answer_to(subject, name).filter(|_| !subject.stays_null(import));
        let Some(answer) = answer else {
            continue;
        };
        let message = format!("`{}` imports `{name}`, which makes a process", module.name);
        let finding = RULE.forbidden(&module, name, message, answer);
        found.push(finding.help(help(name)));
    }
    found.extend(RULE.made_by_number(subject, &CALLS, help));
    found.extend(copy(subject));
    found
}

/// The finding for a `clone` that makes a process.
fn copy(subject: &Subject<'_>) -> Option<Finding> {
    let address = subject.numbers.copies_process?;
    let answer = call_answer(subject, "fork")?;
    let program = subject.program();
    let message = format!(
        "`{}` makes a process by system call 56 (`clone`) at {address:#x}",
        program.name
    );
    let mut finding = RULE.forbidden(&program, "clone", message, answer);
    if subject.is_static() {
        // The C library's code is in there, called or not.
        finding.level = Level::Note;
    }
    Some(finding.help(help("clone")))
}

/// What the kernel answers to a function that makes a process; `None` when it makes one.
fn answer_to(subject: &Subject<'_>, name: &str) -> Option<String> {
    match subject.support.abi {
        Abi::LinuxSyscall if FUNCTIONS.contains(&name) => {
            let call = if name.contains("vfork") {
                "vfork"
            } else {
                "fork"
            };
            let answer = call_answer(subject, call)?;
            Some(match name == call {
                true => answer,
                false => format!("fails: system call `{call}` {answer}"),
            })
        }
        Abi::LibcSymbols if owns(name) && !subject.defines(name) => symbol_answer(subject, name),
        _ => None,
    }
}

fn help(function: &str) -> &'static str {
    match function {
        "daemon" => "keep the program in the foreground: the unikernel is the daemon",
        "system" | "popen" | "wordexp" => {
            "there is no shell to run: do in the program what the command would do"
        }
        "forkpty" => "there is no terminal to give: do the work in a thread",
        _ => {
            "keep the program in the foreground and let it do its work in threads; waive it when the call can't happen"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    const FORKS: &str = "#include <unistd.h>\nint main(void) { return fork() < 0; }";

    fn check_on(kernel: &str, source: &str, args: &[&str], expected: &[(&str, Level, &str)]) {
        let closure = closure_of_c(source, args);
        let found = found_on(kernel, &closure, check);
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.symbol.as_deref().unwrap(), f.level, f.answer.as_str()))
            .collect();
        assert_eq!(found, expected, "{kernel}");
    }

    #[test]
    fn import_is_a_warning_with_the_kernels_answer() {
        let missing = "is missing and gives ENOSYS";
        check_on("nanos", FORKS, &[], &[("fork", Level::Warn, missing)]);
        let refused = "is missing and gives ENOSYS: no processes (UK001)";
        check_on("builtin", FORKS, &[], &[("fork", Level::Warn, refused)]);
        let stub = "is a stub: -1, errno untouched";
        check_on("osv", FORKS, &[], &[("fork", Level::Warn, stub)]);
    }

    #[test]
    fn spawn_is_missing_where_symbols_count() {
        let source = "#include <spawn.h>\nint main(void) { posix_spawn_file_actions_t a; posix_spawn_file_actions_init(&a);\
                      return posix_spawn(0, \"\", &a, 0, 0, 0); }";
        let closure = closure_of_c(source, &[]);
        let found = found_on("osv", &closure, check);
        let names: Vec<_> = found.iter().filter_map(|f| f.symbol.as_deref()).collect();
        assert_eq!(names, ["posix_spawn", "posix_spawn_file_actions_init"]);
        assert!(found[0].answer.contains("aborts"), "{}", found[0].answer);
        assert_eq!(found_on("nanos", &closure, check).len(), 1);
    }

    #[test]
    fn number_in_the_programs_own_code_is_seen() {
        let source = "int main(void) { long n; __asm__ volatile(\"syscall\" : \"=a\"(n) : \"a\"(57L) : \"rcx\", \"r11\"); return n == 0; }";
        let missing = "is missing and gives ENOSYS";
        check_on("nanos", source, &["-O2"], &[("fork", Level::Warn, missing)]);
    }

    #[test]
    fn fork_of_a_static_c_library_is_seen() {
        let missing = "is missing and gives ENOSYS";
        check_on(
            "nanos",
            FORKS,
            &["-static"],
            &[("clone", Level::Note, missing)],
        );
        check_on("nanos", "int main(void) { return 0; }", &["-static"], &[]);
    }

    #[test]
    fn weak_import_that_nobody_has_is_quiet() {
        let source = "__attribute__((weak)) int pidfd_spawnp(void); int main(void) { return pidfd_spawnp ? pidfd_spawnp() : 0; }";
        for kernel in ["nanos", "osv"] {
            check_on(kernel, source, &["-shared", "-fPIC"], &[]);
        }
    }

    #[test]
    fn program_without_processes_is_quiet() {
        for kernel in ["builtin", "nanos", "osv"] {
            check_on(kernel, "int main(void) { return 0; }", &[], &[]);
        }
    }

    #[test]
    fn library_alone_is_a_note_that_names_it() {
        let mut closure = closure_of_c("int main(void) { return 0; }", &[]);
        closure.libraries.push(crate::test_support::library(
            "libwrap.so.0",
            closure_of_c(FORKS, &["-shared", "-fPIC"]).program.facts,
            &["app", "libfront.so.1"],
        ));
        let found = found_on("nanos", &closure, check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].level, Level::Note);
        assert_eq!(found[0].library.as_deref(), Some("libwrap.so.0"));
        assert_eq!(found[0].needed_by, ["app", "libfront.so.1"]);
    }
}
