//! The root tree: what is in it, and why.

use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;

use super::run;

const READER: &str = "#include <stdio.h>\nint main(int n, char **v) { char t[99] = \"none\\n\"; for (int i = 1; i < n; i++) {\
    FILE *f = fopen(v[i], \"r\"); if (f) fgets(t, 99, f); fputs(t, stdout); } }\n";

#[test]
fn later_layer_wins_and_the_program_reads_them() {
    let manifest = "name = \"reader\"\nlayers = [\"base.tar\", \"common\"]\n[files]\n\"/three\" = \"three\"\n\
        [build]\nsources = [\"main.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("main.c", READER)
        .file("base/one", "tar one\n")
        .file("base/two", "tar two\n")
        .file("base/three", "tar three\n")
        .file("common/two", "folder two\n")
        .file("common/etc/hosts", "the layer's\n")
        .file("three", "own three\n");
    let tar = Call::new("tar").args(["-C", "base", "-cf", "base.tar", "."]);
    tar.folder(project.folder()).run().expect_status(0);
    run(&project, &["--", "/one", "/two", "/three", "/etc/hosts"])
        .run()
        .expect_status(0)
        .expect_stdout("tar one\nfolder two\nown three\nthe layer's\n");
}

#[test]
fn every_default_is_listed_with_its_reason_and_can_be_left_out() {
    let defaults = [
        "hosts",
        "resolv.conf",
        "passwd",
        "group",
        "nsswitch.conf",
        "hostname",
    ];
    let removed: String = defaults
        .map(|name| format!("\"/etc/{name}\" = false\n"))
        .concat();
    let project = Project::new()
        .file("main.c", READER)
        .file("Unikernel.toml", "[build]\nsources = [\"main.c\"]\n")
        .file(
            "bare.toml",
            format!("[files]\n{removed}[build]\nsources = [\"main.c\"]\n"),
        );
    let listed = Cli::new(project.folder(), ["build", "-v"]).run();
    listed.expect_status(0);
    let bare = Cli::new(
        project.folder(),
        ["build", "-v", "--manifest-path", "bare.toml"],
    )
    .run();
    bare.expect_status(0);
    for name in defaults {
        let path = format!("/etc/{name}  (");
        listed.expect_stderr_has(&path);
        assert!(!bare.stderr_text().contains(&path), "{bare}");
    }
}
