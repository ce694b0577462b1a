//! UK011: the program is of a type or for a machine that can't be started.

use super::{Docs, Finding, Level, Rule, Subject};
use crate::program::Shape;
use crate::program::elf::ElfType;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK011",
    about: "the program is of a type or for a machine that can't be started",
    many: "things stand in the way of a start",
    docs: Docs {
        what: "The program is an object file, a library without `main` and without an entry point, for another machine, or \
               linked for fixed addresses where the kernel wants a position-independent one.",
        why: "a unikernel starts position-independent executables for 64-bit x86, with or without a dynamic linker, and shared \
              objects that export `main`; executables at fixed addresses where the kernel says so: all three that are known do.",
        remedy: "link an object file first; link with `-pie` (the code compiled with `-fPIE` or `-fPIC`); export `main`; build \
                 for x86-64.",
        example: "cc -c -o app app.c",
    },
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let program = &subject.closure.program;
    let facts = &program.facts;
    let found =
        |message: String, help: &str| vec![RULE.finding(&subject.program(), message).help(help)];
    if !facts.is_x86_64() {
        let machine = facts.machine_text();
        return found(
            format!("the program is for {machine}; the kernel runs 64-bit x86-64 programs"),
            "build it for x86-64",
        );
    }
    match (program.shape, facts.elf_type) {
        (shape, _) if subject.support.elf.shapes.contains(&shape) => Vec::new(),
        (Shape::StaticPie | Shape::Pie | Shape::Shared, _) => found(
            format!("`{}` does not start programs of this shape", subject.kernel),
            "choose another kernel, or link the program in another shape with `--link`",
        ),
        (Shape::Fixed, _) => found(
            "the program is linked for fixed addresses; a position-independent one is needed"
                .to_owned(),
            "compile with `-fPIE`, link with `-pie` or `-static-pie`",
        ),
        (Shape::None, ElfType::Relocatable) => found(
            "the program is an object file that is not linked".to_owned(),
            "link it: `cc -pie -o PROGRAM FILE.o`",
        ),
        (Shape::None, ElfType::Dynamic) => found(
            "the shared object exports no `main` and has no entry point of its own".to_owned(),
            "give it a `main` that is exported: not static, not hidden; in Rust `#[unsafe(no_mangle)] pub extern \"C\" fn main`",
        ),
        (Shape::None, _) => found(
            "the file is neither an executable nor a shared object".to_owned(),
            "name the program itself",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Support;
    use crate::test_support::{closure_of_c, found_on};

    fn check_args(source: &str, args: &[&str], expected: Option<&str>) {
        let closure = closure_of_c(source, args);
        let found = found_on("builtin", &closure, check);
        let message = found.first().map(|finding| finding.message.as_str());
        match (message, expected) {
            (Some(message), Some(expected)) => assert!(message.contains(expected), "{message}"),
            (message, expected) => assert_eq!(message, expected, "{args:?}"),
        }
    }

    #[test]
    fn fixed_addresses_are_fine_where_the_kernel_says_so() {
        for args in [&["-no-pie"][..], &["-no-pie", "-static"]] {
            let closure = closure_of_c("int main(void) { return 0; }", args);
            for kernel in ["builtin", "nanos", "osv"] {
                assert_eq!(found_on(kernel, &closure, check), [], "{kernel}");
            }
        }
    }

    #[test]
    fn fixed_addresses_are_refused_where_it_does_not() {
        let mut support = Support::default();
        support.elf.shapes.retain(|shape| *shape != Shape::Fixed);
        for args in [&["-no-pie"][..], &["-no-pie", "-static"]] {
            let closure = closure_of_c("int main(void) { return 0; }", args);
            let found = check(&Subject::new(&closure, &support, "another"));
            assert_eq!(found.len(), 1, "{args:?}");
            assert!(found[0].message.contains("fixed addresses"));
            assert_eq!(found[0].level, Level::Deny);
            let help = found[0].help.as_deref().unwrap_or_default();
            assert!(help.contains("-static-pie"), "{help}");
        }
    }

    #[test]
    fn only_what_can_be_started_passes() {
        let main = "int main(void) { return 0; }";
        check_args(main, &["-pie", "-fPIE"], None);
        check_args(main, &["-static-pie", "-fPIE"], None);
        check_args(main, &["-shared", "-fPIC"], None);
        check_args(main, &["-no-pie"], None);
        check_args(main, &["-c"], Some("object file"));
        check_args(
            "int f(void) { return 0; }",
            &["-shared", "-fPIC"],
            Some("no `main`"),
        );
        let hidden = "__attribute__((visibility(\"hidden\"))) int main(void) { return 0; }";
        check_args(hidden, &["-shared", "-fPIC"], Some("no `main`"));
    }
}
