//! `run --trace`: a guest's system calls, line by line, as strace(1) writes them.

use tests::process::{Call, Finished};

use super::{c_program, run};

/// Makes calls whose arguments and results are the same wherever it runs.
const PROGRAM: &str = r#"#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
    static char buffer[100];
    static const char text[] = "hello\n\t\x01 world, this is more than is shown";
    struct stat facts;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
    struct iovec vectors[2] = { { "ab", 2 }, { "cd", 2 } };
    struct pollfd ready = { 3, POLLIN | POLLOUT, 0 };
    sigset_t set;
    umask(022);
    int fd = open("tmp/traced", O_CREAT | O_RDWR | O_TRUNC, 0644);
    syscall(SYS_write, fd, text, 40);
    lseek(fd, 0, SEEK_SET);
    syscall(SYS_read, fd, buffer, 5);
    syscall(SYS_pread64, fd, buffer, 100, 38);
    syscall(SYS_newfstatat, fd, "", &facts, AT_EMPTY_PATH);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETLK, &lock);
    writev(fd, vectors, 2);
    syscall(SYS_poll, &ready, 1, 0);
    syscall(SYS_mprotect, 0x1000, 4096, PROT_READ | PROT_EXEC);
    syscall(SYS_mmap, 0, 0, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, 0);
    prctl(PR_SET_NAME, "traced");
    syscall(SYS_rename, "tmp/traced", "tmp/other");
    syscall(SYS_unlinkat, AT_FDCWD, "tmp/traced", 0);
    syscall(SYS_access, "tmp/\"none\"", R_OK | W_OK);
    syscall(SYS_read, 9, 0, 1);
    close(fd);
    syscall(SYS_unlink, "tmp/other");
    syscall(SYS_exit_group, 3);
}
"#;

const LINES: [&str; 23] = [
    r#"openat(AT_FDCWD, "tmp/traced", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3"#,
    r#"write(3, "hello\n\t\1 world, this is more tha"..., 40) = 40"#,
    "lseek(3, 0, SEEK_SET)                   = 0",
    r#"read(3, "hello", 5)                     = 5"#,
    r#"pread64(3, "ho", 100, 38)               = 2"#,
    r#"newfstatat(3, "", {st_mode=S_IFREG|0644, st_size=40, ...}, AT_EMPTY_PATH) = 0"#,
    "fcntl(3, F_SETFD, FD_CLOEXEC)           = 0",
    "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0",
    r#"writev(3, [{iov_base="ab", iov_len=2}, {iov_base="cd", iov_len=2}], 2) = 4"#,
    "poll([{fd=3, events=POLLIN|POLLOUT}], 1, 0) = 1 ([{fd=3, revents=POLLIN|POLLOUT}])",
    "mprotect(0x1000, 4096, PROT_READ|PROT_EXEC) = -1 ENOMEM (Cannot allocate memory)",
    "mmap(NULL, 0, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = -1 EINVAL (Invalid argument)",
    "rt_sigprocmask(SIG_BLOCK, [INT USR2], NULL, 8) = 0",
    r#"prctl(PR_SET_NAME, "traced")            = 0"#,
    r#"rename("tmp/traced", "tmp/other")       = 0"#,
    r#"unlinkat(AT_FDCWD, "tmp/traced", 0)     = -1 ENOENT (No such file or directory)"#,
    r#"access("tmp/\"none\"", R_OK|W_OK)       = -1 ENOENT (No such file or directory)"#,
    "read(9, NULL, 1)                        = -1 EBADF (Bad file descriptor)",
    "close(3)                                = 0",
    r#"unlink("tmp/other")                     = 0"#,
    "exit_group(3)                           = ?",
    "+++ exited with 3 +++",
    "",
];

/// The trace must end in [`LINES`].
#[track_caller]
fn expect_lines(found: &Finished) {
    let text = found.stderr_text();
    let expected = LINES.join("\n");
    assert!(
        text.ends_with(&expected),
        "expected:\n{expected}\nof {found}"
    );
}

#[test]
fn calls_are_shown_with_names_and_results() {
    let project = c_program(PROGRAM);
    for vmm in ["qemu-microvm", "qemu-q35"] {
        let found = run(&project, &["program.c", "--trace", "--vmm", vmm]).run();
        found.expect_status(3).expect_stdout("");
        expect_lines(&found);
    }
}

/// strace is no tool that the tests need: where it is, it must agree.
#[test]
fn strace_itself_writes_the_same() {
    let project = c_program(PROGRAM);
    let folder = project.folder();
    std::fs::create_dir(project.path("tmp")).expect("a temporary folder");
    Call::new("gcc")
        .args(["-w", "-o", "program", "program.c"])
        .folder(folder)
        .run()
        .expect_status(0);
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join("strace").is_file()) {
        return;
    }
    let found = Call::new("strace").arg("./program").folder(folder).run();
    if found.status != 3 {
        // Containers often forbid tracing.
        found.expect_stderr_has("Operation not permitted");
        return;
    }
    expect_lines(&found);
}

#[test]
fn untraced_runs_show_nothing() {
    let project = c_program(PROGRAM);
    let found = run(&project, &["program.c"]).run();
    found.expect_status(3);
    assert_eq!(found.stderr_text(), "");
}

#[test]
fn hanging_program_shows_where_it_hangs() {
    let project = c_program("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n");
    let found = run(&project, &["program.c", "--trace", "--timeout", "4"]).run();
    found
        .expect_status(124)
        .expect_stderr_has("pause()                                 = ? <unfinished>\n");
}

#[test]
fn signals_that_end_the_program_are_shown() {
    let project = c_program("int main(void) { *(volatile int *)16 = 1; }\n");
    let found = run(&project, &["program.c", "--trace"]).run();
    found.expect_status(139).expect_stderr_has(
        "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\n\
         +++ killed by SIGSEGV +++\n",
    );
}

#[test]
fn handlers_and_the_calls_that_they_interrupt_are_shown() {
    let project = c_program(
        r#"#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static void handler(int signal) { (void)signal; }

int main(void)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    struct itimerval soon = { .it_value = { 0, 200000 } };
    sigaction(SIGALRM, &action, 0);
    sigaction(SIGUSR1, &action, 0);
    kill(getpid(), SIGUSR1);
    setitimer(ITIMER_REAL, &soon, 0);
    pause();
}
"#,
    );
    let found = run(&project, &["program.c", "--trace"]).run();
    found.expect_status(0);
    for lines in [
        "kill(1, SIGUSR1)                        = 0\n\
         --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0} ---\n\
         rt_sigreturn()                          = 0\n",
        "pause()                                 = -1 EINTR (Interrupted system call)\n\
         --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n\
         rt_sigreturn()                          = -1 EINTR (Interrupted system call)\n\
         exit_group(0)                           = ?\n",
    ] {
        found.expect_stderr_has(lines);
    }
}
