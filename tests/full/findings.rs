//! What the lint finds in a program and its libraries, as its document for machines tells it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use tests::cli::Cli;
use tests::workspace;

/// The findings on one kernel.
pub(crate) struct Findings {
    all: Vec<Value>,
}

impl Findings {
    /// Lints a program, its libraries looked up below `root`, for these kernels; nothing may be an error.
    pub(crate) fn of<const N: usize>(program: &Path, root: &Path, kernels: [&str; N]) -> [Self; N] {
        let words = ["lint", "--message-format", "json", "--kernel"];
        let linted = Cli::new(workspace::root(), words)
            .arg(kernels.join(","))
            .arg("--sysroot")
            .args([root, program])
            .run();
        let text = linted.expect_status(0).stdout_text();
        let document: Value = serde_json::from_str(&text).expect("one document");
        std::array::from_fn(|index| {
            let report = &document["reports"][index];
            assert_eq!(report["kernel"], kernels[index]);
            let all = report["findings"].as_array().expect("findings").clone();
            for finding in &all {
                assert_ne!(finding["level"], "error", "{finding}");
            }
            Self { all }
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Value] {
        &self.all
    }

    /// Those of a rule in a library; in the program itself when the name is empty.
    pub(crate) fn of_rule(&self, rule: &str, library: &str) -> Vec<&Value> {
        let all = self.all.iter();
        all.filter(|it| it["rule"] == rule && text(&it["library"]) == library)
            .collect()
    }

    /// The symbols that a rule finds in a library, sorted; in the program itself when the name is empty.
    pub(crate) fn symbols(&self, rule: &str, library: &str) -> Vec<&str> {
        let found = self.of_rule(rule, library);
        let symbols: BTreeSet<&str> = found.into_iter().map(|it| text(&it["symbol"])).collect();
        symbols.into_iter().collect()
    }
}

/// The text of a field; empty for null.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
