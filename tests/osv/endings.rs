//! How programs end that do not end by themselves, and what is called when they do.

use tests::process::Finished;
use tests::project::Project;

use super::{kernel, run};

/// Does what its argument says.
const ENDS: &str = r#"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void first(void) { puts("first"); }
static void second(void) { puts("second"); }
static int deep(volatile int n) { volatile char room[1000]; room[n % 1000] = 1; return deep(n + 1) + room[5]; }
static void *late(void *unused) { sleep(1); puts("thread"); return unused; }
static void *overflow(void *unused) { deep(1); return unused; }
int main(int count, char **words)
{
    const char *way = words[1];
    pthread_t thread;
    if (!strcmp(way, "ud2")) __builtin_trap();
    if (!strcmp(way, "int3")) __asm__("int3");
    if (!strcmp(way, "assert")) assert(count == 7);
    if (!strcmp(way, "call-null")) ((void (*volatile)(void))0)();
    if (!strcmp(way, "length-of-null")) return (int)strlen((char *volatile)0);
    if (!strcmp(way, "wild")) *(volatile int *)0x1234567812345678 = 1;
    if (!strcmp(way, "overflow")) return deep(1);
    if (!strcmp(way, "overflow-thread")) { pthread_create(&thread, 0, overflow, 0); pthread_join(thread, 0); }
    if (!strcmp(way, "alarm")) { alarm(1); for (;;) pause(); }
    if (!strcmp(way, "last-thread")) { pthread_create(&thread, 0, late, 0); pthread_exit(0); }
    if (!strcmp(way, "handlers")) { atexit(first); atexit(second); return 6; }
    if (!strcmp(way, "no-handlers")) { atexit(first); _exit(5); }
    return 3;
}
"#;

const ENDS_CXX: &str = r#"
#include <cstdio>
#include <stdexcept>
struct Held { ~Held() { std::puts("gone"); } } held;
int main(int count, char **) { if (count > 1) throw std::runtime_error("oops"); return 4; }
"#;

fn ran(project: &Project, source: &str, args: &[&str]) -> Finished {
    let kernel = kernel();
    let fixed = [source, "--kernel", "osv", "--kernel-file", &kernel];
    let args = [&fixed[..], &["--timeout", "60"], args].concat();
    run(project, &args).run()
}

#[test]
fn each_end_is_told_with_the_status_that_linux_has() {
    let project = Project::new().file("ends.c", ENDS);
    let check = |way: &str, signal: i32, told: &str| {
        for link in ["shared", "pie"] {
            let ran = ran(&project, "ends.c", &["--link", link, "--", way]);
            assert_eq!(ran.status, 128 + signal, "{way}, {link}: {ran}");
            ran.expect_stderr_has(told);
        }
    };
    check("ud2", 4, "ended as by SIGILL: the kernel gave up with");
    check("int3", 5, "ended as by SIGTRAP");
    check("assert", 6, "ended by SIGABRT");
    check("call-null", 11, "trying to execute null pointer");
    check("length-of-null", 11, "page fault outside application");
    check("wild", 11, "general protection fault");
    check("overflow", 11, "in function `deep`");
    check("overflow-thread", 11, "in function `deep`");
    check("alarm", 14, "ended by SIGALRM");
}

#[test]
fn assertion_is_told_as_on_linux() {
    let project = Project::new().file("ends.c", ENDS);
    let text = ran(&project, "ends.c", &["--", "assert"]).stdout_text();
    assert!(
        text.contains("main: Assertion `count == 7' failed."),
        "{text}"
    );
}

#[test]
fn what_was_registered_is_called_at_the_end() {
    let project = Project::new()
        .file("ends.c", ENDS)
        .file("ends-too.cc", ENDS_CXX);
    let check = |source: &str, args: &[&str], status: i32, text: &str| {
        let ran = ran(&project, source, args);
        assert_eq!((ran.status, &*ran.stdout_text()), (status, text), "{ran}");
    };
    check("ends.c", &["--", "handlers"], 6, "second\nfirst\n");
    check("ends.c", &["--", "no-handlers"], 5, "");
    check("ends.c", &["--", "last-thread"], 0, "thread\n");
    check("ends-too.cc", &[], 4, "gone\n");
}

#[test]
fn exception_that_nobody_catches_is_an_abort() {
    let project = Project::new().file("ends-too.cc", ENDS_CXX);
    let ran = ran(&project, "ends-too.cc", &["--", "x"]);
    assert_eq!(ran.status, 128 + 6, "{ran}");
    assert!(ran.stdout_text().contains("oops"), "{ran}");
}
