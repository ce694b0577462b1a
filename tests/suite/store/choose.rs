//! Several kernels of a kind: which one an image is made of.

use std::fs;
use std::path::PathBuf;

use tests::cli::Cli;
use tests::process::Finished;
use tests::{osv, project::Project};

use super::User;

/// A user with a program, and kernels of these names; each has its first letter at its end.
fn user(names: &[&str]) -> User {
    let project = Project::new()
        .file("hello.c", "int main(void) { return 0; }\n")
        .file(
            "Unikernel.toml",
            "kernel = \"osv\"\n[build]\nsources = [\"hello.c\"]\n",
        );
    let user = User { project };
    for name in names {
        let mut loader = osv::loader_img();
        loader[0x1_0000..0x1_0005].copy_from_slice(b"\x7fELF\x01");
        *loader.last_mut().expect("a kernel") = name.as_bytes()[0];
        user.project.write(name, loader);
        user.kernel(["add", name, "--name", name])
            .run()
            .expect_status(0);
    }
    user
}

impl User {
    /// `build` with these words.
    fn build(&self, args: &[&str]) -> Finished {
        let home = |name: &str| self.project.path(name);
        let call = Cli::new(self.project.folder(), ["build"]).args(args.iter().copied());
        call.env("XDG_DATA_HOME", home("data")).run()
    }

    /// Which kernel the image has that `build` makes.
    fn kernel_of(&self, args: &[&str]) -> char {
        let built = self.build(args);
        let path = PathBuf::from(built.expect_status(0).stdout_text().trim_end());
        let image = fs::read(path).expect("just built");
        char::from(image[osv::loader_img().len() - 1])
    }
}

#[test]
fn kernel_is_chosen_by_name_in_flag_and_manifest() {
    let user = user(&["default", "mine", "other"]);
    assert_eq!(user.kernel_of(&[]), 'd');
    assert_eq!(user.kernel_of(&["--kernel", "osv/mine"]), 'm');
    user.project.write(
        "Unikernel.toml",
        "kernel = \"osv/other\"\n[build]\nsources = [\"hello.c\"]\n",
    );
    assert_eq!(user.kernel_of(&[]), 'o');
    assert_eq!(user.kernel_of(&["--kernel", "osv"]), 'd');
    assert_eq!(user.kernel_of(&["--kernel-file", "mine"]), 'm');
    let built = user.build(&["--kernel", "osv/other", "--kernel-file", "mine"]);
    built
        .expect_status(1)
        .expect_stderr_has("two kernels are named");
}

#[test]
fn list_marks_the_one_that_is_chosen() {
    let marked = |user: &User| {
        let list = user.list();
        let lines = list.lines().filter(|line| line.ends_with(" (default)"));
        let names = lines.filter_map(|line| line.split(' ').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(marked(&user(&["default", "mine"])), ["osv/default"]);
    assert_eq!(marked(&user(&["mine"])), ["osv/mine"]);
    let two = user(&["mine", "other"]);
    assert!(marked(&two).is_empty());
    two.kernel(["list"])
        .run()
        .expect_stderr_has("choose one by --kernel osv/NAME");
    two.build(&[])
        .expect_status(1)
        .expect_stderr_has("`mine`, `other`")
        .expect_stderr_has("--kernel osv/NAME");
}

#[test]
fn unknown_name_is_told_with_those_that_are_there() {
    let user = user(&["debug", "release"]);
    let built = user.build(&["--kernel", "osv/mine"]);
    built
        .expect_status(1)
        .expect_stderr_has("no kernel `osv/mine` in the store")
        .expect_stderr_has("`debug`, `release`");
    let built = user.build(&["--kernel", "osv/relaese"]);
    built
        .expect_status(1)
        .expect_stderr_has("did you mean `release`?");
    let built = user.build(&["--kernel", "ovs/release"]);
    built.expect_status(1).expect_stderr_has("`osv`");
}

#[test]
fn kernel_is_removed_by_kind_only_where_there_is_one() {
    let user = user(&["default", "mine"]);
    let remove = |word| user.kernel(["remove", word]).run();
    remove("osv")
        .expect_status(1)
        .expect_stderr_has("several kernels of kind `osv`: `default`, `mine`")
        .expect_stderr_has("osv/NAME");
    assert_eq!(user.files().len(), 2);
    remove("osv/mien")
        .expect_status(1)
        .expect_stderr_has("did you mean `mine`?");
    remove("osv/default").expect_status(0);
    assert_eq!(user.files(), ["osv/mine loader.img"]);
    remove("osv")
        .expect_status(0)
        .expect_stderr_has("`osv/mine`");
    user.expect_left(&[]);
}

#[test]
fn what_is_gone_or_changed_in_the_store_names_the_command_that_mends_it() {
    let user = user(&["mine"]);
    let path = user.kernel(["path", "osv", "loader.img"]).run();
    let path = PathBuf::from(path.expect_status(0).stdout_text().trim_end());
    let hint = "cargo unikernel kernel add";
    for (spoil, message) in [
        (
            fs::remove_file as fn(PathBuf) -> std::io::Result<()>,
            "was deleted",
        ),
        (|path| fs::write(path, "something else"), "was changed"),
    ] {
        spoil(path.clone()).expect("it is there");
        user.build(&[])
            .expect_status(1)
            .expect_stderr_has(message)
            .expect_stderr_has(hint)
            .expect_stderr_has("mine --name mine");
        user.kernel(["add", "mine", "--name", "mine"])
            .run()
            .expect_status(0)
            .expect_stderr_has("Stored");
        assert_eq!(user.kernel_of(&[]), 'm');
    }
}
