//! Debian's mosquitto, built as a shared object by its own Makefile, on OSv: messages go round.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use tests::process::Call;
use tests::project::Project;
use tests::turns;
use tests::workspace;

use super::server::free_port;
use super::{kernel, kernel_files, run};

/// Where a private apt finds sources: where the machine's own finds packages, whose lists and packages stay as they are.
fn sources() -> String {
    let folder = fs::read_dir("/etc/apt/sources.list.d").expect("a system with apt");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let lists = paths.filter(|path| path.extension().is_some_and(|name| name == "sources"));
    let texts = lists.map(|path| fs::read_to_string(path).expect("a list of sources"));
    let text: Vec<String> = texts
        .map(|text| text.replace("Types: deb\n", "Types: deb-src\n"))
        .collect();
    text.join("\n")
}

/// The source of mosquitto, unpacked below the target folder.
fn source() -> PathBuf {
    let folder = workspace::root().join("target/debian/mosquitto-source");
    for part in ["lists/partial", "archives/partial", "unpacked"] {
        fs::create_dir_all(folder.join(part)).expect("the target folder is writable");
    }
    let unpacked = folder.join("unpacked");
    if unpacked.join("src/mosquitto.c").exists() {
        return unpacked;
    }
    fs::write(folder.join("own.sources"), sources()).expect("the target folder is writable");
    let apt = |word: &[&str]| {
        let at = folder.display();
        let options = [
            format!("Dir::Etc::sourcelist={at}/own.sources"),
            "Dir::Etc::sourceparts=-".to_owned(),
            format!("Dir::State::lists={at}/lists"),
            format!("Dir::Cache={at}"),
        ];
        let call = Call::new("apt-get").folder(&folder).within(300);
        let call = options
            .into_iter()
            .fold(call, |call, option| call.arg("-o").arg(option));
        call.args(word.iter().copied()).run().expect_status(0);
    };
    apt(&["update"]);
    apt(&["source", "--download-only", "mosquitto"]);
    let entries = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let archive = entries
        .filter(|path| path.to_string_lossy().contains(".orig.tar"))
        .max();
    let archive = archive.expect("apt-get has fetched the source");
    let tar = Call::new("tar")
        .args(["--strip-components=1", "-C"])
        .arg(&unpacked)
        .arg("-xf")
        .arg(archive);
    tar.run().expect_status(0);
    unpacked
}

fn project(source: &std::path::Path, port: u16) -> Project {
    let manifest = format!(
        "name = \"mosquitto\"\nkernel = \"osv\"\nargs = [\"-c\", \"/mosquitto.conf\"]\n\
        [files]\n\"/mosquitto.conf\" = \"mosquitto.conf\"\n\
        [build]\ndir = {source:?}\ncommand = \"make -C src mosquitto WITH_TLS=no WITH_CJSON=no WITH_STRIP=no CFLAGS='-O2 -fPIC' LDFLAGS=-shared\"\n\
        binary = \"src/mosquitto\"\n[run]\nforward = [\"{port}:1883\"]\nready = \"tcp:1883\"\n"
    );
    let conf =
        "listener 1883\nallow_anonymous true\npersistence false\nuser root\nlog_dest stdout\n";
    Project::new()
        .file("Unikernel.toml", manifest)
        .file("mosquitto.conf", conf)
}

fn exchange(stream: &mut TcpStream, sent: &[u8], expected: &[u8]) {
    stream.write_all(sent).expect("the broker reads");
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer).expect("the broker answers");
    assert_eq!(answer, expected, "to {sent:02x?}");
}

/// A client of MQTT 3.1.1 that subscribes to `t` and publishes there, with QoS 0 and 1 (OASIS, sections 3.1 to 3.9).
fn round_trip(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("forwarded");
    exchange(
        &mut stream,
        b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c",
        b"\x20\x02\x00\x00",
    );
    exchange(
        &mut stream,
        b"\x82\x06\x00\x01\x00\x01t\x01",
        b"\x90\x03\x00\x01\x01",
    );
    exchange(&mut stream, b"\x30\x05\x00\x01tq0", b"\x30\x05\x00\x01tq0");
    stream
        .write_all(b"\x32\x07\x00\x01t\x00\x02q1")
        .expect("the broker reads");
    // The acknowledgement and the message itself, in either order.
    let mut both = [0; 4 + 9];
    stream.read_exact(&mut both).expect("the broker answers");
    let has = |part: &[u8]| both.windows(part.len()).any(|window| window == part);
    assert!(
        has(b"\x40\x02\x00\x02") && has(b"\x32\x07\x00\x01t") && has(b"q1"),
        "{both:02x?}"
    );
}

#[test]
fn messages_go_round_started_directly_and_from_disk() {
    let source = source();
    for (way, kernel_file) in kernel_files() {
        let port = free_port();
        let project = project(&source, port);
        let args = ["--kernel-file", &kernel_file];
        let built = tests::cli::Cli::new(project.folder(), ["build"])
            .args(args)
            .run();
        let image = built.expect_status(0).stdout_text().trim_end().to_owned();
        built.expect_stderr_has("the shim's `opendir` opens folders only");
        let _turn = turns::take();
        let forward = format!("{port}:1883");
        let mut call = run(
            &project,
            &["--image", &image, "-f", &forward, "--wait-ready"],
        );
        if way == "directly" {
            call = call.args(["--kernel-file", &kernel()]);
        }
        let mut running = call.start_reading_both();
        running.until("ready");
        round_trip(port);
        Call::new("kill")
            .args(["-INT", &running.pid().to_string()])
            .run()
            .expect_status(0);
        assert_eq!(running.status(), 130, "{way}");
    }
}
