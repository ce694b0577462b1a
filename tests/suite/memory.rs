//! How much memory a guest needs.

use std::fs;

use tests::cli::Cli;
use tests::project::Project;

const READER: &str = "#include <stdio.h>\nint main(void)\n{\n    static unsigned char piece[65536];\n\
    \x20   unsigned long total = 0, sum = 0;\n    FILE *file = fopen(\"/large\", \"r\");\n\
    \x20   for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0; total += got)\n\
    \x20       for (size_t i = 0; i < got; i += 4096)\n            sum += piece[i];\n\
    \x20   printf(\"%lu %lu\\n\", total, sum);\n}\n";

const SIZE: usize = 100 << 20;

/// A project whose root tree holds a file of 100 MB, its image, and what the program prints.
fn large() -> (Project, String, String) {
    let page = |number: usize| {
        let mut bytes = [0_u8; 4096];
        bytes[0] = (number % 251) as u8;
        bytes[8..16].copy_from_slice(&number.to_le_bytes());
        bytes
    };
    let content: Vec<u8> = (0..SIZE / 4096).flat_map(page).collect();
    let sum: usize = (0..SIZE / 4096).map(|number| number % 251).sum();
    let manifest =
        "name = \"reader\"\n[files]\n\"/large\" = \"large\"\n[build]\nsources = [\"reader.c\"]\n";
    let project = Project::new()
        .file("Unikernel.toml", manifest)
        .file("reader.c", READER)
        .file("large", content);
    let built = Cli::new(project.folder(), ["build"]).run();
    let image = built.expect_status(0).stdout_text().trim_end().to_owned();
    (project, image, format!("{SIZE} {sum}\n"))
}

#[test]
fn files_are_used_in_place() {
    let (project, image, expected) = large();
    let megabytes = fs::metadata(&image).unwrap().len() / (1 << 20) + 16;
    Cli::new(
        project.folder(),
        ["run", "-q", "--accel", "tcg", "--image", &image, "-m"],
    )
    .arg(format!("{megabytes}M"))
    .run()
    .expect_status(0)
    .expect_stdout(&expected);
}

#[test]
fn too_little_memory_is_refused_before_a_vmm_is_looked_for() {
    let (project, image, _) = large();
    let empty = Project::new();
    let refused = Cli::new(project.folder(), ["run", "--image", &image, "-m", "64M"])
        .env("PATH", empty.folder())
        .run();
    refused.expect_status(125).expect_stderr_has("64 MiB");
    assert!(!refused.stderr_text().contains("qemu"), "{refused}");
}
