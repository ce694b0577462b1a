//! The rules. How to add one: a file `ukNNN.rs` with `static RULE` and a pure function, a `mod` line and an entry in [`RULES`].

mod uk010;
mod uk011;
mod uk012;
mod uk015;

use super::{Finding, Level, Subject};

/// A rule: facts, and one pure function.
#[derive(Debug)]
pub struct Rule {
    /// Its id (`UK010`).
    pub id: &'static str,
    /// What it finds, in one line.
    pub about: &'static str,
    /// What it does, why, and what to do.
    pub docs: &'static str,
    /// What becomes of its findings unless the user says otherwise; a finding may weigh less.
    pub default: Level,
    /// What it finds.
    pub check: fn(&Subject<'_>) -> Vec<Finding>,
}

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[&uk010::RULE, &uk011::RULE, &uk012::RULE, &uk015::RULE];

impl Rule {
    /// A finding of this rule at its default level.
    fn finding(&self, place: String, message: String) -> Finding {
        Finding {
            rule: self.id,
            level: self.default,
            message,
            place,
            notes: Vec::new(),
            help: None,
        }
    }
}

/// The rule with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id).copied()
}

/// `app, which needs a, which needs b` read from the other end: who needs it, from the program on.
fn needed_by(chain: &[String]) -> String {
    let names: Vec<String> = chain.iter().rev().map(|name| format!("`{name}`")).collect();
    format!("needed by {}", names.join(", which is needed by "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_documented() {
        assert!(RULES.is_sorted_by(|a, b| a.id < b.id));
        for rule in RULES {
            assert!(rule.docs.len() > 100, "{} has no documentation", rule.id);
            assert!(!rule.about.ends_with('.'), "{}", rule.id);
        }
    }
}
