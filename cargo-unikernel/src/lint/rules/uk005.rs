//! UK005: a symbol is undefined.

use super::{Docs, Finding, Level, Module, Rule, Subject, uk001, uk002};
use crate::closure::Interpreter;
use crate::program::elf::{Bound, Symbol};
use crate::support::{self, Abi};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK005",
    about: "a symbol is undefined",
    many: "symbols are undefined",
    docs: Docs {
        what: "The program, or one of its libraries, needs a symbol that no file of the closure defines and, on a kernel that is \
               the C library itself, the kernel does not have either. Nothing is said while a library is missing (UK010).",
        why: "with a dynamic linker in the image, a symbol that is looked up at start is an error: the dynamic linker ends the \
              program before `main`. That is data, an address, everything with `-z now` and with musl. A function that is \
              looked up when it is called ends the program there: a warning. On osv a missing function or address never stops \
              the start: the guest aborts when it is used, so it is a warning for the program and a note for a library; \
              missing data that is copied and missing thread-local storage abort the start, which is an error. A weak \
              symbol may be undefined, and is a note; those that every compiler leaves behind are not told.",
        remedy: "install the library that has it at the version that the program was linked with; or build the program without \
                 the feature that needs it. Some functions of the C library have a checked twin (`__syslog_chk` for `syslog`) \
                 that a build with `-O2 -D_FORTIFY_SOURCE=2` uses instead.",
        example: "#include <mqueue.h>\nint main(void) { return mq_open(\"/q\", 0) < 0; }   // on osv",
    },
    default: Level::Warn,
    check,
};

/// Weak symbols that compilers and their start files leave undefined in any program.
const OF_COMPILERS: [&str; 5] = [
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "_Jv_RegisterClasses",
    "__cxa_finalize",
    "__gmon_start__",
];

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    // What a missing library would have defined is no news.
    let lacks_library = subject
        .closure
        .missing
        .iter()
        .any(|missing| !subject.support.is_library(&missing.name));
    let starts = matches!(
        (&subject.closure.interpreter, subject.support.abi),
        (Interpreter::Found(_), _) | (_, Abi::LibcSymbols)
    );
    if lacks_library || !starts {
        return Vec::new();
    }
    let undefined = subject
        .imports()
        .filter(|(_, import)| is_undefined(subject, import));
    undefined
        .map(|(module, import)| finding(subject, &module, import))
        .collect()
}

fn is_undefined(subject: &Subject<'_>, import: &Symbol) -> bool {
    let name = import.name.as_str();
    if name.is_empty() || subject.defines(name) {
        return false;
    }
    if import.weak && OF_COMPILERS.contains(&name) || import.bound == Bound::Unused {
        return false;
    }
    match subject.support.abi {
        Abi::LinuxSyscall => true,
        Abi::LibcSymbols if uk001::owns(name) || uk002::owns(name) => false,
        Abi::LibcSymbols => subject.support.symbol(name).is_none_or(|known| {
            known.level == support::Level::Missing && known.tolerated.is_none()
        }),
    }
}

fn finding(subject: &Subject<'_>, module: &Module<'_>, import: &Symbol) -> Finding {
    let name = import.name.as_str();
    let (level, answer) = weight(subject, module, import);
    let message = match subject.support.abi {
        Abi::LinuxSyscall => format!("`{}` needs `{name}`, which no library has", module.name),
        Abi::LibcSymbols => format!(
            "`{}` needs `{name}`, which neither `{}` nor a library has",
            module.name, subject.kernel
        ),
    };
    let mut finding = RULE.forbidden(module, name, message, answer);
    finding.level = level;
    let known = subject.support.symbol(name).map(|known| &known.note);
    if let Some(note) = known.filter(|note| !note.is_empty()) {
        finding = finding.note(format!("`{name}`: {note}"));
    }
    let checked = format!("__{name}_chk");
    if subject.support.symbol(&checked).is_some() {
        finding = finding.help(format!(
            "`{}` has `{checked}`: compile with `-O2 -D_FORTIFY_SOURCE=2`",
            subject.kernel
        ));
    }
    finding
}

/// When the missing symbol is met, and what that makes of it.
fn weight(subject: &Subject<'_>, module: &Module<'_>, import: &Symbol) -> (Level, String) {
    let by_module = if module.is_program {
        Level::Warn
    } else {
        Level::Note
    };
    if import.weak {
        return (Level::Note, "is weak, and stays null".to_owned());
    }
    let is_musl = matches!(&subject.closure.interpreter, Interpreter::Found(linker) if linker.name.contains("ld-musl"));
    let (level, answer) = match (subject.support.abi, import.bound) {
        (Abi::LibcSymbols, Bound::Content) => {
            (Level::Deny, "is looked up at start, where the guest aborts")
        }
        (Abi::LibcSymbols, _) => (by_module, "is missing: the guest aborts when it is used"),
        (Abi::LinuxSyscall, Bound::Call) if !module.facts.bind_now && !is_musl => (
            by_module,
            "is looked up when it is called, and ends the program there",
        ),
        (Abi::LinuxSyscall, _) => (
            Level::Deny,
            "is looked up at start, where the dynamic linker gives up",
        ),
    };
    (level, answer.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, expect_found, found_on, library};

    fn check_on(kernel: &str, source: &str, args: &[&str], expected: &[(&str, Level)]) {
        expect_found(check, kernel, &closure_of_c(source, args), expected);
    }

    #[test]
    fn function_that_the_kernel_lacks_is_a_warning() {
        let source = "#include <mqueue.h>\nint main(void) { return mq_open(\"/q\", 0) < 0; }";
        check_on("osv", source, &[], &[("mq_open", Level::Warn)]);
        check_on("nanos", source, &[], &[]);
    }

    #[test]
    fn when_it_is_looked_up_decides() {
        let check = |kernel, source, binding, level| {
            check_on(
                kernel,
                source,
                &["-shared", "-fPIC", binding],
                &[("nowhere", level)],
            );
        };
        let call = "void nowhere(void); int main(void) { nowhere(); return 0; }";
        check("nanos", call, "-Wl,-z,lazy", Level::Warn);
        check("nanos", call, "-Wl,-z,now", Level::Deny);
        check("osv", call, "-Wl,-z,now", Level::Warn);
        let data = "extern int nowhere; int main(void) { return nowhere; }";
        check("nanos", data, "-Wl,-z,lazy", Level::Deny);
        check("osv", data, "-Wl,-z,lazy", Level::Warn);
        let local = "extern __thread int nowhere; int main(void) { return nowhere; }";
        check("osv", local, "-Wl,-z,lazy", Level::Deny);
    }

    #[test]
    fn weak_symbol_is_a_note() {
        let source = "__attribute__((weak)) void nowhere(void); int main(void) { if (nowhere) nowhere(); return 0; }";
        check_on(
            "nanos",
            source,
            &["-shared", "-fPIC"],
            &[("nowhere", Level::Note)],
        );
        check_on("osv", "int main(void) { return 0; }", &[], &[]);
    }

    #[test]
    fn checked_twin_is_proposed() {
        let source = "#include <syslog.h>\nint main(void) { syslog(1, \"a\"); return 0; }";
        let closure = closure_of_c(source, &[]);
        let found = found_on("osv", &closure, check);
        assert!(found[0].help.as_ref().unwrap().contains("FORTIFY"));
    }

    #[test]
    fn missing_library_comes_first() {
        let source = "void nowhere(void); int main(void) { nowhere(); return 0; }";
        let mut closure = closure_of_c(source, &["-shared", "-fPIC"]);
        closure.missing.push(crate::closure::Missing {
            name: "libnowhere.so".to_owned(),
            needed_by: Vec::new(),
            looked_in: Vec::new(),
            unfit: Vec::new(),
        });
        assert_eq!(found_on("nanos", &closure, check), []);
    }

    #[test]
    fn library_is_named() {
        let mut closure = closure_of_c("int main(void) { return 0; }", &[]);
        let source = "#include <mqueue.h>\nint open_it(void) { return mq_open(\"/q\", 0); }";
        let facts = closure_of_c(source, &["-shared", "-fPIC"]).program.facts;
        closure
            .libraries
            .push(library("libq.so.1", facts, &["app"]));
        let found = found_on("osv", &closure, check);
        assert_eq!(found[0].library.as_deref(), Some("libq.so.1"));
        assert_eq!(found[0].level, Level::Note);
    }
}
