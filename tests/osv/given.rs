//! What a program is given: words of any length, and files that are nothing but files.

use tests::project::Project;

use super::{kernel, run};

const COUNT: &str = "#include <stdio.h>\n#include <string.h>\nint main(int n, char **words) {\n\
    printf(\"%d %zu %s\\n\", n, strlen(words[1]), words[n - 1]); return 0; }\n";

#[test]
fn words_arrive_whole_however_long_they_are() {
    let project = Project::new().file("count.c", COUNT);
    let kernel = kernel();
    for len in [1900, 2500, 3600, 30_000] {
        let long = "a".repeat(len);
        let args = ["count.c", "--kernel", "osv", "--kernel-file", &kernel];
        let args = [&args[..], &["--", &long, "tail"]].concat();
        let ran = run(&project, &args).run();
        ran.expect_status(0);
        assert_eq!(ran.stdout_text(), format!("3 {len} tail\n"), "{len}");
    }
}

#[test]
fn files_below_init_are_no_commands() {
    let manifest = "kernel = \"osv\"\n[build]\nsources = [\"count.c\"]\n[files]\n\"/init/00-note\" = \"note\"\n";
    let project = Project::new()
        .file("count.c", COUNT)
        .file("note", "/count from-init\n")
        .file("Unikernel.toml", manifest);
    let kernel = kernel();
    let ran = run(&project, &["--kernel-file", &kernel, "--", "one"]).run();
    ran.expect_status(0);
    assert_eq!(ran.stdout_text(), "2 3 one\n", "{ran}");
}
