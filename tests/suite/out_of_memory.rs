//! What a guest meets when memory runs short: a call that fails or an end that is told, and memory that comes back.

use tests::cli::Cli;
use tests::process::Finished;
use tests::project::Project;

/// Runs a C program in a machine with this much memory.
fn run(source: &str, memory: &str) -> Finished {
    let project = Project::new()
        .file(
            "Unikernel.toml",
            "name = \"short\"\nlink = \"static-pie\"\n[build]\nsources = [\"short.c\"]\n",
        )
        .file("short.c", source);
    let args = ["run", "-q", "--accel", "tcg", "-m", memory];
    Cli::new(project.folder(), args).run()
}

const HEAD: &str = "#include <errno.h>\n#include <fcntl.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\
    #include <sys/mman.h>\n#include <sys/sysinfo.h>\n#include <unistd.h>\n\
    static unsigned long unused(void)\n{\n    struct sysinfo info;\n    sysinfo(&info);\n    return info.freeram / info.mem_unit;\n}\n\
    static char *map(unsigned long size, int more)\n{\n    return mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | more, -1, 0);\n}\n";

#[test]
fn memory_comes_back() {
    let body = "int main(void)\n{\n    unsigned long size = 24 << 20, before = 0;\n\
        \x20   for (int round = 0; round < 300; round++) {\n        char *at = map(size, 0);\n\
        \x20       if (at == MAP_FAILED)\n            return 1;\n\
        \x20       for (unsigned long byte = 0; byte < size; byte += 4096 * (1 + round % 7))\n            at[byte] = 1;\n\
        \x20       if (round % 3 == 0)\n            munmap(at + (size >> 2) + 4096, size >> 1);\n\
        \x20       if (round % 5 == 0)\n            mprotect(at + 8192, size >> 1, PROT_READ);\n\
        \x20       munmap(at, size);\n        if (round == 7)\n            before = unused();\n    }\n\
        \x20   printf(\"%ld\\n\", (long)(unused() - before));\n}\n";
    run(&format!("{HEAD}{body}"), "64M")
        .expect_status(0)
        .expect_stdout("0\n");
}

#[test]
fn sparse_pages_fit_although_large_ones_were_used() {
    let body = "int main(void)\n{\n    unsigned long size = 1UL << 30, large = 1 << 21;\n    char *at = map(size, MAP_NORESERVE);\n\
        \x20   for (unsigned long byte = 0; byte < size; byte += large)\n        at[byte] = 'x';\n\
        \x20   unsigned long found = 0;\n    for (unsigned long byte = 0; byte < size; byte += large / 2)\n        found += at[byte] == 'x';\n\
        \x20   printf(\"%lu\\n\", found);\n}\n";
    run(&format!("{HEAD}{body}"), "32M")
        .expect_status(0)
        .expect_stdout("512\n");
}

#[test]
fn first_touch_brings_a_large_page_where_it_fits() {
    let body = "int main(void)\n{\n    unsigned long large = 1 << 21;\n    char *at = map(4 * large, 0);\n    at[1] = 1;\n\
        \x20   unsigned long before = unused();\n    at[large] = 1;\n    printf(\"%d\\n\", before - unused() >= large);\n\
        \x20   madvise(at + 2 * large, large, MADV_NOHUGEPAGE);\n    before = unused();\n    at[2 * large] = 1;\n\
        \x20   printf(\"%d\\n\", before - unused() >= large);\n}\n";
    run(&format!("{HEAD}{body}"), "64M")
        .expect_status(0)
        .expect_stdout("1\n0\n");
}

#[test]
fn zeros_that_are_read_take_no_memory() {
    let body = "int main(void)\n{\n    unsigned long size = 1UL << 27, sum = 0;\n    char *at = map(size, MAP_NORESERVE);\n\
        \x20   for (unsigned long byte = 0; byte < size; byte += 4096)\n        sum += at[byte];\n    printf(\"%lu\\n\", sum);\n}\n";
    run(&format!("{HEAD}{body}"), "32M")
        .expect_status(0)
        .expect_stdout("0\n");
}

#[test]
fn calls_fail_when_memory_is_short() {
    let body = "int main(void)\n{\n    char *at = map(1UL << 30, 0);\n    printf(\"%s\\n\", at == MAP_FAILED ? strerrorname_np(errno) : \"?\");\n\
        \x20   printf(\"%p\\n\", malloc(1UL << 30));\n    printf(\"%d\\n\", sbrk(1L << 30) == (void *)-1);\n\
        \x20   at = map(1UL << 30, MAP_NORESERVE);\n    printf(\"%s\\n\", mlock(at, 1UL << 30) ? strerrorname_np(errno) : \"?\");\n\
        \x20   munmap(at, 1UL << 30);\n    int fd = open(\"/tmp/file\", O_CREAT | O_RDWR, 0600);\n    static char piece[1 << 20];\n\
        \x20   long wrote = 1;\n    for (int count = 0; count < 64 && wrote > 0; count++)\n        wrote = write(fd, piece, sizeof piece);\n\
        \x20   printf(\"%s\\n\", wrote < 0 ? strerrorname_np(errno) : \"?\");\n    ftruncate(fd, 0);\n    at = map(1 << 20, MAP_POPULATE);\n\
        \x20   at[5] = 5;\n    puts(\"alive\");\n}\n";
    run(&format!("#define _GNU_SOURCE\n{HEAD}{body}"), "32M")
        .expect_status(0)
        .expect_stdout("ENOMEM\n(nil)\n1\nEAGAIN\nENOSPC\nalive\n");
}

#[test]
fn read_that_takes_all_ends_where_memory_does() {
    let body = "int main(void)\n{\n    unsigned long size = 1UL << 30;\n    char *at = map(size, MAP_NORESERVE);\n\
        \x20   puts(\"reading\");\n    fflush(stdout);\n    long got = read(open(\"/dev/zero\", O_RDONLY), at, size);\n\
        \x20   munmap(at, size);\n    printf(\"%d\\n\", got > 1 << 20 && got < 1 << 28);\n}\n";
    run(&format!("{HEAD}{body}"), "32M")
        .expect_status(0)
        .expect_stdout("reading\n1\n");
}

#[test]
fn program_that_takes_all_is_ended_and_told() {
    let body = "int main(void)\n{\n    puts(\"taking\");\n    fflush(stdout);\n    for (;;)\n        memset(map(1 << 20, 0), 1, 1 << 20);\n}\n";
    run(&format!("{HEAD}{body}"), "32M")
        .expect_status(137)
        .expect_stdout("taking\n")
        .expect_stderr_has("memory");
}

#[test]
fn areas_without_end_are_refused() {
    let body = "int main(void)\n{\n    unsigned long size = 1UL << 30, count = 0;\n    char *at = map(size, MAP_NORESERVE);\n\
        \x20   while (count < 200000 && !munmap(at + 2 * 4096 * count, 4096))\n        count++;\n\
        \x20   printf(\"%s %d\\n\", strerrorname_np(errno), count > 1000);\n    munmap(at, size);\n\
        \x20   printf(\"%d\\n\", map(4096, 0) != MAP_FAILED);\n}\n";
    run(&format!("#define _GNU_SOURCE\n{HEAD}{body}"), "32M")
        .expect_status(0)
        .expect_stdout("ENOMEM 1\n1\n");
}
