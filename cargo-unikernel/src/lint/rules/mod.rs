//! The rules. How to add one: a file `ukNNN.rs` with `static RULE` and a pure function, a `mod` line and an entry in [`RULES`].
//!
//! How much a finding weighs is the evidence times what the kernel lacks. An import alone is weak evidence (most programs that
//! import `fork` never call it): it is a note, or a warning where it is the program's own and the call would make a process, run
//! another program, or end the guest; it is never an error. Errors are facts that hold whatever the program does: it could not
//! be started.

mod uk001;
mod uk002;
mod uk003;
mod uk004;
mod uk005;
mod uk006;
mod uk010;
mod uk011;
mod uk012;
mod uk013;
mod uk014;
mod uk015;
mod uk016;

use super::{Finding, Level, Module, Subject};
use crate::support::{self, Abi};

/// A rule: facts, and one pure function.
#[derive(Debug)]
pub struct Rule {
    /// Its id (`UK010`).
    pub id: &'static str,
    /// What it finds, in one line.
    pub about: &'static str,
    /// What stands behind the number when a file has several of its findings: `system calls are missing`.
    pub many: &'static str,
    /// The page that explains it.
    pub docs: Docs,
    /// What becomes of its findings unless the user says otherwise; a finding may weigh less.
    pub default: Level,
    /// What it finds.
    pub check: fn(&Subject<'_>) -> Vec<Finding>,
}

/// The parts of a rule's page, in Markdown.
#[derive(Debug)]
pub struct Docs {
    /// What it finds, and on what evidence.
    pub what: &'static str,
    /// Why that matters on a unikernel.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// A program or command that has the finding.
    pub example: &'static str,
}

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[
    &uk001::RULE,
    &uk002::RULE,
    &uk003::RULE,
    &uk004::RULE,
    &uk005::RULE,
    &uk006::RULE,
    &uk010::RULE,
    &uk011::RULE,
    &uk012::RULE,
    &uk013::RULE,
    &uk014::RULE,
    &uk015::RULE,
    &uk016::RULE,
];

impl Rule {
    /// A finding of this rule at its default level.
    fn finding(&self, module: &Module<'_>, message: String) -> Finding {
        Finding::about(self.id, self.default, module, message)
    }

    /// A finding about a name in a file, which the kernel lacks: a warning in the program, a note in a library.
    fn forbidden(
        &self,
        module: &Module<'_>,
        name: &str,
        message: String,
        answer: String,
    ) -> Finding {
        let level = if module.is_program {
            self.default
        } else {
            Level::Note
        };
        Finding::about(self.id, level, module, message).named(name, answer)
    }

    /// A finding for each of these system calls that the program's own code makes, and the kernel lacks; `help` by its name.
    fn made_by_number(
        &self,
        subject: &Subject<'_>,
        calls: &[(u32, &str)],
        help: impl Fn(&str) -> &'static str,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        for &(number, name) in calls {
            let Some(address) = subject.numbers.sites.get(&number) else {
                continue;
            };
            let Some(answer) = call_answer(subject, name) else {
                continue;
            };
            let program = subject.program();
            let message = format!(
                "`{}` makes system call {number} (`{name}`) at {address:#x}",
                program.name
            );
            let mut finding = self.forbidden(&program, name, message, answer);
            if subject.is_static() {
                // The C library's code is in there, called or not.
                finding.level = Level::Note;
            }
            found.push(finding.help(help(name)));
        }
        found
    }

    /// The page about this rule, without its heading.
    #[must_use]
    pub fn page(&self) -> String {
        let Docs {
            what,
            why,
            remedy,
            example,
        } = &self.docs;
        format!(
            "{what}\n\nWhy: {why}\n\nWhat to do: {remedy}\n\nExample:\n\n{}\n",
            indented(example)
        )
    }
}

/// The rule with this id, in any case of letters.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    let found = RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id));
    found.copied()
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// `app, which needs a, which needs b` read from the other end: who needs it, from the program on.
pub(super) fn needed_by(chain: &[String]) -> String {
    let names: Vec<String> = chain.iter().rev().map(|name| format!("`{name}`")).collect();
    format!("needed by {}", names.join(", which is needed by "))
}

/// What the kernel answers to a system call; `None` where it does it.
fn call_answer(subject: &Subject<'_>, name: &str) -> Option<String> {
    let abi = Abi::LinuxSyscall;
    match subject.support.by_name(name) {
        Some(call) => answer(call.level, &call.note, call.tolerated.as_deref(), abi),
        None => answer(support::Level::Missing, "", None, abi),
    }
}

/// What the kernel's own C library answers to a function; `None` where it does it.
fn symbol_answer(subject: &Subject<'_>, name: &str) -> Option<String> {
    let abi = Abi::LibcSymbols;
    match subject.support.symbol(name) {
        Some(known) => answer(known.level, &known.note, known.tolerated.as_deref(), abi),
        None => answer(support::Level::Missing, "", None, abi),
    }
}

/// What the kernel answers where it does not do what is asked; `None` where it does, or programs carry on without.
fn answer(level: support::Level, note: &str, tolerated: Option<&str>, abi: Abi) -> Option<String> {
    let text = match (level, abi) {
        _ if tolerated.is_some() => return None,
        (support::Level::Full, _) => return None,
        (support::Level::Partial, _) => "is partial",
        (support::Level::Ignored, _) => "is ignored",
        (support::Level::Stub, _) => "is a stub",
        (support::Level::Missing, Abi::LinuxSyscall) => "is missing and gives ENOSYS",
        (support::Level::Missing, Abi::LibcSymbols) => {
            "is missing: the guest aborts when it is used"
        }
        (support::Level::Abort, _) => "takes the guest down",
    };
    Some(match note {
        "" => text.to_owned(),
        note if text.contains(':') => format!("{text} ({note})"),
        note => format!("{text}: {note}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_documented() {
        assert!(RULES.is_sorted_by(|a, b| a.id < b.id));
        for rule in RULES {
            let docs = &rule.docs;
            for part in [docs.what, docs.why, docs.remedy] {
                assert!(
                    part.len() > 40 && part.ends_with(['.', ':']),
                    "{}: {part}",
                    rule.id
                );
            }
            assert!(!docs.example.is_empty(), "{} has no example", rule.id);
            assert!(!rule.about.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn found_by_id_in_any_case() {
        assert_eq!(by_id("uk001").unwrap().id, "UK001");
        assert!(by_id("UK999").is_none());
    }
}
