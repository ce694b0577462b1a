//! `cargo unikernel run`.

use tests::cli::{self, Cli};
use tests::process::Call;
use tests::project::Project;
use tests::turns;
use tests::workspace;

use super::{c_program, run};

#[test]
fn new_cargo_package_boots_when_cargo_is_asked() {
    let project = Project::new();
    let env = cli::environment();
    let tool = cli::executable().parent().unwrap().to_owned();
    let old = env[std::ffi::OsStr::new("PATH")].clone();
    let paths = std::env::split_paths(&old);
    let path = std::env::join_paths(std::iter::once(tool).chain(paths)).unwrap();
    let cargo = Call::new(workspace::cargo())
        .full_env(env)
        .folder(project.folder());
    cargo
        .clone()
        .args(["new", "--quiet", "--vcs", "none", "greeter"])
        .run()
        .expect_status(0);
    let _turn = turns::take();
    let ran = cargo
        .folder(&project.path("greeter"))
        .env("PATH", path)
        .args(["unikernel", "run", "--accel", "tcg"])
        .run();
    ran.expect_status(0).expect_stdout("Hello, world!\n");
}

#[test]
fn c_file_boots_without_a_manifest() {
    let project = Project::new().file("hello.c", workspace::read("tests/guests/hello.c"));
    run(&project, &["hello.c", "--", "all"])
        .run()
        .expect_status(0)
        .expect_stdout("Hello from 2 arguments, the last is all\n");
}

#[test]
fn built_image_boots_without_its_project() {
    let project = c_program("int main(void) { return 6; }\n");
    let built = Cli::new(project.folder(), ["build", "program.c"]).run();
    let image = std::fs::read(built.expect_status(0).stdout_text().trim_end()).unwrap();
    let elsewhere = Project::new().file("moved.elf", image);
    run(&elsewhere, &["--image", "moved.elf"])
        .run()
        .expect_status(6);
}

#[test]
fn cut_off_image_is_refused() {
    let project = c_program("int main(void) { return 6; }\n");
    let built = Cli::new(project.folder(), ["build", "program.c"]).run();
    let image = std::fs::read(built.expect_status(0).stdout_text().trim_end()).unwrap();
    project.write("cut.elf", &image[..image.len() - 5000]);
    run(&project, &["--image", "cut.elf"])
        .run()
        .expect_status(125)
        .expect_stderr_has("cut.elf");
}

#[test]
fn q35_runs_the_same_image() {
    let project = Project::new().file("hello.c", workspace::read("tests/guests/hello.c"));
    run(&project, &["hello.c", "--vmm", "qemu-q35", "--", "pci"])
        .run()
        .expect_status(0)
        .expect_stdout("Hello from 2 arguments, the last is pci\n");
}

#[test]
fn package_that_is_a_port_number_gets_a_hint() {
    let project = Project::cargo_package("plain", "fn main() {}\n", "");
    run(&project, &["-p", "1883"])
        .run()
        .expect_status(125)
        .expect_stderr_has("-f 1883");
}
