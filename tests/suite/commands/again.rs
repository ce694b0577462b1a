//! Building again: nothing changed, two at once, elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tests::cli::Cli;
use tests::kernel_file;
use tests::process::Call;
use tests::project::Project;

const C: &str = "#include <stdio.h>\n#include \"it.h\"\nint main(void) { puts(IT __FILE__); }\n";
const MANIFEST: &str = "name = \"it\"\n[build]\nsources = [\"src/*.c\"]\ninclude = [\"include\"]\n";

fn c_project() -> Project {
    Project::new()
        .file("Unikernel.toml", MANIFEST)
        .file("src/main.c", C)
        .file("include/it.h", "#define IT \"one\"\n")
}

fn image(project: &Project, args: &[&str]) -> PathBuf {
    let words = ["build"].iter().chain(args).copied();
    let built = Cli::new(project.folder(), words).run();
    PathBuf::from(built.expect_status(0).stdout_text().trim_end())
}

/// Every file below a folder with its time.
fn times(folder: &Path) -> Vec<(PathBuf, SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of artefacts") {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            all.extend(times(&path));
        } else {
            let time = fs::metadata(&path).and_then(|facts| facts.modified());
            all.push((path, time.expect("a file has a time")));
        }
    }
    all.sort();
    all
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let c = c_project();
    let rust = Project::cargo_package("it", "fn main() {}\n", "");
    for project in [&c, &rust] {
        image(project, &[]);
        let before = times(&project.path("target/unikernel"));
        let built = Cli::new(project.folder(), ["build"]).run();
        built.expect_status(0);
        let text = built.stderr_text();
        for verb in ["Compiling", "Linking", "Packed"] {
            assert!(!text.contains(verb), "{built}");
        }
        assert_eq!(times(&project.path("target/unikernel")), before);
    }
}

#[test]
fn touched_header_is_noticed() {
    let project = c_project();
    let before = fs::read(image(&project, &[])).expect("an image");
    project.write("include/it.h", "#define IT \"two\"\n");
    let built = Cli::new(project.folder(), ["build"]).run();
    built.expect_status(0).expect_stderr_has("Compiling");
    let after = fs::read(built.stdout_text().trim_end()).expect("an image");
    assert!(before != after);
}

/// A cargo package with a kernel file and everything else that can change.
fn whole_project() -> Project {
    let table = "[package.metadata.unikernel]\nargs = [\"an-arg\"]\n\
        env = { NAME = \"a-value\" }\nfiles = { \"/etc/motd\" = \"motd\" }\n";
    let project = Project::cargo_package("it", "fn main() { print!(\"a-word\"); }\n", table)
        .file("motd", "a-line\n")
        .file("kernel", kernel_file::read());
    image(&project, &[]);
    project
}

#[test]
fn each_part_is_noticed_when_it_changes() {
    let project = whole_project();
    let libraries = project.copy_libraries("target/debug/it", "sys");
    let libc = libraries.iter().find(|path| path.ends_with("libc.so.6"));
    let args = ["--kernel-file", "kernel", "--sysroot", "sys"];
    let path = image(&project, &args);
    let copy = path.with_extension("debug");
    let read = || fs::read(&path).expect("an image");
    let changes = [
        ("Cargo.toml", "an-arg", "an_arg"),
        ("Cargo.toml", "a-value", "a_value"),
        ("Cargo.toml", "/etc/motd", "/etc/moth"),
        ("motd", "a-line", "a_line"),
        ("src/main.rs", "a-word", "a_word"),
        ("kernel", "no processes", "no_processes"),
        (
            libc.expect("a C library"),
            "Out of streams",
            "Out_of_streams",
        ),
    ];
    for (file, from, to) in changes {
        let before = (read(), times(&project.path("target/unikernel")));
        image(&project, &args);
        assert_eq!(times(&project.path("target/unikernel")), before.1, "{file}");
        replace(&project.path(file), from, to);
        image(&project, &args);
        assert!(read() != before.0, "{from} in {file}");
    }
    let unstripped = fs::read(&copy).expect("the program that was not stripped");
    for damage in [&unstripped[1..], &unstripped[..0]] {
        fs::write(&copy, damage).expect("a file of ours");
        image(&project, &args);
        assert!(fs::read(&copy).is_ok_and(|bytes| bytes == unstripped));
    }
}

/// Puts a text in the place of another one of the same length, in a file of whatever kind.
fn replace(path: &Path, from: &str, to: &str) {
    let mut bytes = fs::read(path).expect("a file of the project");
    let mut windows = bytes.windows(from.len());
    let at = windows.position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no {from} in {}", path.display()));
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    fs::write(path, bytes).expect("a file of the project");
}

#[test]
fn second_build_waits_for_the_first() {
    let project = c_project();
    let image = image(&project, &[]);
    let folder = image.ancestors().nth(2).expect("a folder of artefacts");
    let lock = fs::File::open(folder.join(".unikernel-lock")).expect("a lock file");
    lock.lock().expect("a lock");
    let line = "\"$0\" unikernel build 2>&1 & child=$!; cat";
    let call = Call::new("sh")
        .args(["-c", line])
        .arg(tests::cli::executable());
    let mut waiting = call
        .full_env(tests::cli::environment())
        .folder(project.folder())
        .start_reading();
    let said = waiting.line();
    assert!(said.contains("Blocking waiting for file lock"), "{said}");
    drop(lock);
    // Behind the end all lines are empty.
    let mut lines = std::iter::repeat_with(|| waiting.line()).take(100);
    assert!(lines.any(|line| line.contains("it.elf")), "no image");
}

#[test]
fn two_clones_give_the_same_image() {
    let clone = |make: &dyn Fn() -> Project, args: &[&str]| {
        let [one, other] = [make(), make()].map(|project| {
            let path = image(&project, args);
            fs::read(path).expect("an image")
        });
        assert!(one == other, "{args:?}");
    };
    clone(&c_project, &[]);
    clone(&c_project, &["--release", "--link", "shared"]);
    let rust = || {
        let main = "fn main() { println!(\"{}\", file!()); let v: Vec<String> = std::env::args().collect(); assert!(v[0].is_empty()); }\n";
        Project::cargo_package("it", main, "")
    };
    clone(&rust, &["--release"]);
}
