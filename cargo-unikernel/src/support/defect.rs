//! What is known to be wrong with a kernel, and what is done about it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Support;
use crate::closure::Closure;
use crate::program::elf::ElfFacts;

/// Which machines a kernel runs on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineSupport {
    /// Whether it wants a high precision event timer.
    #[serde(default)]
    pub hpet: bool,
    /// VMMs that it does not run on, by name, with the reason.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
}

/// A known defect of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    /// What it is called.
    pub name: String,
    /// What is wrong, in a line.
    pub about: String,
    /// The symbols whose import meets it; any program does when there are none.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// What is done about it; nothing when there is no cure.
    pub cure: Option<String>,
    /// Who does it.
    pub by: Option<Healer>,
}

/// Who cures a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Healer {
    /// A library of ours that the program is loaded with.
    Shim,
    /// How a run starts the kernel.
    Run,
    /// A rule of the lint that says what to do.
    Lint,
}

impl Support {
    /// The cure of a symbol by the shim, if it has one: the kernel's own is then not used.
    #[must_use]
    pub fn cured(&self, symbol: &str) -> Option<&Defect> {
        let mut cured = self
            .defects
            .iter()
            .filter(|defect| defect.by == Some(Healer::Shim));
        cured.find(|defect| defect.symbols.iter().any(|name| name == symbol))
    }

    /// The defects that this program meets because of what it or a library imports, with the symbol.
    #[must_use]
    pub fn met<'a>(&'a self, closure: &Closure) -> Vec<(&'a Defect, &'a str)> {
        let libraries = closure.libraries.iter().map(|library| &library.facts);
        let files: Vec<&ElfFacts> = libraries.chain([&closure.program.facts]).collect();
        let imports = |name: &str| {
            let mut imports = files.iter().flat_map(|facts| &facts.imports);
            imports.any(|import| import.name == name)
        };
        let met = self.defects.iter().filter_map(|defect| {
            let symbol = defect.symbols.iter().find(|name| imports(name))?;
            Some((defect, symbol.as_str()))
        });
        met.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{closure_of_c, support};

    #[test]
    fn what_is_imported_meets_its_defect() {
        let osv = support("osv");
        let check = |source: &str, expected: &[&str]| {
            let closure = closure_of_c(source, &["-pie", "-fPIE"]);
            let closure = crate::kernel::find("osv")
                .unwrap()
                .fitted(closure, &osv)
                .unwrap();
            let met: Vec<_> = osv
                .met(&closure)
                .iter()
                .map(|(defect, _)| defect.name.clone())
                .collect();
            assert_eq!(met, expected);
        };
        check("int main(void) { return 0; }", &[]);
        check(
            "#include <dirent.h>\nint main(void) { return !opendir(\"/\"); }",
            &["opendir"],
        );
    }

    #[test]
    fn each_defect_says_who_cures_it_or_that_nobody_does() {
        for defect in &support("osv").defects {
            assert_eq!(
                defect.cure.is_some(),
                defect.by.is_some(),
                "{}",
                defect.name
            );
        }
        assert!(support("osv").cured("opendir").is_some());
        assert!(support("osv").cured("open").is_none());
    }
}
