//! UK010: a library is missing, or is for another machine.

use super::{Finding, Level, Rule, Subject, needed_by};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "UK010",
    about: "a library is missing, or is for another machine",
    docs: "The program, or one of its libraries, names a library (DT_NEEDED) that is in none of the folders where the dynamic \
           linker looks: RPATH, RUNPATH, the folders of ld.so.conf, the default folders. In the guest the dynamic linker would \
           give up before `main`. Install the library, name its folder with `-Wl,-rpath,FOLDER` when linking, or look \
           everything up in another root with `--sysroot`.",
    default: Level::Deny,
    check,
};

fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let closure = subject.closure;
    let missing = closure.missing.iter().map(|missing| {
        let place = closure.program.path.display().to_string();
        let mut finding = RULE.finding(place, format!("library `{}` is not found", missing.name));
        if !missing.unfit.is_empty() {
            finding.message = format!("library `{}` is not found for x86-64", missing.name);
        }
        finding.notes.push(needed_by(&missing.needed_by));
        finding.notes.extend(missing.unfit.clone());
        finding
            .notes
            .push(format!("looked in {}", missing.looked_in.join(", ")));
        finding.help = Some(
            "install it, link with `-Wl,-rpath,FOLDER`, or give the root that has it with `--sysroot`".to_owned(),
        );
        finding
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{Levels, findings};
    use super::*;
    use crate::closure::Missing;
    use crate::support::Support;
    use crate::test_support::closure_of_c;

    #[test]
    fn missing_library_is_told_with_the_chain() {
        let mut closure = closure_of_c("int main(void) { return 0; }", &[]);
        let check = |closure: &_| {
            let support = Support::default();
            let subject = Subject {
                closure,
                support: &support,
                kernel: "builtin",
            };
            findings(&subject, &Levels::default()).0
        };
        assert_eq!(check(&closure), []);
        closure.missing.push(Missing {
            name: "libz.so.1".to_owned(),
            needed_by: vec!["app".to_owned(), "libpng.so".to_owned()],
            looked_in: vec!["/lib".to_owned()],
            unfit: Vec::new(),
        });
        let found = check(&closure);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "library `libz.so.1` is not found");
        assert_eq!(
            found[0].notes,
            [
                "needed by `libpng.so`, which is needed by `app`",
                "looked in /lib"
            ]
        );
    }
}
