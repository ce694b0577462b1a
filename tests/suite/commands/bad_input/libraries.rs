//! Libraries that are missing or of another machine, with who needs them.

use std::fs;

use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;

use super::check;

/// How the error tells of the chain.
const NEEDED: &str = "note: needed by `libfront.so`, which is needed by `app`";

/// `app` needs `libfront.so`, which needs `libback.so`; all lie in the folder.
fn chain() -> Project {
    let project = Project::new()
        .file("back.c", "int back(void) { return 0; }\n")
        .file(
            "front.c",
            "int back(void); int front(void) { return back(); }\n",
        )
        .file(
            "app.c",
            "int front(void); int main(void) { return front(); }\n",
        );
    for line in [
        "-shared -fPIC -o libback.so back.c",
        "-shared -fPIC -o libfront.so front.c -L. -lback -Wl,-rpath,$ORIGIN",
        "-o app app.c -L. -lfront -Wl,-rpath,$ORIGIN,-rpath-link,.",
    ] {
        let call = Call::new("gcc")
            .args(line.split(' '))
            .folder(project.folder());
        call.run().expect_status(0);
    }
    project
}

#[test]
fn each_folder_is_looked_in_once() {
    let project = chain();
    fs::remove_file(project.path("libback.so")).expect("it is ours");
    let built = Cli::new(project.folder(), ["build", "--binary", "app"]).run();
    let text = built.expect_status(1).stderr_text();
    let folders = text.lines().find_map(|line| line.split_once("looked in "));
    let (_, folders) = folders.expect("the folders are told");
    let mut folders: Vec<&str> = folders.split(", ").collect();
    let n_told = folders.len();
    folders.sort_unstable();
    folders.dedup();
    assert_eq!(folders.len(), n_told, "{text}");
}

#[test]
fn missing_library_is_named_with_who_needs_it() {
    let project = chain();
    fs::remove_file(project.path("libback.so")).expect("it is ours");
    let folder = format!("note: looked in {}", project.folder().display());
    let texts = [
        "error[UK010]: library `libback.so` is not found\n",
        "/app\n",
        &folder,
        NEEDED,
    ];
    check(&project, &["--binary", "app"], &texts);
}

#[test]
fn library_for_another_machine_is_named_with_who_needs_it() {
    let project = chain();
    let mut bytes = fs::read(project.path("libback.so")).expect("it was compiled");
    // `e_machine` of aarch64 (ELF-64 Object File Format, figure 4).
    bytes[18] = 183;
    project.write("libback.so", bytes);
    let texts = [
        "error[UK010]: library `libback.so` is not found for x86-64",
        "/libback.so` is for 64-bit aarch64",
        NEEDED,
    ];
    check(&project, &["--binary", "app"], &texts);
}

#[test]
fn library_that_is_none_is_named_with_who_needs_it() {
    let project = chain();
    project.write("libback.so", "INPUT(-lback)\n");
    let texts = ["library `libback.so`", "not an ELF file", NEEDED];
    check(&project, &["--binary", "app"], &texts);
}
