//! What goes into the store: files, folders, archives.

use std::fs;

use super::{NANOS, OSV, User, compile, loader, nanos_boot, pack};

#[test]
fn file_is_told_by_its_content_not_its_name() {
    let user = User::new();
    user.project.write("README.txt", loader());
    user.kernel(["add", "README.txt"])
        .run()
        .expect_status(0)
        .expect_stderr_has("Stored `osv/default` (loader.img)");
    assert_eq!(user.files(), ["osv/default loader.img"]);
    let path = user.kernel(["path", "osv", "loader.img"]).run();
    let path = path.expect_status(0).stdout_text();
    assert!(fs::read(path.trim_end()).unwrap() == loader());
    user.kernel(["add", "README.txt"])
        .run()
        .expect_status(0)
        .expect_stderr_has("Unchanged");
    user.kernel(["remove", "osv"]).run().expect_status(0);
    user.expect_left(&[]);
}

#[test]
fn files_join_one_kernel() {
    let user = User::new();
    compile(&user.project, OSV, "whole", &[]);
    compile(&user.project, OSV, "stripped", &["-s"]);
    user.project.write("disk", loader());
    for file in ["whole", "stripped", "disk"] {
        let added = user.kernel(["add", "--name", "mine", file]).run();
        added.expect_status(0);
    }
    let expected = ["loader-stripped.elf", "loader.elf", "loader.img"];
    assert_eq!(
        user.files(),
        expected.map(|file| format!("osv/mine {file}"))
    );
    user.project.write("other", [&loader()[..], b"!"].concat());
    user.kernel(["add", "--name", "mine", "other"])
        .run()
        .expect_status(1)
        .expect_stderr_has("another `loader.img`");
    assert_eq!(user.files().len(), 3);
    // Found without a name, as the only one.
    user.kernel(["path", "osv"]).run().expect_status(0);
}

#[test]
fn folder_of_a_build_gives_what_is_in_it() {
    let user = User::new();
    compile(&user.project, OSV, "build/loader.elf", &[]);
    compile(&user.project, OSV, "build/zfs_builder.elf", &["-DOTHER"]);
    user.project.write("build/loader.img", loader());
    user.project.write("build/notes", "mine");
    user.kernel(["add", "build"]).run().expect_status(0);
    let expected = ["osv/default loader.elf", "osv/default loader.img"];
    assert_eq!(user.files(), expected);
}

#[test]
fn archive_of_nanos_gives_both_files() {
    let user = User::new();
    compile(&user.project, NANOS, "out/kernel.img", &[]);
    user.project.write("out/boot.img", nanos_boot());
    user.project.write("out/klibs/tls", "something");
    pack(
        &user.project,
        "tar",
        &["-czf", "nanos.tar.gz", "-C", "out", "."],
    );
    user.kernel(["add", "nanos.tar.gz"]).run().expect_status(0);
    let expected = ["nanos/default boot.img", "nanos/default kernel.img"];
    assert_eq!(user.files(), expected);
}

#[test]
fn compressed_file_and_kernel_of_our_own() {
    let user = User::new();
    user.project.write("loader", loader());
    pack(&user.project, "gzip", &["loader"]);
    user.kernel(["add", "loader.gz"]).run().expect_status(0);
    let own = tests::kernel_file::path().display().to_string();
    user.kernel(["add", &own]).run().expect_status(0);
    let expected = ["builtin/default kernel.elf", "osv/default loader.img"];
    assert_eq!(user.files(), expected);
}

#[test]
fn what_is_compressed_in_folders_and_archives_is_taken_too() {
    let user = User::new();
    compile(&user.project, OSV, "build/loader.elf", &[]);
    user.project.write("build/loader.img", loader());
    user.project
        .write("build/notes.gz", b"\x1f\x8b and no more");
    pack(
        &user.project,
        "gzip",
        &["build/loader.img", "build/loader.elf"],
    );
    // What is not compressed counts first.
    compile(&user.project, OSV, "build/loader.elf", &["-DOTHER"]);
    let expected = |name: &str| {
        ["loader.elf", "loader.img"]
            .map(|file| format!("osv/{name} {file}"))
            .to_vec()
    };
    user.kernel(["add", "build"]).run().expect_status(0);
    assert_eq!(user.files(), expected("default"));
    let path = user.kernel(["path", "osv", "loader.img"]).run();
    let path = path.expect_status(0).stdout_text();
    assert!(fs::read(path.trim_end()).unwrap() == loader());
    user.kernel(["remove", "osv"]).run().expect_status(0);
    pack(&user.project, "tar", &["-cf", "build.tar", "build"]);
    user.kernel(["add", "build.tar", "--name", "packed"])
        .run()
        .expect_status(0);
    assert_eq!(user.files(), expected("packed"));
    user.kernel(["remove", "osv"]).run().expect_status(0);
    let whole = fs::read(user.project.path("build/loader.img.gz")).expect("it was packed");
    user.project
        .write("cut/loader.img.gz", &whole[..whole.len() - 9]);
    user.check_refused(&["add", "cut"], &["`loader.img.gz`", "no whole gzip file"]);
}

#[test]
fn what_is_no_kernel_is_refused() {
    let user = User::new();
    user.project.write("page", "<!DOCTYPE html><html></html>");
    user.project.write("boot.img", nanos_boot());
    user.project.write("plain/file", "text");
    user.project.write("cut", &loader()[..40_000]);
    user.project.write("both/disk", loader());
    compile(&user.project, NANOS, "both/kernel.img", &[]);
    user.project.write("twice/one", loader());
    user.project.write("twice/two", loader());
    for (path, texts) in [
        ("page", &["page", "a web page"][..]),
        ("boot.img", &["needs its `kernel.img`"]),
        ("plain", &["no kernel file"]),
        ("cut", &["`loader.img` that was cut off", "get it again"]),
        ("both", &["two kinds", "disk", "kernel.img"]),
        ("twice", &["`one`", "`two`", "`loader.img`"]),
        ("nothing", &["nothing", "no such file"]),
        ("/dev/null", &["/dev/null", "no regular file"]),
    ] {
        user.check_refused(&["add", path], texts);
    }
    user.project.write("disk", loader());
    user.check_refused(&["add", "disk", "--name", "../up"], &["`../up` is no name"]);
    for command in ["path", "remove"] {
        user.check_refused(&[command, "osv/../up"], &["`../up` is no name"]);
    }
    let path = user.project.path("data");
    assert!(!path.join("up").exists());
}

#[test]
fn archive_that_leaves_its_folder_is_refused() {
    let user = User::new();
    user.project.write("in/loader.img", loader());
    std::os::unix::fs::symlink("/etc/passwd", user.project.path("in/link"))
        .expect("a temporary folder");
    for (args, text) in [
        (&["--transform", "s|^|../|", "in/loader.img"][..], "`..`"),
        (&["--transform", "s|^|/|", "in/loader.img"], "absolute path"),
        (&["in/loader.img", "in/link"], "leads out"),
        (
            &["in/loader.img", "/dev/null", "--transform", "s|^/||"],
            "neither a file",
        ),
    ] {
        let mut words = vec!["-cPzf", "bad.tar.gz"];
        words.extend(args);
        pack(&user.project, "tar", &words);
        user.check_refused(&["add", "bad.tar.gz"], &["bad.tar.gz", text]);
    }
    pack(
        &user.project,
        "tar",
        &["-czf", "good.tar.gz", "in/loader.img"],
    );
    let good = fs::read(user.project.path("good.tar.gz")).expect("it was packed");
    user.project.write("cut.tar.gz", &good[..good.len() / 2]);
    user.check_refused(&["add", "cut.tar.gz"], &["no whole gzip file"]);
    user.project.write("twice", &good);
    pack(&user.project, "gzip", &["twice"]);
    user.check_refused(&["add", "twice.gz"], &["compressed twice"]);
}

#[test]
fn kernel_that_is_not_there_names_the_command_that_gets_it() {
    let user = User::new();
    for kind in ["osv", "nanos"] {
        let hint = "cargo unikernel kernel fetch URL --sha256 HEX";
        user.check_refused(&["path", kind], &[&format!("no kernel `{kind}`"), hint]);
        user.check_refused(&["remove", kind], &[hint]);
    }
    user.check_refused(&["path", "linux"], &["no kind of kernel called `linux`"]);
    user.kernel(["list"])
        .run()
        .expect_status(0)
        .expect_stdout("")
        .expect_stderr_has("there is no kernel in");
}

#[test]
fn store_lies_where_the_user_says() {
    let user = User::new();
    user.project.write("disk", loader());
    let folder = user.project.path("elsewhere");
    let run = |words: &[&str]| {
        let call = user.kernel(words.iter().copied());
        let run = call.env("UNIKERNEL_STORE", &folder).run();
        run.expect_status(0).stdout_text()
    };
    run(&["add", "disk"]);
    user.expect_left(&[]);
    let expected = folder.join("osv/default");
    assert_eq!(
        run(&["path", "osv/default"]).trim_end(),
        expected.to_str().unwrap()
    );
}
