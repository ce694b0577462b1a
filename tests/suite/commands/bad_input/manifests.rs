//! Manifests that mean nothing.

use tests::project::Project;

use super::{check, with_manifest};

#[test]
fn manifests() {
    for (lines, texts) in [
        (
            "name = \"x",
            &["Unikernel.toml:1:10", "invalid basic string"][..],
        ),
        (
            "nmae = \"x\"",
            &["Unikernel.toml:1:1", "`nmae`", "did you mean `name`?"],
        ),
        (
            "memory = \"64X\"",
            &["Unikernel.toml:1:10", "`64X` is no size"],
        ),
        (
            "memory = \"99999999999G\"",
            &["Unikernel.toml:1:10", "no size"],
        ),
        (
            "kernel = \"biultin\"",
            &["Unikernel.toml:1:10", "did you mean `builtin`?"],
        ),
        (
            "[files]\n\"/a/../b\" = \"main.c\"",
            &["Unikernel.toml:2:1", "guest path `/a/../b` has a `..` part"],
        ),
        (
            "[files]\n\"/a\" = \"nothing\"",
            &[
                "can't put `/a` into the root tree",
                "/nothing`: no such file",
                "Unikernel.toml:2:8\n",
                "2 | \"/a\" = \"nothing\"\n",
            ],
        ),
        ("[net]\naddress = \"dhcp\"", &["no network yet"]),
        (
            "[lint]\nUK999 = \"deny\"",
            &["Unikernel.toml:2:1", "`UK999`"],
        ),
        (
            "[image]\nbudget = \"1K\"",
            &["budget of 1024", "`-v` lists"],
        ),
        ("[image]\nsize = \"1G\"", &["`image.size` is for disks"]),
        ("cpus = 0", &["Unikernel.toml:1:8", "integer `0`"]),
        (
            "[files]\n\"/dev/secret\" = \"main.c\"",
            &["the guest would not see `/dev/secret`", "2:17\n"],
        ),
        (
            "name = \"app\"\n[files]\n\"/app\" = \"main.c\"",
            &["`/app` in `files` is where the program lies", "3:10\n"],
        ),
        ("name = \"sys\"", &["the guest would not see `/sys`"]),
        (
            "layers = [\"nothing.tar\"]",
            &["nothing.tar", "no such file"],
        ),
    ] {
        check(&with_manifest(lines), &[], texts);
    }
}

#[test]
fn name_that_leads_elsewhere_is_refused_before_anything_is_written() {
    for name in ["", "..", "../../app", "a/b", ".app", "a\\nb"] {
        let project = with_manifest(&format!("name = \"{name}\""));
        check(
            &project,
            &[],
            &["Unikernel.toml:1:8", "is no file name", "`name` ="],
        );
        assert!(!project.path("target").exists(), "{name}");
    }
}

#[test]
fn keys_of_a_program_that_there_is_not() {
    let manifest = "[package.metadata.unikernel.bin.serve]\nargs = []\n";
    let project = Project::cargo_package("server", "fn main() {}\n", manifest);
    check(
        &project,
        &[],
        &["no program `serve`", "did you mean `server`?"],
    );
}

#[test]
fn builds_that_are_not_possible_yet() {
    for (lines, text) in [
        (
            "source = { url = \"u\", sha256 = \"0\" }",
            "`build.source` is not possible yet",
        ),
        (
            "template = \"mosquitto\"",
            "`build.template` is not possible yet",
        ),
        ("command = \"true\"", "without `build.binary`"),
        ("command = \"true\"\nbinary = \"app\"", "has not made"),
        ("command = \"exit 3\"\nbinary = \"app\"", "`exit 3` failed"),
        ("source = { url = \"u\" }", "missing field `sha256`"),
    ] {
        let project = Project::new().file("Unikernel.toml", format!("[build]\n{lines}\n"));
        check(&project, &[], &[text]);
    }
}

#[test]
fn manifest_that_is_no_text() {
    let project = Project::new()
        .file("main.c", "int main(void) { return 0; }\n")
        .file("Unikernel.toml", b"name = \"x\"\nargs = [\"\xe4\"]\n");
    check(&project, &[], &["Unikernel.toml:2:10", "it is not UTF-8"]);
}
