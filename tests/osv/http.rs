//! A server on OSv at an address of its own, and readiness by what it answers.

use std::io::{Read, Write};
use std::net::TcpStream;

use tests::project::Project;
use tests::turns;

use super::server::free_port;
use super::{kernel, run};

/// Asked for `/up` it is not ready the first two times. It answers with its own address and who asks, and ends when told.
const SERVER: &str = r#"#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    int s = socket(AF_INET, SOCK_STREAM, 0), asked = 0;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(8080) };
    bind(s, (void *)&a, sizeof a);
    listen(s, 5);
    for (;;) {
        struct sockaddr_in own, peer;
        socklen_t own_len = sizeof own, peer_len = sizeof peer;
        char request[512] = "", body[64], answer[256], address[2][INET_ADDRSTRLEN];
        int c = accept(s, (void *)&peer, &peer_len), n = 0, got;
        while (!strstr(request, "\r\n\r\n") && (got = read(c, request + n, sizeof request - 1 - n)) > 0) n += got;
        getsockname(c, (void *)&own, &own_len);
        inet_ntop(AF_INET, &own.sin_addr, address[0], sizeof address[0]);
        inet_ntop(AF_INET, &peer.sin_addr, address[1], sizeof address[1]);
        const char *status = strncmp(request, "GET /up ", 8) ? "404 Not Found" : ++asked < 3 ? "503 Not Yet" : "200 OK";
        int len = snprintf(body, sizeof body, "%s asked by %s, %d times", address[0], address[1], asked);
        len = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len, body);
        write(c, answer, len);
        close(c);
        if (!strncmp(request, "GET /end ", 9)) return 5;
    }
}
"#;

/// The whole of what the guest answers to a request for this path.
fn asked(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("forwarded");
    let request = format!("GET {path} HTTP/1.1\r\nHost: guest\r\n\r\n");
    let written = stream.write_all(request.as_bytes());
    written.expect("the guest reads");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    read.expect("the guest answers");
    answer
}

fn check(kernel_file: &str, link: &str, address: &str, prefix: u8, gateway: &str) {
    let port = free_port();
    let manifest = format!(
        "kernel = \"osv\"\n[build]\nsources = [\"http.c\"]\n[net]\naddress = \"{address}/{prefix}\"\n\
        gateway = \"{gateway}\"\n[run]\nforward = [\"{port}:8080\"]\nready = \"http:8080/up\"\n"
    );
    let project = Project::new()
        .file("http.c", SERVER)
        .file("Unikernel.toml", manifest);
    let args = ["--kernel-file", kernel_file, "--link", link, "--wait-ready"];
    let _turn = turns::take();
    let mut running = run(&project, &args).start_reading_both();
    running.until("ready");
    let answer = asked(port, "/end");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    let who = format!("{address} asked by {gateway}, ");
    let n_asked = body.and_then(|body| body.strip_prefix(&who)?.strip_suffix(" times"));
    // Its first two answers are 503, and don't count; requests from before it was up may reach it, too.
    let n_asked: Option<u32> = n_asked.and_then(|number| number.parse().ok());
    assert!(n_asked.is_some_and(|number| number >= 3), "{answer}");
    assert_eq!(running.status(), 5);
}

#[test]
fn at_another_address_of_the_usual_network() {
    check(&kernel(), "shared", "10.0.2.77", 24, "10.0.2.2");
}

#[test]
fn in_a_network_of_its_own_from_disk() {
    let disk = format!("{}/loader.img", kernel());
    check(&disk, "pie", "192.168.7.9", 28, "192.168.7.1");
}
