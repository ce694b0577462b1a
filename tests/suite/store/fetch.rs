//! Fetching: digest, resumption, redirects, what goes wrong.

use std::process::Command;

use tests::cli::Cli;
use tests::process::Finished;
use tests::web_root::{Answer, WebRoot};

use super::{User, loader};

/// SHA-256 by the host's own program.
fn digest(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("it is ours");
    let said = Command::new("sha256sum").arg(file.path()).output();
    let said = said.expect("coreutils are everywhere").stdout;
    String::from_utf8_lossy(&said[..64]).into_owned()
}

fn fetch(user: &User, url: &str) -> Cli {
    let digest = digest(&loader());
    user.kernel(["fetch", url, "--sha256", &digest])
}

fn expect_stored(user: &User, run: &Finished, url: &str) {
    run.expect_status(0)
        .expect_stdout("")
        .expect_stderr_has("Stored `osv/default` (loader.img)");
    let (digest, len) = (digest(&loader()), loader().len());
    let line = format!("osv/default loader.img {digest} {len} {url} (default)\n");
    assert_eq!(user.list(), line);
    // Nothing of the download is left.
    user.expect_left(&[
        "data/cargo-unikernel/kernels/osv/default/entry.json",
        "data/cargo-unikernel/kernels/osv/default/loader.img",
    ]);
}

#[test]
fn kernel_is_fetched_once_and_its_digest_recorded() {
    let user = User::new();
    let web = WebRoot::serve([("/a/loader.img", Answer::File(loader()))]);
    let url = web.url("/a/loader.img");
    expect_stored(&user, &fetch(&user, &url).run(), &url);
    let record = "data/cargo-unikernel/kernels/osv/default/entry.json";
    let record = std::fs::read_to_string(user.project.path(record)).unwrap();
    assert_eq!(record.matches(&digest(&loader())).count(), 2, "{record}");
    // What is there is not asked for again, and needs no network.
    let again = fetch(&user, &url).arg("--offline").run();
    again.expect_status(0).expect_stderr_has("Unchanged");
    assert_eq!(web.asked(), [("/a/loader.img".to_owned(), 0)]);
}

#[test]
fn what_was_deleted_from_the_store_is_fetched_again() {
    let user = User::new();
    let web = WebRoot::serve([("/a/loader.img", Answer::File(loader()))]);
    let url = web.url("/a/loader.img");
    fetch(&user, &url).run().expect_status(0);
    let path = "data/cargo-unikernel/kernels/osv/default/loader.img";
    std::fs::remove_file(user.project.path(path)).expect("it was stored");
    let command = format!("kernel fetch {url} --sha256 {}", digest(&loader()));
    user.kernel(["path", "osv", "loader.img"])
        .run()
        .expect_status(1)
        .expect_stderr_has("was deleted from the store")
        .expect_stderr_has(&command);
    expect_stored(&user, &fetch(&user, &url).run(), &url);
}

#[test]
fn name_is_looked_at_before_anything_is_fetched() {
    let user = User::new();
    let web = WebRoot::serve([("/x", Answer::File(loader()))]);
    fetch(&user, &web.url("/x"))
        .args(["--name", "../../x"])
        .run()
        .expect_status(1)
        .expect_stderr_has("`../../x` is no name");
    assert_eq!(web.asked(), []);
}

#[test]
fn redirects_are_followed_and_have_an_end() {
    let user = User::new();
    let web = WebRoot::serve([
        ("/latest", Answer::Redirect("/v1/loader.img".to_owned())),
        ("/v1/loader.img", Answer::File(loader())),
        ("/round", Answer::Redirect("/round".to_owned())),
    ]);
    let round = fetch(&user, &web.url("/round")).run();
    round.expect_status(1).expect_stderr_has("redirect");
    let url = web.url("/latest");
    expect_stored(&user, &fetch(&user, &url).run(), &url);
}

#[test]
fn wrong_digest_stores_nothing() {
    let user = User::new();
    let web = WebRoot::serve([("/x", Answer::File(b"something else".to_vec()))]);
    let run = fetch(&user, &web.url("/x")).run();
    run.expect_status(1)
        .expect_stderr_has("not what is wanted")
        .expect_stderr_has(&digest(b"something else"))
        .expect_stderr_has(&digest(&loader()));
    user.expect_left(&[]);
}

#[test]
fn file_with_the_right_digest_that_is_no_kernel_stores_nothing() {
    let user = User::new();
    let page = b"<html>gone</html>".to_vec();
    let web = WebRoot::serve([("/x", Answer::File(page.clone()))]);
    user.kernel(["fetch", &web.url("/x"), "--sha256", &digest(&page)])
        .run()
        .expect_status(1)
        .expect_stderr_has("a web page");
    let cut = loader()[..40_000].to_vec();
    let web = WebRoot::serve([("/x", Answer::File(cut.clone()))]);
    user.kernel(["fetch", &web.url("/x"), "--sha256", &digest(&cut)])
        .run()
        .expect_status(1)
        .expect_stderr_has("`loader.img` that was cut off");
    assert_eq!(user.list(), "");
}

#[test]
fn download_that_was_cut_off_goes_on_where_it_ended() {
    let user = User::new();
    let web = WebRoot::serve([("/x", Answer::CutOnce(loader(), 100_000))]);
    let url = web.url("/x");
    let cut = fetch(&user, &url).run();
    cut.expect_status(1)
        .expect_stderr_has(&format!("after 100000 of {} bytes", loader().len()))
        .expect_stderr_has("goes on from there");
    assert_eq!(user.list(), "");
    expect_stored(&user, &fetch(&user, &url).run(), &url);
    let asked: Vec<u64> = web.asked().into_iter().map(|(_, from)| from).collect();
    assert_eq!(asked, [0, 100_000]);
}

#[test]
fn server_that_knows_no_parts_gives_all_of_it() {
    for answer in [Answer::WholeFile(loader()), Answer::NoPart(loader())] {
        let user = User::new();
        let cut = WebRoot::serve([("/x", Answer::CutOnce(loader(), 70_000))]);
        fetch(&user, &cut.url("/x")).run().expect_status(1);
        let web = WebRoot::serve([("/x", answer)]);
        let url = web.url("/x");
        expect_stored(&user, &fetch(&user, &url).run(), &url);
        assert_eq!(web.asked()[0].1, 70_000);
    }
}

#[test]
fn rest_of_another_file_is_thrown_away() {
    let user = User::new();
    let mut other = loader();
    other[5] ^= 1;
    let cut = WebRoot::serve([("/x", Answer::CutOnce(other, 70_000))]);
    fetch(&user, &cut.url("/x")).run().expect_status(1);
    let web = WebRoot::serve([("/x", Answer::File(loader()))]);
    let url = web.url("/x");
    expect_stored(&user, &fetch(&user, &url).run(), &url);
    let asked: Vec<u64> = web.asked().into_iter().map(|(_, from)| from).collect();
    assert_eq!(asked, [70_000, 0]);
}

#[test]
fn what_is_not_there_or_far_too_long_is_told() {
    let user = User::new();
    let web = WebRoot::serve([("/huge", Answer::Huge)]);
    let url = web.url("/no");
    let run = fetch(&user, &url).run();
    run.expect_status(1)
        .expect_stderr_has("404")
        .expect_stderr_has(&url);
    let huge = fetch(&user, &web.url("/huge")).run();
    huge.expect_status(1).expect_stderr_has("more than");
    assert_eq!(user.list(), "");
    // Nobody listens on the port of a listener that is gone.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let gone = format!("http://{}/x", gone.expect("loopback has free ports"));
    let run = fetch(&user, &gone).run();
    run.expect_status(1).expect_stderr_has(&gone);
    // A server that speaks no TLS.
    let plain = web.url("/no").replace("http:", "https:");
    let run = fetch(&user, &plain).run();
    run.expect_status(1).expect_stderr_has(&plain);
}

#[test]
fn mirror_is_asked_instead() {
    let web = WebRoot::serve([("/m/kernels.example/v1/loader.img", Answer::File(loader()))]);
    let url = "https://kernels.example/v1/loader.img";
    let user = User::new();
    let run = fetch(&user, url).args(["--mirror", &web.url("/m")]).run();
    expect_stored(&user, &run, url);
    let user = User::new();
    let run = fetch(&user, url).env("UNIKERNEL_MIRROR", web.url("/m/"));
    expect_stored(&user, &run.run(), url);
}

#[test]
fn offline_asks_nobody() {
    let web = WebRoot::serve([("/x", Answer::File(loader()))]);
    let user = User::new();
    let url = web.url("/x");
    let flag = fetch(&user, &url).arg("--offline").run();
    let variable = fetch(&user, &url).env("CARGO_NET_OFFLINE", "true").run();
    for run in [flag, variable] {
        run.expect_status(1).expect_stderr_has("--offline");
    }
    assert_eq!(web.asked(), []);
    assert_eq!(user.list(), "");
}

#[test]
fn digest_is_not_optional() {
    let user = User::new();
    let without = user.kernel(["fetch", "http://127.0.0.1:1/x"]).run();
    without.expect_status(2).expect_stderr_has("--sha256");
    let short = user.kernel(["fetch", "http://127.0.0.1:1/x", "--sha256", "abc"]);
    short.run().expect_status(2).expect_stderr_has("64 hex");
}
