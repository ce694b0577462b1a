//! Time-outs and signals of the host.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use tests::turns;

use super::{c_program, run};

const SLEEPER: &str = "#include <stdio.h>\n#include <unistd.h>\n\
    int main(void) { puts(\"ready\"); fflush(stdout); for (;;) sleep(1000); }\n";

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

fn signalled(signal: Signal) {
    let project = c_program(SLEEPER);
    let _turn = turns::take();
    let mut running = run(&project, &["program.c", "--timeout", "100"]).start_reading();
    assert_eq!(running.line(), "ready");
    let pid = Pid::from_raw(running.pid().cast_signed()).expect("a process id");
    kill_process(pid, signal).expect("it is our child");
    assert_eq!(running.status(), 143);
}

#[test]
fn interrupt_ends_the_program_by_sigterm() {
    signalled(Signal::INT);
}

#[test]
fn termination_ends_the_program_by_sigterm() {
    signalled(Signal::TERM);
}
