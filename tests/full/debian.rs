//! Programs of Debian, unpacked below the target folder and never installed.

use std::fs;
use std::path::PathBuf;

use tests::process::Call;
use tests::workspace;

/// A folder that holds these packages as a system would, without running anything of them.
pub(crate) fn sysroot(name: &str, packages: &[&str]) -> PathBuf {
    let folder = workspace::root().join("target/debian").join(name);
    let (archives, root) = (folder.join("archives"), folder.join("root"));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&archives).expect("the target folder is writable");
    fs::create_dir_all(&root).expect("the target folder is writable");
    Call::new("apt-get")
        .args(["--quiet", "--quiet", "download"])
        .args(packages.iter().copied())
        .folder(&archives)
        .within(300)
        .run()
        .expect_status(0);
    for entry in fs::read_dir(&archives).expect("a folder") {
        let path = entry.expect("a folder entry").path();
        Call::new("dpkg-deb")
            .arg("--extract")
            .args([path, root.clone()])
            .run()
            .expect_status(0);
    }
    root
}
