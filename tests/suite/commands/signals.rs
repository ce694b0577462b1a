//! Time-outs and signals of the host.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use tests::turns;

use super::{c_program, run};

const SLEEPER: &str = "#include <stdio.h>\n#include <unistd.h>\n\
    int main(void) { puts(\"ready\"); fflush(stdout); for (;;) sleep(1000); }\n";

/// Waits in a system call, or busily when it has an argument, until a handler ends it with a status of its own.
const HANDLING: &str = "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n\
    static void stop(int n) { puts(n == SIGTERM ? \"stopping\" : \"wrong\"); exit(7); }\n\
    int main(int argc, char **argv) { signal(SIGTERM, stop); puts(\"ready\"); fflush(stdout);\n\
    for (;;) if (argc < 2) sleep(1000); }\n";

#[test]
fn time_out_is_124_and_keeps_what_was_printed() {
    let project = c_program(SLEEPER);
    let limit = tests::process::patience(4).as_secs().to_string();
    let start = Instant::now();
    run(&project, &["program.c", "--timeout", &limit])
        .run()
        .expect_status(124)
        .expect_stdout("ready\n");
    assert!(start.elapsed() >= Duration::from_secs(4));
}

#[test]
fn busy_guest_is_ended_by_the_time_out_too() {
    let project = c_program("int main(void) { for (;;) ; }\n");
    run(&project, &["program.c", "--timeout", "4"])
        .run()
        .expect_status(124);
}

/// What a program prints behind its first line, and its status, when the tool gets a signal.
#[track_caller]
fn signalled(source: &str, args: &[&str], signal: Signal, expected: i32) {
    let project = c_program(source);
    let _turn = turns::take();
    let mut running = run(&project, &["program.c", "--timeout", "100"])
        .args(args)
        .start_reading();
    assert_eq!(running.line(), "ready");
    let pid = Pid::from_raw(running.pid().cast_signed()).expect("a process id");
    kill_process(pid, signal).expect("it is our child");
    if expected == 7 {
        assert_eq!(running.line(), "stopping");
    }
    assert_eq!(running.status(), expected);
}

#[test]
fn handler_of_the_program_gets_the_hosts_sigterm() {
    signalled(HANDLING, &[], Signal::TERM, 7);
}

#[test]
fn handler_of_a_busy_program_gets_the_hosts_sigint() {
    signalled(HANDLING, &["--", "busy"], Signal::INT, 7);
}

#[test]
fn interrupt_ends_the_program_by_sigterm() {
    signalled(SLEEPER, &[], Signal::INT, 143);
}

#[test]
fn termination_ends_the_program_by_sigterm() {
    signalled(SLEEPER, &[], Signal::TERM, 143);
}
