//! UK010: a library is missing, or is for another machine.

use std::collections::BTreeMap;

use super::{Docs, Finding, Level, Module, Rule, Subject};
use crate::closure::Missing;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK010",
    about: "a library is missing, or is for another machine",
    many: "libraries are not found",
    docs: Docs {
        what: "The program, or one of its libraries, names a library (DT_NEEDED) that is in none of the folders where the \
               dynamic linker looks: RPATH, RUNPATH, the folders of ld.so.conf, the default folders; or what is there is for \
               another machine. A warning: two files of the closure have the same soname, so it depends on the order which of \
               them is used.",
        why: "in the guest the dynamic linker would give up before `main`. Libraries that the kernel is itself (osv: the C \
              library) need not be there.",
        remedy: "install the library, name its folder with `-Wl,-rpath,FOLDER` when linking, or look everything up in another \
                 root with `--sysroot`.",
        example: "cc -o app app.c -L/opt/png -lpng    # and no rpath: the linker found it, the guest will not",
    },
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let missing = subject.closure.missing.iter();
    missing
        .filter(|missing| !subject.support.is_library(&missing.name))
        .map(|missing| not_found(subject, missing))
        .chain(shadowed(subject))
        .collect()
}

fn not_found(subject: &Subject<'_>, missing: &Missing) -> Finding {
    let message = match missing.unfit.is_empty() {
        true => format!("library `{}` is not found", missing.name),
        false => format!("library `{}` is not found for x86-64", missing.name),
    };
    let mut finding = RULE.finding(&subject.program(), message);
    finding.symbol = Some(missing.name.clone());
    finding.needed_by.clone_from(&missing.needed_by);
    finding.notes.extend(missing.unfit.clone());
    finding
        .note(format!("looked in {}", missing.looked_in.join(", ")))
        .help("install it, link with `-Wl,-rpath,FOLDER`, or give the root that has it with `--sysroot`")
}

/// Files that call themselves the same.
fn shadowed(subject: &Subject<'_>) -> Vec<Finding> {
    let mut first: BTreeMap<&str, Module<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for module in subject.modules().filter(|module| !module.is_program) {
        let Some(soname) = module.facts.soname.as_deref() else {
            continue;
        };
        let Some(other) = first.get(soname) else {
            first.insert(soname, module);
            continue;
        };
        let message = format!("two libraries call themselves `{soname}`");
        let mut finding = RULE.finding(&module, message);
        finding.level = Level::Warn;
        finding.symbol = Some(soname.to_owned());
        found.push(finding.note(format!("the other is `{}`", other.path.display())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{closure_of_c, found_on, library};

    const SOURCE: &str = "int main(void) { return 0; }";

    fn missing(name: &str) -> Missing {
        Missing {
            name: name.to_owned(),
            needed_by: vec!["app".to_owned(), "libpng.so".to_owned()],
            looked_in: vec!["/lib".to_owned()],
            unfit: Vec::new(),
        }
    }

    #[test]
    fn missing_library_is_told_with_the_chain() {
        let mut closure = closure_of_c(SOURCE, &[]);
        assert_eq!(found_on("nanos", &closure, check), []);
        closure.missing.push(missing("libz.so.1"));
        let found = found_on("nanos", &closure, check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "library `libz.so.1` is not found");
        assert_eq!(found[0].needed_by, ["app", "libpng.so"]);
        assert_eq!(found[0].notes, ["looked in /lib"]);
    }

    #[test]
    fn library_that_the_kernel_is_need_not_be_there() {
        let mut closure = closure_of_c(SOURCE, &[]);
        closure.missing.push(missing("libresolv.so.2"));
        assert_eq!(found_on("osv", &closure, check), []);
        assert_eq!(found_on("nanos", &closure, check).len(), 1);
    }

    #[test]
    fn two_files_of_one_soname_are_a_warning() {
        let mut closure = closure_of_c(SOURCE, &[]);
        let args = ["-shared", "-fPIC", "-Wl,-soname,liba.so.1"];
        let facts = closure_of_c(SOURCE, &args).program.facts;
        for name in ["liba.so.1", "libb.so"] {
            closure
                .libraries
                .push(library(name, facts.clone(), &["app"]));
        }
        let found = found_on("nanos", &closure, check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].level, Level::Warn);
    }
}
