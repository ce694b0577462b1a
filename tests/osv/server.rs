//! A server on OSv: readiness, forwards, and bytes both ways.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

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
        running.until("ready");
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

#[test]
fn server_that_listens_late_is_ready_late() {
    let late = ECHO.replace(
        "listen(s, 5); puts(",
        "sleep(4); puts(\"soon\"); listen(s, 5); puts(",
    );
    let port = free_port();
    let manifest = format!(
        "kernel = \"osv\"\n[build]\nsources = [\"echo.c\"]\n[run]\nforward = [\"{port}:7000\"]\nready = \"tcp:7000\"\n"
    );
    let project = Project::new()
        .file("echo.c", late)
        .file("Unikernel.toml", manifest);
    let kernel = kernel();
    let _turn = turns::take();
    let call = run(&project, &["--kernel-file", &kernel, "--wait-ready"]);
    let mut running = call.start_reading_both();
    let before = running.until("ready");
    assert!(before.contains(&"soon".to_owned()), "{before:?}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("forwarded");
    stream.write_all(b"7").expect("the guest reads");
    assert_eq!(running.status(), 7);
}

#[test]
fn line_that_tells_has_ended_and_ours_stands_alone() {
    let source = "#include <stdio.h>\n#include <unistd.h>\nint main(void) { setbuf(stdout, 0);\n\
        printf(\"now list\"); sleep(1); printf(\"ening\"); sleep(1); printf(\" on it\\nand\"); sleep(3); puts(\" more\"); return 5; }\n";
    let manifest =
        "kernel = \"osv\"\n[build]\nsources = [\"says.c\"]\n[run]\nready = \"line:listening\"\n";
    let project = Project::new()
        .file("says.c", source)
        .file("Unikernel.toml", manifest);
    let kernel = kernel();
    let call = run(&project, &["--kernel-file", &kernel, "--wait-ready"]);
    let mut running = call.start_reading_both();
    let before = running.until("ready");
    let said = before.iter().rev().take(2).rev();
    assert!(
        said.eq(["now listening on it", "and"])
            || before
                .last()
                .is_some_and(|last| last == "now listening on it"),
        "{before:?}"
    );
    assert_eq!(running.status(), 5);
}
