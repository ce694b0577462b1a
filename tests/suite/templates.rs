//! Every folder of `templates/` that has a `template.toml`: started anew, built, booted. The folder is the list.

use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;
use tests::workspace;

/// Names of all templates.
fn names() -> Vec<String> {
    let files = workspace::files();
    let names = files.iter().filter_map(|path| {
        let name = path.strip_prefix("templates/")?;
        name.strip_suffix("/template.toml").map(str::to_owned)
    });
    names.collect()
}

#[test]
fn each_starter_prints_what_it_promises() {
    assert!(names().len() >= 2);
    for name in names() {
        let project = Project::new();
        Cli::new(project.folder(), ["new", "my-app", "--template", &name])
            .run()
            .expect_status(0)
            .expect_stdout("");
        let expected = workspace::read(&format!("templates/{name}/expected.txt"));
        Cli::new(
            &project.path("my-app"),
            ["run", "--quiet", "--accel", "tcg"],
        )
        .run()
        .expect_status(0)
        .expect_stdout(&expected.replace("{{name}}", "my-app"));
    }
}

#[test]
fn list_names_each_with_what_it_is() {
    let project = Project::new();
    let listed = Cli::new(project.folder(), ["template", "list"]).run();
    let text = listed.expect_status(0).stdout_text();
    let words = text.lines().map(|line| line.split_whitespace());
    let found: Vec<_> = words.filter_map(|mut words| words.next()).collect();
    assert_eq!(found, names());
}

#[test]
fn what_is_there_is_left_alone() {
    let project = Project::new().file("app/notes", "mine");
    Cli::new(project.folder(), ["new", "app"])
        .run()
        .expect_status(1)
        .expect_stderr_has("there already");
    assert_eq!(std::fs::read(project.path("app/notes")).unwrap(), b"mine");
    Cli::new(project.folder(), ["new", "9lives"])
        .run()
        .expect_status(1)
        .expect_stderr_has("9lives");
    assert!(!project.path("9lives").exists());
}

#[test]
fn init_writes_what_a_folder_of_c_needs() {
    let source = "#include <stdio.h>\n#include \"w.h\"\nint main(void) { puts(W); return 0; }\n";
    let project = Project::new()
        .file("src/main.c", source)
        .file("include/w.h", "#define W \"word\"\n");
    let init = Cli::new(project.folder(), ["init"]);
    init.run().expect_status(0);
    Cli::new(project.folder(), ["run", "--quiet", "--accel", "tcg"])
        .run()
        .expect_status(0)
        .expect_stdout("word\n");
    init.run().expect_status(1).expect_stderr_has("already");
}

#[test]
fn init_leaves_a_cargo_package_as_it_is() {
    let project = Project::cargo_package("plain", "fn main() {}\n", "");
    let before = std::fs::read(project.path("Cargo.toml")).unwrap();
    Cli::new(project.folder(), ["init"])
        .run()
        .expect_status(0)
        .expect_stderr_has("needs no manifest");
    assert_eq!(std::fs::read(project.path("Cargo.toml")).unwrap(), before);
    assert!(!project.path("Unikernel.toml").exists());
    let empty = Project::new();
    Cli::new(empty.folder(), ["init"]).run().expect_status(1);
}

/// A package inside a package would be left out without a word.
#[test]
fn package_holds_every_file_of_the_folder() {
    let listed = Call::new(workspace::cargo())
        .args(["package", "--list", "--offline", "--allow-dirty"])
        .args(["--package", "unikernel-templates"])
        .folder(workspace::root())
        .run();
    let text = listed.expect_status(0).stdout_text();
    let packaged: Vec<&str> = text.lines().collect();
    for path in workspace::files() {
        if let Some(inside) = path.strip_prefix("templates/") {
            assert!(packaged.contains(&inside), "{inside} is left out: {text}");
        }
    }
}
