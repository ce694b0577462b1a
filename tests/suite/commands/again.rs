//! Building again: nothing changed, two at once, elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tests::cli::Cli;
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
    while !waiting.line().contains("it.elf") {}
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
