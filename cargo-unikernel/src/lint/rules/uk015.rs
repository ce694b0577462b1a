//! UK015: the dynamic linker is missing.

use super::{Docs, Finding, Level, Rule, Subject};
use crate::closure::Interpreter;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK015",
    about: "the dynamic linker is missing, or is for another machine",
    many: "dynamic linkers are missing",
    docs: Docs {
        what: "The program names a dynamic linker (PT_INTERP) that the root in which libraries are looked up does not have, or \
               has for another machine only. osv links programs itself and does not ask for it.",
        why: "nothing in the guest could start the program: the kernel hands it to its dynamic linker.",
        remedy: "install the C library that the program was linked with, name the root that has it with `--sysroot`, or link \
                 the program with `-static-pie`, which needs no dynamic linker.",
        example: "cc -Wl,--dynamic-linker=/lib/nowhere.so -o app app.c",
    },
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Interpreter::Missing(missing) = &subject.closure.interpreter else {
        return Vec::new();
    };
    if subject.support.is_library(&missing.name) {
        return Vec::new();
    }
    let message = format!("dynamic linker `{}` is not found", missing.name);
    let mut finding = RULE.finding(&subject.program(), message);
    finding.symbol = Some(missing.name.clone());
    finding.notes.extend(missing.unfit.clone());
    let looked = format!("looked below {}", missing.looked_in.join(", "));
    vec![finding.note(looked).help(
        "install the C library it belongs to, name the root that has it with `--sysroot`, or link with `-static-pie`",
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    const SOURCE: &str = "int main(void) { return 0; }";

    #[test]
    fn missing_linker_is_found() {
        let closure = closure_of_c(SOURCE, &["-Wl,--dynamic-linker=/lib/nowhere.so"]);
        let found = found_on("builtin", &closure, check);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("/lib/nowhere.so"));
        let clean = closure_of_c(SOURCE, &[]);
        assert_eq!(found_on("builtin", &clean, check), []);
    }

    #[test]
    fn linker_that_is_never_started_may_be_missing() {
        let path = "-Wl,--dynamic-linker=/nowhere/ld-linux-x86-64.so.2";
        let closure = closure_of_c(SOURCE, &[path]);
        assert_eq!(found_on("osv", &closure, check), []);
        assert_eq!(found_on("nanos", &closure, check).len(), 1);
    }
}
