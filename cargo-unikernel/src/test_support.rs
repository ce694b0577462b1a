//! Words for unit tests: small programs from the host's compiler.

use std::sync::Arc;

use crate::closure::{self, Closure, Library};
use crate::fs;
use crate::lint::{Finding, Level, Subject};
use crate::program::Program;
use crate::program::elf::ElfFacts;
use crate::root::RootPath;
use crate::support::Support;
use crate::tool::Invocation;

/// The closure of a C program, compiled with these arguments.
pub(crate) fn closure_of_c(source: &str, args: &[&str]) -> Closure {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write_bytes(&at("app.c"), source.as_bytes()).unwrap();
    let compiled = Invocation::new("cc")
        .args(["-w", "-o"])
        .arg(at("app"))
        .args(args)
        .arg(at("app.c"))
        .run_captured(None)
        .unwrap();
    let text = String::from_utf8_lossy(&compiled.stderr).into_owned();
    assert!(compiled.status.success(), "{text}");
    let program = Program::open("app", &at("app")).unwrap();
    closure::find(program, &closure::Settings::default()).unwrap()
}

/// A library of a closure, made by hand.
pub(crate) fn library(name: &str, facts: ElfFacts, needed_by: &[&str]) -> Library {
    Library {
        name: name.to_owned(),
        host: format!("/usr/lib/{name}").into(),
        len: 0,
        guest: RootPath::parse(&format!("/usr/lib/{name}")).unwrap(),
        facts,
        needed_by: needed_by.iter().map(|name| (*name).to_owned()).collect(),
        opened_later: None,
    }
}

/// The support data of a kernel; a short statement for `builtin`.
pub(crate) fn support(kernel: &str) -> Arc<Support> {
    let statement = "unikernel-support 1 x86_64-linux\n0 read full\n57 fork refused no processes (UK001)\n\
        58 vfork refused no processes (UK001)\n59 execve refused no other programs (UK002)\n";
    let stated = || Arc::new(Support::parse(statement).unwrap());
    Support::of_kernel(kernel).map_or_else(stated, Result::unwrap)
}

/// What a rule finds on a kernel.
pub(crate) fn found_on(
    kernel: &str,
    closure: &Closure,
    check: fn(&Subject<'_>) -> Vec<Finding>,
) -> Vec<Finding> {
    let support = support(kernel);
    check(&Subject::new(closure, &support, kernel))
}

/// Fails unless a rule finds these symbols, at these levels, on a kernel.
#[track_caller]
pub(crate) fn expect_found(
    check: fn(&Subject<'_>) -> Vec<Finding>,
    kernel: &str,
    closure: &Closure,
    expected: &[(&str, Level)],
) {
    let found = found_on(kernel, closure, check);
    let found: Vec<_> = found
        .iter()
        .map(|finding| (finding.symbol.as_deref().unwrap(), finding.level))
        .collect();
    assert_eq!(found, expected, "{kernel}");
}
