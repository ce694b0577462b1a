//! Linux says what is right, and the unikernel must do the same.

use crate::directives::Form;
use crate::guest::Guest;
use crate::process::Finished;

/// Runs the guest in `file` natively and, linked in this form, in a unikernel; output and status must agree, for each of its
/// runs.
///
/// # Panics
/// When they differ, or a text that stderr must hold is missing.
#[track_caller]
pub fn check(file: &str, form: &str) {
    let form = Form::from_word(form).expect("the build script wrote a form");
    let guest = Guest::load(file);
    let native = guest.runs_natively().then(|| guest.native());
    let project = guest.project(form);
    for args in &guest.directives.runs {
        let expected = native.as_ref().map(|native| native.run(args));
        let found = guest.in_unikernel(&project, form, args);
        compare(&guest, expected.as_ref(), &found);
    }
}

#[track_caller]
fn compare(guest: &Guest, expected: Option<&Finished>, found: &Finished) {
    let said = &guest.directives;
    let (status, stdout) = match expected {
        Some(native) => (native.status, native.stdout.clone()),
        // Nobody here can say what is right, but that it ends well.
        None if said.needs_root => (0, found.stdout.clone()),
        None => (0, said.stdout.clone().into_bytes()),
    };
    assert!(
        found.stdout == stdout,
        "stdout differs; expected:\n{}\nof {found}",
        String::from_utf8_lossy(&stdout)
    );
    found.expect_status(status);
    for text in &said.stderr_has {
        found.expect_stderr_has(text);
    }
    if let (Some(native), true) = (expected, said.compare_stderr) {
        let same = if said.stderr_has.is_empty() {
            found.stderr == native.stderr
        } else {
            // The host adds its report to what the program wrote.
            found.stderr.starts_with(&native.stderr)
        };
        assert!(
            same,
            "stderr differs; expected:\n{}\nof {found}",
            native.stderr_text()
        );
    }
}
