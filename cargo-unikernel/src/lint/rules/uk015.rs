//! UK015: the dynamic linker is missing.

use super::{Finding, Level, Rule, Subject};
use crate::closure::Interpreter;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK015",
    about: "the dynamic linker is missing, or is for another machine",
    docs: "The program names a dynamic linker (PT_INTERP) that the root in which libraries are looked up does not have, so \
           nothing could start it. Install the C library that the program was linked with, name the root that has it with \
           `--sysroot`, or link the program with `-static-pie`, which needs no dynamic linker.",
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Interpreter::Missing(missing) = &subject.closure.interpreter else {
        return Vec::new();
    };
    let place = subject.closure.program.path.display().to_string();
    let mut finding = RULE.finding(
        place,
        format!("dynamic linker `{}` is not found", missing.name),
    );
    finding.notes.extend(missing.unfit.clone());
    finding
        .notes
        .push(format!("looked below {}", missing.looked_in.join(", ")));
    finding.help = Some(
        "install the C library it belongs to, name the root that has it with `--sysroot`, or link with `-static-pie`".to_owned(),
    );
    vec![finding]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Support;
    use crate::test_support::closure_of_c;

    #[test]
    fn missing_linker_is_found() {
        let source = "int main(void) { return 0; }";
        let closure = closure_of_c(source, &["-Wl,--dynamic-linker=/lib/nowhere.so"]);
        let support = Support::default();
        let found = check(&Subject {
            closure: &closure,
            support: &support,
            kernel: "builtin",
        });
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("/lib/nowhere.so"));
    }
}
