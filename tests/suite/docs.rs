//! The generated pages say what is.

use tests::process::Call;
use tests::workspace;

#[test]
fn generated_pages_are_up_to_date() {
    Call::new(workspace::cargo())
        .args(["xtask", "docs", "--check"])
        .folder(workspace::root())
        .within(600)
        .run()
        .expect_status(0);
}
