//! UK012: relocations that can't be done.

use super::{Docs, Finding, Level, Rule, Subject};
use crate::support::relocation_name;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK012",
    about: "code would have to be changed when it is relocated, or a relocation is not known",
    many: "relocations are in the way",
    docs: Docs {
        what: "The file has text relocations (DT_TEXTREL): parts of it were not compiled position-independently. Or it has a \
               dynamic relocation of a type that the kernel, where it links programs itself (osv), does not know.",
        why: "the dynamic linker would have to write into code, and a kernel that never maps memory writable and executable at \
              once refuses that; osv does it, so it is a warning there. A relocation that is not known aborts the guest at \
              start.",
        remedy: "compile every object with `-fPIC` (hand-written assembly: use `@PLT` and `@GOTPCREL`); the linker names the \
                 objects with `-Wl,-z,text`.",
        example: "__asm__(\".text\\n.quad main\");    // linked with -shared -Wl,-z,notext",
    },
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let elf = &subject.support.elf;
    for module in subject.modules() {
        if module.facts.text_relocations {
            let message = format!(
                "`{}` has text relocations: its code is not position-independent",
                module.name
            );
            let mut finding = RULE.finding(&module, message);
            if elf.text_relocations {
                finding.level = Level::Warn;
            }
            found.push(finding.help(
                "compile all of it with `-fPIC`; `-Wl,-z,text` names the objects that are not",
            ));
        }
        let Some(known) = &elf.relocations else {
            continue;
        };
        for kind in module
            .facts
            .relocations
            .iter()
            .filter(|kind| !known.contains(kind))
        {
            let name = relocation_name(*kind)
                .map_or_else(|| kind.to_string(), |name| format!("R_X86_64_{name}"));
            let message = format!(
                "`{}` has relocations of type {name}, which `{}` does not know",
                module.name, subject.kernel
            );
            found.push(
                RULE.finding(&module, message)
                    .help("compile all of it with `-fPIC`"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    #[test]
    fn code_that_is_not_position_independent_is_found() {
        let source =
            "extern int x; __asm__(\".text\\n.quad main\\n\"); int main(void) { return 0; }";
        let closure = closure_of_c(source, &["-shared", "-fPIC", "-Wl,-z,notext"]);
        let level = |kernel| found_on(kernel, &closure, check)[0].level;
        assert_eq!(level("builtin"), Level::Deny);
        assert_eq!(level("osv"), Level::Warn);
        let clean = closure_of_c("int main(void) { return 0; }", &["-shared", "-fPIC"]);
        assert_eq!(found_on("builtin", &clean, check), []);
    }

    #[test]
    fn unknown_relocation_is_named() {
        let mut closure = closure_of_c("int main(void) { return 0; }", &[]);
        assert_eq!(found_on("osv", &closure, check), []);
        closure.program.facts.relocations.insert(2);
        let found = found_on("osv", &closure, check);
        let named = found.iter().any(|f| f.message.contains("R_X86_64_PC32"));
        assert!(named, "{found:?}");
    }
}
