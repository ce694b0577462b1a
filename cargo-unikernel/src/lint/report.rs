//! Findings as diagnostics: those of one rule in one file are told together.

use super::rules::{by_id, needed_by};
use super::{Finding, Level};
use crate::progress::Diagnostic;

/// The findings as people read them, errors first; what is allowed is left out.
#[must_use]
pub fn diagnostics(findings: &[Finding]) -> Vec<Diagnostic> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = groups.iter_mut().find(|group| {
            let first = group.first();
            first.is_some_and(|first| belong_together(first, finding))
        });
        match same {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.first().map_or(Level::Allow, |f| f.level)));
    groups
        .iter()
        .filter_map(|group| diagnostic(group))
        .collect()
}

/// Whether two findings differ in the name they are about only.
fn belong_together(a: &Finding, b: &Finding) -> bool {
    let named = a.symbol.is_some() && b.symbol.is_some() && !a.answer.is_empty();
    named && (a.rule, a.level, &a.place) == (b.rule, b.level, &b.place)
}

fn diagnostic(group: &[&Finding]) -> Option<Diagnostic> {
    let first = *group.first()?;
    let mut notes = Vec::new();
    let message = match group {
        [_] => {
            // A message that says the answer itself needs no line for it.
            if !first.answer.is_empty() && !first.message.contains(&first.answer) {
                let name = first.symbol.as_deref().unwrap_or_default();
                notes.push(format!("`{name}` {}", first.answer));
            }
            first.message.clone()
        }
        _ => {
            notes.extend(answers(group));
            let many = by_id(first.rule).map_or("findings", |rule| rule.many);
            let module = first
                .library
                .as_ref()
                .map_or_else(String::new, |name| format!("`{name}`: "));
            format!(
                "{module}{} {many}: {}",
                group.len(),
                names(group.iter().copied())
            )
        }
    };
    for note in group.iter().flat_map(|finding| &finding.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    if !first.needed_by.is_empty() {
        notes.push(needed_by(&first.needed_by));
    }
    Some(Diagnostic {
        weight: first.level.weight()?,
        rule: Some(first.rule),
        message,
        place: Some(first.place.clone()),
        notes,
        help: group.iter().find_map(|finding| finding.help.clone()),
    })
}

/// What the kernel answers, a line for each answer.
fn answers(group: &[&Finding]) -> Vec<String> {
    let mut told: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for finding in group {
        if told.contains(&finding.answer.as_str()) {
            continue;
        }
        told.push(&finding.answer);
        let same = group.iter().filter(|other| other.answer == finding.answer);
        let same: Vec<&Finding> = same.copied().collect();
        lines.push(match same.len() {
            1 => format!("{} {}", names(same.into_iter()), finding.answer),
            number if number == group.len() => format!("each {}", finding.answer),
            _ => format!("each of {} {}", names(same.into_iter()), finding.answer),
        });
    }
    lines
}

fn names<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let names = findings.filter_map(|finding| finding.symbol.as_ref());
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Levels, Subject, findings};
    use crate::test_support::{closure_of_c, library, support};

    #[test]
    fn findings_of_one_file_are_told_together() {
        let source = "#include <unistd.h>\n#include <mqueue.h>\n#include <stdlib.h>\nint main(void) { fork(); daemon(0, 0);\
                      return mq_open(\"/q\", 0) + mq_close(0); }";
        let mut closure = closure_of_c(source, &[]);
        closure.program.path = "/app".into();
        let facts = closure_of_c(
            "#include <unistd.h>\nint f(void) { return fork(); }",
            &["-shared", "-fPIC"],
        );
        closure
            .libraries
            .push(library("libx.so", facts.program.facts, &["app"]));
        let support = support("osv");
        let subject = Subject::new(&closure, &support, "osv");
        let (found, _) = findings(&subject, &Levels::default());
        let text: Vec<String> = diagnostics(&found).iter().map(Diagnostic::plain).collect();
        assert_eq!(
            text,
            [
                "warning[UK001]: 2 imported functions make processes: `daemon`, `fork`\n  --> /app\n   \
             = note: `daemon` is a stub: -1\n   = note: `fork` is a stub: -1, errno untouched\n   \
             = help: keep the program in the foreground: the unikernel is the daemon",
                "warning[UK005]: 2 symbols are undefined: `mq_close`, `mq_open`\n  --> /app\n   \
             = note: each is missing: the guest aborts when it is used\n   \
             = note: `mq_open`: all POSIX message queues",
                "note[UK001]: `libx.so` imports `fork`, which makes a process\n  --> /usr/lib/libx.so\n   \
             = note: `fork` is a stub: -1, errno untouched\n   = note: needed by `app`\n   \
             = help: keep the program in the foreground and let it do its work in threads; waive it when the call can't happen",
            ]
        );
    }
}
