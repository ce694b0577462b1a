//! `cargo unikernel inspect`.

use tests::cli::Cli;
use tests::project::Project;

const MANIFEST: &str = "name = \"app\"\nargs = [\"-x\"]\n[env]\nCOLOUR = \"red\"\n\
    [files]\n\"/etc/note\" = { host = \"note\", mode = \"0600\" }\n\"/latest\" = { symlink = \"/etc/note\" }\n\
    [build]\nsources = [\"app.c\"]\n";

fn image(project: &Project) -> String {
    let built = Cli::new(project.folder(), ["build", "--quiet"]).run();
    built.expect_status(0).stdout_text().trim_end().to_owned()
}

#[test]
fn tells_what_an_image_holds() {
    let project = Project::new()
        .file("Unikernel.toml", MANIFEST)
        .file("app.c", "int main(void) { return 0; }\n")
        .file("note", "12345");
    let path = image(&project);
    let told = Cli::new(project.folder(), ["inspect", &path]).run();
    let text = told.expect_status(0).stdout_text();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for expected in [
        &["program", "/app"][..],
        &["argument", "-x"],
        &["environment", "COLOUR=red"],
        &["shape", "position-independent", "executable"],
        &["interpreter", "/lib64/ld-linux-x86-64.so.2"],
        &["needs", "libc.so.6"],
        &["-0600", "5", "/etc/note"],
        &["l0777", "/latest", "->", "/etc/note"],
        &["d1777", "/tmp"],
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected:?}: {told}"
        );
    }
}

#[test]
fn what_is_no_image_is_an_error_on_one_screen() {
    let project = Project::new()
        .file("app.c", "int main(void) { return 0; }\n")
        .file("text", "no image");
    let built = Cli::new(project.folder(), ["build", "--quiet", "app.c"]).run();
    let whole = std::fs::read(built.expect_status(0).stdout_text().trim_end()).unwrap();
    project.write("cut", &whole[..whole.len() / 2]);
    for name in ["text", "cut", "nothing"] {
        let told = Cli::new(project.folder(), ["inspect", name]).run();
        told.expect_status(1)
            .expect_stdout("")
            .expect_stderr_has(name);
        assert!(told.stderr_text().lines().count() < 20, "{told}");
    }
}
