//! Programs in all shapes, started in all ways.

use tests::cli::Cli;
use tests::project::Project;

use super::{kernel, kernel_files, run};

const HELLO: &str = "#include <stdio.h>\n#include <stdlib.h>\n#include <dirent.h>\nint main(int argc, char **argv, char **env) {\n\
    for (int i = 0; i < argc; i++) printf(\"[%s]\", argv[i]);\n\
    printf(\" %s %d %d\", getenv(\"WHO\"), !opendir(argv[0]), env && env[0]); exit(42); }\n";

/// Builds with this kernel, then runs the image: from its disk where the kernel is not to be started directly.
fn built_and_run(project: &Project, way: &str, kernel: &str, args: &[&str]) -> (i32, String) {
    let built = Cli::new(
        project.folder(),
        ["build", "--kernel", "osv", "--kernel-file", kernel],
    )
    .args(args.iter().copied())
    .run();
    let image = built.expect_status(0).stdout_text().trim_end().to_owned();
    let mut call = run(project, &["--image", &image]);
    if way == "directly" {
        call = call.args(["--kernel-file", kernel]);
    }
    let ran = call.run();
    (ran.status, ran.stdout_text())
}

#[test]
fn c_program_in_each_shape_and_each_way() {
    let manifest = "kernel = \"osv\"\nargs = [\"a b\", \"$x;!\u{e4}\\\"\"]\n[env]\nWHO = \"me & you\"\n[build]\nsources = [\"hello.c\"]\n";
    for (way, kernel) in kernel_files() {
        for link in ["shared", "pie"] {
            let project = Project::new()
                .file("hello.c", HELLO)
                .file("Unikernel.toml", manifest);
            let found = built_and_run(&project, way, &kernel, &["--link", link]);
            let expected = "[/hello][a b][$x;!\u{e4}\"] me & you 1 1";
            assert_eq!(found, (42, expected.to_owned()), "{way}, {link}");
        }
    }
}

#[test]
fn rust_binary_and_library() {
    let main = "fn main() { let caught = std::panic::catch_unwind(|| panic!(\"in\"));\n\
        let sum: i32 = (0..4).map(|i| std::thread::spawn(move || i)).map(|t| t.join().unwrap()).sum();\n\
        println!(\"{} {sum}\", caught.is_err()); if std::env::args().count() > 1 { panic!(\"out\") } std::process::exit(7) }";
    let library = "#[unsafe(no_mangle)] pub extern \"C\" fn main(_: i32, _: *const *const u8) -> i32 { println!(\"library\"); 9 }";
    let project = Project::cargo_package(
        "both",
        main,
        "[lib]\ncrate-type = [\"cdylib\"]\nname = \"library\"\n",
    )
    .file("src/lib.rs", library);
    for (way, kernel) in kernel_files() {
        let found = built_and_run(&project, way, &kernel, &["--bin", "both"]);
        // The console carries stderr, too.
        assert!(
            found.0 == 7 && found.1.ends_with("true 6\n"),
            "{way}: {found:?}"
        );
        let found = built_and_run(&project, way, &kernel, &["--lib"]);
        assert_eq!(found, (9, "library\n".to_owned()), "{way}");
    }
    let args = [
        "--kernel",
        "osv",
        "--kernel-file",
        &kernel(),
        "--bin",
        "both",
        "--",
        "x",
    ];
    run(&project, &args).run().expect_status(101);
}

#[test]
fn end_of_the_program_is_the_end_of_the_run() {
    let check = |body: &str, expected: i32| {
        let source = format!(
            "#include <stdlib.h>\n#include <signal.h>\n#include <unistd.h>\nint main(void) {{ {body} }}\n"
        );
        let project = Project::new().file("end.c", source);
        for link in ["shared", "pie"] {
            let kernel = kernel();
            let args = [
                "end.c",
                "--kernel",
                "osv",
                "--kernel-file",
                &kernel,
                "--link",
                link,
            ];
            let ran = run(&project, &args).run();
            assert_eq!(ran.status, expected, "{link}: {body}: {ran}");
        }
    };
    check("return 0;", 0);
    check("return 256 + 3;", 3);
    check("_exit(255);", 255);
    check("abort();", 128 + 6);
    check("*(volatile int *)0 = 1;", 128 + 11);
    check("kill(getpid(), SIGTERM);", 128 + 15);
    check("raise(SIGKILL);", 128 + 9);
    check("raise(SIGSEGV);", 128 + 11);
    check("raise(SIGFPE);", 128 + 8);
    check("kill(getpid(), SIGSEGV);", 128 + 11);
    // What the kernel lacks it ends at, without a word to the program.
    check("extern void mq_unlink(void); mq_unlink();", 125);
}

#[test]
fn static_program_runs_and_its_end_is_not_known() {
    let project = Project::new().file(
        "end.c",
        "#include <stdio.h>\nint main(void) { puts(\"static\"); return 3; }\n",
    );
    let kernel = kernel();
    let args = [
        "end.c",
        "--kernel",
        "osv",
        "--kernel-file",
        &kernel,
        "--link",
        "static-pie",
    ];
    let ran = run(&project, &args).run();
    ran.expect_status(125)
        .expect_stderr_has("does not tell how it ends");
    assert!(ran.stdout_text().contains("static\n"), "{ran}");
}

#[test]
fn fault_is_told_with_its_line_and_callers() {
    let source = "int *nowhere;\nint zero;\n\
        __attribute__((noinline)) void poke(int *at)\n{\n    *at = 1;\n}\n\
        __attribute__((noinline)) int part(int of)\n{\n    return of / zero;\n}\n\
        int main(int count, char **words)\n{\n    if (count > 1)\n        return part(7);\n    poke(nowhere);\n    return 0;\n}\n";
    let project = Project::new().file("fault.c", source);
    let kernel = kernel();
    for link in ["shared", "pie"] {
        let check = |args: &[&str], status: i32, texts: &[&str]| {
            let fixed = ["fault.c", "--kernel", "osv", "--kernel-file", &kernel];
            let args = [&fixed[..], &["--link", link], args].concat();
            let ran = run(&project, &args).run();
            ran.expect_status(status);
            for text in texts {
                ran.expect_stderr_has(text);
            }
        };
        check(
            &[],
            128 + 11,
            &[
                "ended by SIGSEGV: it touched address 0x0",
                "fault.c:5",
                "in function `poke` at /fault+0x",
                "called from `main` at",
                "./fault.c:15",
            ],
        );
        check(
            &["--", "divide"],
            128 + 8,
            &[
                "ended by SIGFPE: it divided an integer by zero",
                "fault.c:9",
                "in function `part` at /fault+0x",
                "fault.c:14",
            ],
        );
    }
}
