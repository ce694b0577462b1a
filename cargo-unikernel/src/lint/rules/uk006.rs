//! UK006: a symbol is only a stub on this kernel.

use super::{Docs, Finding, Level, Rule, Subject, answer, uk001, uk002};
use crate::support::{self, Abi};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK006",
    about: "a function of the C library does less than it says",
    many: "functions do less than they say",
    docs: Docs {
        what: "On a kernel that is the C library itself, the program or one of its libraries imports a function that the kernel \
               has as a stub, ignores, has in part, or that takes the guest down in some cases. What is partial is told for \
               the program only. A library of the image that defines the function stands in for the kernel's.",
        why: "that a symbol is there does not say that it works: a stub answers with an error, an ignored one reports success \
              without the effect. Those are notes. One that takes the guest down is a warning for the program.",
        remedy: "read what it answers, and check whether the program depends on it; give the image a library that defines the \
                 function, or build the program without the feature.",
        example: "#include <sys/inotify.h>\nint main(void) { return inotify_init() < 0; }   // on osv",
    },
    default: Level::Note,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.support.abi != Abi::LibcSymbols {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (module, import) in subject.imports() {
        let name = import.name.as_str();
        if subject.defines(name)
            || subject.support.cured(name).is_some()
            || uk001::owns(name)
            || uk002::owns(name)
        {
            continue;
        }
        let Some(known) = subject.support.symbol(name) else {
            continue;
        };
        let told = match known.level {
            support::Level::Full | support::Level::Missing => false,
            support::Level::Partial => module.is_program,
            _ => true,
        };
        let tolerated = known.tolerated.as_deref();
        let answer = answer(known.level, &known.note, tolerated, Abi::LibcSymbols);
        let Some(answer) = answer.filter(|_| told) else {
            continue;
        };
        let message = format!("`{}` imports `{name}`, which {answer}", module.name);
        let mut finding = RULE.forbidden(&module, name, message, answer);
        if known.level == support::Level::Abort && module.is_program {
            finding.level = Level::Warn;
        }
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    #[test]
    fn stub_is_a_note_and_abort_a_warning() {
        let source = "#include <sys/inotify.h>\n#include <unistd.h>\nint main(void) { return inotify_init() + setuid(1); }";
        let closure = closure_of_c(source, &[]);
        let found = found_on("osv", &closure, check);
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.symbol.as_deref().unwrap(), f.level))
            .collect();
        assert_eq!(
            found,
            [("inotify_init", Level::Note), ("setuid", Level::Warn)]
        );
        assert_eq!(found_on("nanos", &closure, check), []);
    }

    #[test]
    fn what_works_is_quiet() {
        let closure = closure_of_c(
            "#include <stdio.h>\nint main(void) { return puts(\"a\"); }",
            &[],
        );
        assert_eq!(found_on("osv", &closure, check), []);
    }

    #[test]
    fn own_definition_stands_in() {
        let source =
            "int inotify_init(void) { return 3; }\nint main(void) { return inotify_init(); }";
        let closure = closure_of_c(source, &["-shared", "-fPIC"]);
        assert_eq!(found_on("osv", &closure, check), []);
    }
}
