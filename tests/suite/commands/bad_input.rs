//! Bad input: an error of one screen with cause and place, the documented status, and no file that is half there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tests::cli::{self, Cli};
use tests::process::{Call, Finished};
use tests::project::Project;

use super::c_program;

const MAIN: &str = "int main(void) { return 0; }\n";

/// Whatever a build has left that is no artefact: images and temporary files.
fn left_over(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_lock = name == ".unikernel-lock";
        if path.is_dir() {
            left_over(&path, found);
        } else if !is_lock && (name.starts_with(".unikernel-") || name.ends_with(".elf")) {
            found.push(path);
        }
    }
}

/// Fails with status 1, these texts, on one screen, and leaves nothing.
fn check_finished(project: &Project, built: &Finished, texts: &[&str]) {
    built.expect_status(1).expect_stdout("");
    for text in texts {
        built.expect_stderr_has(text);
    }
    assert!(built.stderr_text().lines().count() <= 24, "{built}");
    let mut found = Vec::new();
    left_over(&project.path("target"), &mut found);
    assert!(found.is_empty(), "{found:?}");
}

fn check(project: &Project, args: &[&str], texts: &[&str]) {
    let words = ["build"].iter().chain(args).copied();
    check_finished(project, &Cli::new(project.folder(), words).run(), texts);
}

/// A project of one C file whose manifest has these lines before `[build]`.
fn with_manifest(lines: &str) -> Project {
    Project::new().file("main.c", MAIN).file(
        "Unikernel.toml",
        format!("{lines}\n[build]\nsources = [\"main.c\"]\n"),
    )
}

#[test]
fn manifests() {
    for (lines, texts) in [
        ("name = \"x", &["Unikernel.toml:1"][..]),
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
            &["Unikernel.toml:2", "`..`"],
        ),
        (
            "[files]\n\"/a\" = \"nothing\"",
            &["`/a`", "nothing", "no such file"],
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
        (
            "layers = [\"nothing.tar\"]",
            &["nothing.tar", "no such file"],
        ),
    ] {
        check(&with_manifest(lines), &[], texts);
    }
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
fn programs() {
    let project = c_program(MAIN);
    let compile = |args: &[&str]| {
        let call = Call::new("gcc").args(args.iter().copied());
        call.folder(project.folder()).run().expect_status(0);
    };
    compile(&["-o", "whole", "program.c"]);
    compile(&["-c", "-o", "object.o", "program.c"]);
    project.write("none.c", "int f(void) { return 0; }\n");
    compile(&[
        "-shared",
        "-fPIC",
        "-nostartfiles",
        "-o",
        "none.so",
        "none.c",
    ]);
    let whole = fs::read(project.path("whole")).expect("it was compiled");
    project.write("cut", &whole[..whole.len() / 3]);
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    project.write("narrow", changed(4, 1));
    project.write("arm", changed(18, 183));
    project.write("text", "hello");
    for (name, text) in [
        ("cut", "broken ELF file"),
        ("text", "not an ELF file"),
        ("narrow", "32-bit"),
        ("arm", "aarch64"),
        ("object.o", "object.o"),
        ("none.so", "none.so"),
        ("nothing", "no such file"),
    ] {
        check(&project, &["--binary", name], &[name, text]);
    }
}

#[test]
fn layers_that_leave_the_tree() {
    let tar = |args: &[&str]| {
        let project = with_manifest("layers = [\"base.tar\"]").file("inside/file", "x");
        std::os::unix::fs::symlink("/etc/passwd", project.path("inside/absolute"))
            .expect("a temporary folder");
        let call = Call::new("tar")
            .args(["-cPf", "base.tar"])
            .args(args.iter().copied());
        call.folder(project.folder()).run().expect_status(0);
        project
    };
    let project = tar(&["--transform", "s|^|../|", "inside/file"]);
    check(&project, &[], &["base.tar", "`..`"]);
    check(
        &tar(&["--transform", "s|^|/|", "inside/file"]),
        &[],
        &["absolute path"],
    );
    check(
        &tar(&["inside/absolute"]),
        &[],
        &["leads out", "/etc/passwd"],
    );
    check(
        &tar(&["/dev/null", "--transform", "s|^/||"]),
        &[],
        &["neither a file"],
    );
    check(&tar(&["-z", "inside/file"]), &[], &["compressed", "gunzip"]);
}

#[test]
fn kernel_files() {
    let project = c_program(MAIN).file("text", "hello");
    let kernel = fs::read(tests::kernel_file::path()).expect("a kernel file");
    check(
        &project,
        &["program.c", "--kernel-file", "nothing"],
        &["nothing", "no such file"],
    );
    check(
        &project,
        &["program.c", "--kernel-file", "text"],
        &["text", "no ELF"],
    );
    project.write("cut", &kernel[..kernel.len() / 2]);
    check(&project, &["program.c", "--kernel-file", "cut"], &["cut"]);
    let Some(version) = version_offset(&kernel) else {
        panic!("the kernel file has no boot block");
    };
    let mut other = kernel;
    other[version] = 99;
    project.write("other", other);
    check(
        &project,
        &["program.c", "--kernel-file", "other"],
        &["other", "version 99 of the boot interface"],
    );
}

/// Where the version of the boot block stands in a kernel file.
fn version_offset(kernel: &[u8]) -> Option<usize> {
    let elf = goblin::elf::Elf::parse(kernel).expect("a kernel file is an ELF");
    let section = elf.section_headers.iter().find(|section| {
        elf.shdr_strtab.get_at(section.sh_name) == Some(unikernel_abi::boot::SECTION)
    })?;
    Some(usize::try_from(section.sh_offset).ok()? + 8)
}

#[test]
fn folder_that_cannot_be_read() {
    let project = with_manifest("[files]\n\"/data\" = \"data\"").file("data/file", "x");
    let data = project.path("data");
    let set = |mode| fs::set_permissions(&data, fs::Permissions::from_mode(mode));
    set(0o000).expect("it is ours");
    let readable = fs::read_dir(&data).is_ok();
    // The superuser may read everything; a folder that goes round in circles fails for all.
    if readable {
        set(0o755).expect("it is ours");
        fs::remove_dir_all(&data).expect("it is ours");
        std::os::unix::fs::symlink("data", &data).expect("a temporary folder");
    }
    check(&project, &[], &["`/data`", "data"]);
    if !readable {
        set(0o755).expect("it is ours");
    }
}

#[test]
fn full_disk() {
    let project = c_program(MAIN).file("big", vec![1; 4 << 20]);
    // A file may not grow beyond 3 MiB (setrlimit(2), RLIMIT_FSIZE): a write fails as on a full disk.
    let line =
        "trap '' XFSZ; ulimit -f 6144; exec \"$0\" unikernel build program.c --file /big=big";
    let call = Call::new("sh").args(["-c", line]).arg(cli::executable());
    let built = call
        .full_env(cli::environment())
        .folder(project.folder())
        .within(60)
        .run();
    check_finished(&project, &built, &["program.elf", "too large"]);
}
