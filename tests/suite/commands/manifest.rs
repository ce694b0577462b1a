//! Manifests: both places, and mistakes in them.

use tests::cli::Cli;
use tests::project::Project;

use super::run;

const C: &str = "#include <stdio.h>\n#include <stdlib.h>\nint main(int c, char **v)\n\
    { printf(\"%s %s %s\\n\", v[0], v[c - 1], getenv(\"COLOUR\")); }\n";

#[test]
fn unknown_key_is_an_error_with_its_place_and_a_suggestion() {
    let project = Project::new().file(
        "Unikernel.toml",
        "name = \"x\"\n\n[build]\nsorces = [\"x.c\"]\n",
    );
    let built = Cli::new(project.folder(), ["build"]).run();
    built.expect_status(1);
    for text in ["Unikernel.toml:4", "sorces", "sources"] {
        built.expect_stderr_has(text);
    }
}

#[test]
fn run_gives_125_for_the_same_mistake() {
    let project = Project::new().file("Unikernel.toml", "nmae = \"x\"\n");
    run(&project, &[])
        .run()
        .expect_status(125)
        .expect_stderr_has("name");
}

#[test]
fn manifest_of_a_folder_sets_name_arguments_and_environment() {
    let manifest = "name = \"painter\"\nargs = [\"one\", \"two\"]\n[env]\nCOLOUR = \"red\"\n\
        [build]\nsources = [\"src/*.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("src/main.c", C);
    run(&project, &[])
        .run()
        .expect_status(0)
        .expect_stdout("/painter two red\n");
}

#[test]
fn manifest_of_a_cargo_package_does_too() {
    let main =
        "fn main() { println!(\"{:?} {:?}\", std::env::args(), std::env::var(\"COLOUR\")); }\n";
    let manifest = "[package.metadata.unikernel]\nargs = [\"one\"]\n\n\
        [package.metadata.unikernel.env]\nCOLOUR = \"green\"\n";
    let project = Project::cargo_package("painter", main, manifest);
    let expected = "Args { inner: [\"/painter\", \"one\"] } Ok(\"green\")\n";
    run(&project, &[])
        .run()
        .expect_status(0)
        .expect_stdout(expected);
}

#[test]
fn arguments_on_the_command_line_replace_those_of_the_manifest() {
    let manifest = "name = \"painter\"\nargs = [\"one\"]\n[env]\nCOLOUR = \"red\"\n[build]\nsources = [\"main.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("main.c", C);
    run(&project, &["--", "other"])
        .run()
        .expect_stdout("/painter other red\n");
}

#[test]
fn environment_at_run_time_leaves_the_image_alone() {
    let manifest = "name = \"painter\"\n[env]\nCOLOUR = \"red\"\n[build]\nsources = [\"main.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("main.c", C);
    let built = Cli::new(project.folder(), ["build"]).run();
    let image = built.expect_status(0).stdout_text();
    let before = std::fs::read(image.trim_end()).unwrap();
    let time = std::fs::metadata(image.trim_end())
        .unwrap()
        .modified()
        .unwrap();
    run(&project, &["--env", "COLOUR=blue"])
        .run()
        .expect_stdout("/painter /painter blue\n");
    assert!(std::fs::read(image.trim_end()).unwrap() == before);
    assert_eq!(
        std::fs::metadata(image.trim_end())
            .unwrap()
            .modified()
            .unwrap(),
        time
    );
}

#[test]
fn file_that_is_not_there_is_named() {
    let manifest = "name = \"x\"\n[files]\n\"/etc/conf\" = \"no-such-file\"\n[build]\nsources = [\"main.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("main.c", C);
    Cli::new(project.folder(), ["build"])
        .run()
        .expect_status(1)
        .expect_stderr_has("no-such-file");
}

#[test]
fn guest_path_that_leaves_the_root_is_refused() {
    let manifest =
        "name = \"x\"\n[files]\n\"/../etc/conf\" = \"main.c\"\n[build]\nsources = [\"main.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("main.c", C);
    Cli::new(project.folder(), ["build"])
        .run()
        .expect_status(1)
        .expect_stderr_has("/../etc/conf");
}
