//! Words for unit tests: small programs from the host's compiler.

use crate::closure::{self, Closure};
use crate::fs;
use crate::program::Program;
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
