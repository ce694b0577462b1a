//! The lint: will this program, with all its libraries, run on that kernel, and if not, who is to blame.
//!
//! [`check`] alone makes a [`Linted`], and only a [`Linted`] becomes an image. How to add a rule: [`rules`].

mod explain;
mod finding;
pub mod json;
mod level;
mod numbers;
mod report;
pub mod rules;
mod subject;
mod wrappers;

pub use explain::{explain, page};
pub use finding::{Evidence, Finding};
pub use level::{Level, Levels, Waiver};
pub use numbers::Numbers;
pub use report::diagnostics;
pub use rules::{RULES, Rule};
pub use subject::{Module, Subject};

use crate::closure::Closure;
use crate::error::{Error, Result};
use crate::program::Program;
use crate::progress::{Progress, Weight};
use crate::support::Support;

/// A program that the lint let pass: the only key to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linted {
    closure: Closure,
    findings: Vec<Finding>,
    waived: Vec<(Finding, String)>,
}

impl Linted {
    /// The program and its libraries.
    #[must_use]
    pub fn closure(&self) -> &Closure {
        &self.closure
    }

    /// The same with what a kernel makes of the closure; what was found stays.
    ///
    /// # Errors
    /// When `fit` refuses.
    pub fn fit(self, fit: impl FnOnce(Closure) -> Result<Closure>) -> Result<Self> {
        Ok(Self {
            closure: fit(self.closure)?,
            ..self
        })
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.closure.program
    }

    /// What was found and did not stand in the way.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was found and waived, with the reasons.
    #[must_use]
    pub fn waived(&self) -> &[(Finding, String)] {
        &self.waived
    }
}

/// Runs all rules and tells what they find; notes as details only.
///
/// # Errors
/// When a finding is denied.
pub fn check(
    closure: Closure,
    kernel: &str,
    support: &Support,
    levels: &Levels,
    progress: &dyn Progress,
) -> Result<Linted> {
    let (findings, waived) = findings(&Subject::new(&closure, support, kernel), levels);
    for diagnostic in diagnostics(&findings) {
        // Notes are for whoever asks: `cargo unikernel lint` tells them.
        if diagnostic.weight > Weight::Note {
            progress.finding(&diagnostic);
        } else {
            progress.detail(&diagnostic.plain());
        }
    }
    let n_denied = findings.iter().filter(|f| f.level == Level::Deny).count();
    if n_denied > 0 {
        let plural = if n_denied == 1 { "" } else { "s" };
        return Err(Error::input(format!(
            "`{}` can't run on `{kernel}`: the lint found {n_denied} error{plural}",
            closure.program.name
        )));
    }
    Ok(Linted {
        closure,
        findings,
        waived,
    })
}

/// All findings with the levels that the user gave, and those that were waived with the reasons.
#[must_use]
pub fn findings(subject: &Subject<'_>, levels: &Levels) -> (Vec<Finding>, Vec<(Finding, String)>) {
    let mut kept = Vec::new();
    let mut waived = Vec::new();
    for rule in RULES {
        for mut finding in (rule.check)(subject) {
            finding.level = levels
                .overrides
                .get(rule.id)
                .copied()
                .unwrap_or(finding.level);
            let waiver = levels.waivers.iter().find(|waiver| waiver.covers(&finding));
            match waiver {
                Some(waiver) => waived.push((finding, waiver.reason.clone())),
                None if finding.level != Level::Allow => kept.push(finding),
                None => {}
            }
        }
    }
    (kept, waived)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::test_support::closure_of_c;

    fn broken() -> Closure {
        let mut closure = closure_of_c("int main(void) { return 0; }", &[]);
        closure.program.facts.text_relocations = true;
        closure
    }

    fn check_levels(levels: &Levels) -> Result<Linted> {
        check(broken(), "builtin", &Support::default(), levels, &Silent)
    }

    #[test]
    fn denied_finding_stops_the_build() {
        let error = check_levels(&Levels::default()).unwrap_err();
        assert!(error.to_string().contains("found 1 error"), "{error}");
    }

    #[test]
    fn level_of_the_manifest_counts() {
        let mut levels = Levels::default();
        levels.overrides.insert("UK012".to_owned(), Level::Warn);
        let linted = check_levels(&levels).unwrap();
        assert_eq!(linted.findings()[0].level, Level::Warn);
    }

    #[test]
    fn waiver_is_recorded() {
        let waiver = |at: &str| Levels {
            waivers: vec![Waiver {
                rule: "UK012".to_owned(),
                at: at.to_owned(),
                reason: "known".to_owned(),
            }],
            ..Levels::default()
        };
        let linted = check_levels(&waiver("text relocations")).unwrap();
        assert_eq!(linted.waived()[0].1, "known");
        assert!(check_levels(&waiver("elsewhere")).is_err());
    }
}
