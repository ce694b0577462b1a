//! Where a guest's memory lies: elsewhere in each run, and still found by who reports a fault.

use std::collections::BTreeSet;

use tests::cli::Cli;
use tests::project::Project;

const ADDRESSES: &str = "#include <stdio.h>\n#include <stdlib.h>\n#include <sys/mman.h>\n#include <unistd.h>\n\
    int main(int argc, char **argv)\n{\n    char *mapped = mmap(0, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n\
    \x20   printf(\"program %p\\nlibrary %p\\nmapped %p\\nstack %p\\nheap %p\\n\", (void *)main, (void *)puts, mapped, (void *)argv, sbrk(0));\n\
    \x20   fflush(stdout);\n    if (argc > 1)\n        *(volatile int *)8 = 1;\n}\n";

/// What it prints with this seed.
fn addresses(project: &Project, seed: Option<&str>) -> Vec<String> {
    let mut call = Cli::new(project.folder(), ["run", "-q", "--accel", "tcg"]);
    if let Some(seed) = seed {
        call = call.env("UNIKERNEL_LAYOUT_SEED", seed);
    }
    let run = call.run();
    let text = run.expect_status(0).stdout_text();
    text.lines().map(str::to_owned).collect()
}

fn project() -> Project {
    Project::new()
        .file(
            "Unikernel.toml",
            "name = \"where\"\n[build]\nsources = [\"where.c\"]\n",
        )
        .file("where.c", ADDRESSES)
}

#[test]
fn places_differ_between_runs_and_repeat_with_a_seed() {
    let project = project();
    let runs = [None, None, Some("1"), Some("2"), Some("1")].map(|seed| addresses(&project, seed));
    let [first, second, one, two, again] = &runs;
    assert_eq!(one, again);
    for (which, line) in one.iter().enumerate() {
        let places: BTreeSet<&String> = [first, second, one, two].map(|run| &run[which]).into();
        assert_eq!(places.len(), 4, "{line} does not move: {runs:?}");
    }
}

#[test]
fn fault_is_found_wherever_the_program_lies() {
    let project = project();
    for seed in ["3", "4"] {
        let call = Cli::new(project.folder(), ["run", "-q", "--accel", "tcg", "--", "x"])
            .env("UNIKERNEL_LAYOUT_SEED", seed)
            .run();
        call.expect_status(139).expect_stderr_has("where.c:11");
    }
}

#[test]
fn seed_that_is_no_number_is_refused() {
    let call = Cli::new(project().folder(), ["run", "-q", "--accel", "tcg"])
        .env("UNIKERNEL_LAYOUT_SEED", "x")
        .run();
    call.expect_status(125)
        .expect_stderr_has("UNIKERNEL_LAYOUT_SEED");
}
