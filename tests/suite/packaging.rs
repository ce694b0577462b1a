//! The packages hold all that they need.

use tests::process::Call;
use tests::workspace;

/// Each package is unpacked elsewhere and built from its own files alone; the tool's with the kernel.
#[test]
fn every_package_builds_from_its_own_files() {
    Call::new(workspace::cargo())
        .args(["package", "--workspace", "--offline", "--allow-dirty"])
        .folder(workspace::root())
        .within(900)
        .run()
        .expect_status(0);
}
