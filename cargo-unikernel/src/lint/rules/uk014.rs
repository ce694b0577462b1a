//! UK014: memory that need not be writable or executable is.

use super::{Docs, Finding, Level, Rule, Subject};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK014",
    about: "memory is executable or writable that need not be",
    many: "protections are missing",
    docs: Docs {
        what: "The file asks for an executable stack (PT_GNU_STACK, or none at all), has a segment that is writable and \
               executable at once, or leaves what the dynamic linker writes at start writable (no PT_GNU_RELRO).",
        why: "a bug in the program is then easier to exploit; and a kernel that never maps memory writable and executable at \
              once refuses such a stack or segment.",
        remedy: "assembly files need `.section .note.GNU-stack,\"\",@progbits`; nested functions of GNU C whose address is \
                 taken need an executable stack, so write them another way; link with `-Wl,-z,relro` and without `-N`.",
        example: "cc -z execstack -o app app.c",
    },
    default: Level::Warn,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for module in subject.modules() {
        let facts = module.facts;
        if !facts.is_x86_64() || facts.elf_type == crate::program::elf::ElfType::Relocatable {
            continue;
        }
        let asks = [
            (
                facts.executable_stack,
                "asks for an executable stack",
                "link with `-z noexecstack`; assembly files need a `.note.GNU-stack` section",
            ),
            (
                facts.writable_code,
                "has a segment that is writable and executable at once",
                "link it without `-N`, and with `-Wl,-z,separate-code`",
            ),
            (
                facts.is_dynamic && !facts.relocations.is_empty() && !facts.relro,
                "leaves what the dynamic linker writes at start writable",
                "link with `-Wl,-z,relro`",
            ),
        ];
        for (_, what, help) in asks.into_iter().filter(|(asked, _, _)| *asked) {
            let message = format!("`{}` {what}", module.name);
            found.push(RULE.finding(&module, message).help(help));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on};

    fn check_args(args: &[&str], expected: &[&str]) {
        let closure = closure_of_c("int main(void) { return 0; }", args);
        let found = found_on("builtin", &closure, check);
        assert_eq!(found.len(), expected.len(), "{args:?}: {found:?}");
        for (finding, expected) in found.iter().zip(expected) {
            assert!(finding.message.contains(expected), "{}", finding.message);
        }
    }

    #[test]
    fn missing_protections_are_found() {
        check_args(&[], &[]);
        check_args(&["-static-pie", "-fPIE"], &[]);
        check_args(&["-z", "execstack"], &["executable stack"]);
        check_args(&["-Wl,-z,norelro"], &["leaves what"]);
        let mut closure = closure_of_c("int main(void) { return 0; }", &[]);
        closure.program.facts.writable_code = true;
        assert_eq!(found_on("builtin", &closure, check).len(), 1);
    }
}
