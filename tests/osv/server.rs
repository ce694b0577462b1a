//! A server on OSv: readiness, forwards, and bytes both ways.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use tests::process::Reading;
use tests::project::Project;
use tests::turns;

use super::{kernel, run};

/// An echo server that ends with the first byte of what it was sent.
const ECHO: &str = "#include <arpa/inet.h>\n#include <stdio.h>\n#include <sys/socket.h>\n#include <unistd.h>\nint main(void) {\n\
    int s = socket(AF_INET, SOCK_STREAM, 0), n; char b[64];\n\
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7000) };\n\
    bind(s, (void *)&a, sizeof a); listen(s, 5); puts(\"listening\");\n\
    for (;;) { int c = accept(s, 0, 0); while ((n = read(c, b, sizeof b)) > 0) { write(c, b, n); if (*b == '7') return 7; } close(c); } }\n";

/// A port of the host that nobody has.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// Reads until the tool says that the guest is ready: perhaps behind the beginning of a line of the guest's own, because both
/// streams are read as one.
pub(super) fn wait_ready(running: &mut Reading) {
    for _ in 0..1000 {
        if running.line().ends_with("ready") {
            return;
        }
    }
    panic!("the guest never was ready");
}

#[test]
fn ready_server_is_reached_through_a_forward() {
    // Two waits, one after the other: by the port, and by a line.
    for ready in ["tcp:7000", "line:listening"] {
        let port = free_port();
        let manifest = format!(
            "kernel = \"osv\"\n[build]\nsources = [\"echo.c\"]\n[run]\nforward = [\"{port}:7000\"]\nready = \"{ready}\"\n"
        );
        let project = Project::new()
            .file("echo.c", ECHO)
            .file("Unikernel.toml", manifest);
        let kernel = kernel();
        let _turn = turns::take();
        let call = run(&project, &["--kernel-file", &kernel, "--wait-ready"]);
        let mut running = call.start_reading_both();
        wait_ready(&mut running);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("forwarded");
        for word in [b"one", b"two", b"7.."] {
            stream.write_all(word).expect("the guest reads");
            let mut answer = [0; 3];
            stream.read_exact(&mut answer).expect("the guest answers");
            assert_eq!(&answer, word, "{ready}");
        }
        assert_eq!(running.status(), 7, "{ready}");
    }
}

#[test]
fn guest_that_is_never_ready_is_a_time_out() {
    let project = Project::new().file(
        "wait.c",
        "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n",
    );
    let kernel = kernel();
    let forward = format!("{}:7000", free_port());
    let args = [
        "wait.c",
        "--kernel",
        "osv",
        "--kernel-file",
        &kernel,
        "-f",
        &forward,
        "--wait-ready",
        "--timeout",
        "3",
    ];
    run(&project, &args).run().expect_status(124);
}
