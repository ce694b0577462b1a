//! The lint's document for machines, version 1.
//!
//! One document holds a report for each program and kernel. A reader takes any field that it does not know.

use serde::{Deserialize, Serialize};

use super::{Evidence, Finding, Level, Subject};

/// What is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The version of this format: 1.
    pub version: u32,
    /// One for each program and kernel, in the order asked for.
    pub reports: Vec<Report>,
}

/// What was found about one program on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The program's path, as it was given.
    pub file: String,
    /// The kernel's name.
    pub kernel: String,
    /// The system calls that the closure names, by number.
    pub syscalls: Vec<SystemCall>,
    /// `syscall` instructions of the program's own whose number does not stand beside them.
    pub unresolved_sites: usize,
    /// What was found, by rule.
    pub findings: Vec<Item>,
}

/// A system call that the closure names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemCall {
    /// Its name.
    pub name: String,
    /// Its number (x86-64).
    pub number: u32,
    /// What shows it.
    pub evidence: Evidence,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The rule's id.
    pub rule: String,
    /// `error`, `warning` or `note`.
    pub level: String,
    /// What shows it.
    pub evidence: Evidence,
    /// The symbol, library, version or system call that it is about.
    pub symbol: Option<String>,
    /// The library that it is found in; null for the program.
    pub library: Option<String>,
    /// The calls that lead there; empty while no call graph backs it.
    pub chain: Vec<String>,
    /// What would avoid it; null while no call graph backs it.
    pub guard: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// One sentence.
    pub message: String,
    /// What the kernel answers to the symbol; null where there is nothing to say.
    pub answer: Option<String>,
    /// The file.
    pub place: String,
    /// Who needs that library, from the program on.
    pub needed_by: Vec<String>,
}

impl Report {
    /// The report on a program.
    #[must_use]
    pub fn new(subject: &Subject<'_>, findings: &[Finding]) -> Self {
        let calls = subject.system_calls();
        let calls = calls.into_iter().map(|(number, name)| SystemCall {
            name: name.to_owned(),
            number,
            evidence: Evidence::Imported,
        });
        Self {
            file: subject.closure.program.path.display().to_string(),
            kernel: subject.kernel.to_owned(),
            syscalls: calls.collect(),
            unresolved_sites: subject.numbers.n_unresolved,
            findings: findings.iter().filter_map(item).collect(),
        }
    }
}

fn item(finding: &Finding) -> Option<Item> {
    Some(Item {
        rule: finding.rule.to_owned(),
        level: finding.level.weight()?.word().to_owned(),
        evidence: finding.evidence,
        symbol: finding.symbol.clone(),
        library: finding.library.clone(),
        chain: Vec::new(),
        guard: None,
        help: finding.help.clone(),
        message: finding.message.clone(),
        answer: Some(finding.answer.clone()).filter(|answer| !answer.is_empty()),
        place: finding.place.clone(),
        needed_by: finding.needed_by.clone(),
    })
}

impl Document {
    /// A document of these reports.
    #[must_use]
    pub fn new(reports: Vec<Report>) -> Self {
        Self {
            version: 1,
            reports,
        }
    }

    /// The document as one line of JSON.
    ///
    /// # Errors
    /// Never for documents that the lint makes: all of it is text and numbers.
    pub fn text(&self) -> crate::error::Result<String> {
        serde_json::to_string(self)
            .map_err(|error| crate::error::Error::internal(format!("writing JSON: {error}")))
    }

    /// Whether a finding weighs as much as this, or more.
    #[must_use]
    pub fn has(&self, level: Level) -> bool {
        let items = self.reports.iter().flat_map(|report| &report.findings);
        let weighs = |item: &Item| Level::from_weight(&item.level).is_some_and(|own| own >= level);
        items.into_iter().any(weighs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Levels, findings};
    use crate::test_support::{closure_of_c, support};

    #[test]
    fn document_has_the_fields_of_version_1() {
        let mut closure = closure_of_c(
            "#include <unistd.h>\nint main(void) { return fork(); }",
            &[],
        );
        closure.program.path = "/app".into();
        let support = support("nanos");
        let subject = Subject::new(&closure, &support, "nanos");
        let (found, _) = findings(&subject, &Levels::default());
        let document = Document::new(vec![Report::new(&subject, &found)]);
        let json: serde_json::Value = serde_json::from_str(&document.text().unwrap()).unwrap();
        assert_eq!(json["version"], 1);
        let report = &json["reports"][0];
        assert_eq!(
            (&report["file"], &report["kernel"]),
            (&"/app".into(), &"nanos".into())
        );
        assert_eq!(report["unresolved_sites"], 0);
        let finding = &report["findings"][0];
        let expected = [
            ("rule", "UK001"),
            ("level", "warning"),
            ("evidence", "imported"),
            ("symbol", "fork"),
        ];
        for (key, value) in expected {
            assert_eq!(finding[key], value, "{key}");
        }
        assert!(finding["library"].is_null() && finding["guard"].is_null());
        assert!(finding["chain"].as_array().unwrap().is_empty());
        assert!(document.has(Level::Warn) && !document.has(Level::Deny));
        let read: Document = serde_json::from_str(&document.text().unwrap()).unwrap();
        assert_eq!(read, document);
    }
}
