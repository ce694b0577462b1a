//! UK012: text relocations.

use super::{Finding, Level, Rule, Subject};
use crate::program::elf::ElfFacts;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK012",
    about: "code would have to be changed when it is relocated",
    docs: "The file has text relocations (DT_TEXTREL): parts of it were not compiled position-independently, so the dynamic \
           linker would have to write into its code. A kernel that never maps memory writable and executable at once refuses \
           that. Compile every object with `-fPIC` (hand-written assembly: use `@PLT` and `@GOTPCREL`); the linker names the \
           objects with `-Wl,-z,text`.",
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let closure = subject.closure;
    let program = (&closure.program.path, &closure.program.facts);
    let libraries = closure
        .libraries
        .iter()
        .map(|library| (&library.host, &library.facts));
    let has_them = |(_, facts): &(_, &ElfFacts)| facts.text_relocations;
    std::iter::once(program)
        .chain(libraries)
        .filter(has_them)
        .map(|(path, _)| {
            let message =
                "the file has text relocations: its code is not position-independent".to_owned();
            let mut finding = RULE.finding(path.display().to_string(), message);
            finding.help = Some(
                "compile all of it with `-fPIC`; `-Wl,-z,text` names the objects that are not"
                    .to_owned(),
            );
            finding
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Support;
    use crate::test_support::closure_of_c;

    #[test]
    fn code_that_is_not_position_independent_is_found() {
        let source =
            "extern int x; __asm__(\".text\\n.quad main\\n\"); int main(void) { return 0; }";
        let support = Support::default();
        let n_found = |args: &[&str]| {
            let closure = closure_of_c(source, args);
            let subject = Subject {
                closure: &closure,
                support: &support,
                kernel: "builtin",
            };
            check(&subject).len()
        };
        assert_eq!(n_found(&["-shared", "-fPIC", "-Wl,-z,notext"]), 1);
        let clean = closure_of_c("int main(void) { return 0; }", &["-shared", "-fPIC"]);
        assert!(!clean.program.facts.text_relocations);
    }
}
