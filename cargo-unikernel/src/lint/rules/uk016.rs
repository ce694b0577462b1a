//! UK016: a library is older than the program wants.

use super::{Docs, Finding, Level, Rule, Subject};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK016",
    about: "a library does not have the version of its symbols that is needed",
    many: "versions are missing",
    docs: Docs {
        what: "The program, or one of its libraries, was linked with a version of another library (`GLIBC_2.38` of \
               `libc.so.6`) that the one found does not define (DT_VERNEED against DT_VERDEF). Kernels that are the C library \
               themselves don't look at versions.",
        why: "in the guest the dynamic linker ends the program before `main`: \"version `GLIBC_2.38' not found\".",
        remedy: "build the program with the C library that goes into the image, or name the root with the newer one with \
                 `--sysroot`.",
        example: "cargo unikernel lint ./app --sysroot /srv/debian-11    # built on Debian 12",
    },
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for module in subject.modules() {
        for needed in &module.facts.needed_versions {
            let library = subject.modules().find(|library| {
                let soname = library.facts.soname.as_deref();
                library.name == needed.file || soname == Some(needed.file.as_str())
            });
            // One that is not there is UK010's; one without versions satisfies all (ld.so says so).
            let Some(library) = library.filter(|found| !found.facts.defined_versions.is_empty())
            else {
                continue;
            };
            if library
                .facts
                .defined_versions
                .binary_search(&needed.version)
                .is_ok()
            {
                continue;
            }
            let message = format!(
                "`{}` needs version {} of `{}`, which does not define it",
                module.name, needed.version, needed.file
            );
            let mut finding = RULE.finding(&module, message);
            finding.symbol = Some(needed.version.clone());
            let place = format!("`{}` is {}", needed.file, library.path.display());
            let finding = finding.note(place);
            found.push(match newest(&needed.version, &library.facts.defined_versions) {
                Some(newest) => finding.note(format!("the newest that it defines is {newest}")),
                None => finding,
            }.help(
                "build it with the C library that goes into the image, or give the root with the newer one with `--sysroot`",
            ));
        }
    }
    found
}

/// The newest version of the same family (`GLIBC_`).
fn newest<'a>(needed: &str, defined: &'a [String]) -> Option<&'a String> {
    let (family, _) = needed.split_once('_')?;
    let numbers = |version: &str| -> Option<Vec<u32>> {
        let (own, numbers) = version.split_once('_')?;
        let numbers = numbers.split('.').map(|number| number.parse().ok());
        if own == family {
            numbers.collect()
        } else {
            None
        }
    };
    defined
        .iter()
        .filter(|version| numbers(version).is_some())
        .max_by_key(|version| numbers(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::elf::NeededVersion;
    use crate::test_support::{closure_of_c, found_on};

    #[test]
    fn version_that_no_library_defines_is_found() {
        let mut closure = closure_of_c(
            "#include <stdio.h>\nint main(void) { return puts(\"a\"); }",
            &[],
        );
        assert_eq!(found_on("nanos", &closure, check), []);
        closure.program.facts.needed_versions.push(NeededVersion {
            file: "libc.so.6".to_owned(),
            version: "GLIBC_9.99".to_owned(),
        });
        let found = found_on("nanos", &closure, check);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].notes[1].contains("GLIBC_2."),
            "{:?}",
            found[0].notes
        );
        assert_eq!(found_on("osv", &closure, check), []);
    }

    #[test]
    fn newest_is_by_number() {
        let defined = ["GLIBC_2.9", "GLIBC_2.36", "GLIBC_PRIVATE", "OTHER_3.0"];
        let defined = defined.map(str::to_owned);
        assert_eq!(newest("GLIBC_2.38", &defined).unwrap(), "GLIBC_2.36");
        assert_eq!(newest("NONE", &defined), None);
    }
}
