//! Command lines written, and read as OSv reads them.

use std::collections::BTreeMap;

use super::*;
use crate::root::RootPath;

fn start(args: &[&[u8]]) -> Launch {
    let path = |text: &str| RootPath::parse(text).unwrap();
    Launch {
        program: path("/hello"),
        name: path("/hello"),
        args: args.iter().map(|arg| os_string(arg.to_vec())).collect(),
        env: BTreeMap::new(),
        network: Network::Unsaid,
    }
}

fn text(launch: &Launch) -> String {
    let line = String::from_utf8(compose(launch).unwrap()).unwrap();
    line.strip_prefix(ALWAYS).unwrap().trim_start().to_owned()
}

#[test]
fn words_are_quoted_where_they_must_be() {
    let check = |arg: &str, expected: &str| {
        let line = text(&start(&[arg.as_bytes()]));
        assert_eq!(line, format!("/hello {expected}"));
    };
    check("-c", "-c");
    check("/etc/a.conf", "/etc/a.conf");
    check("", "\"\"");
    check("a b", "\"a b\"");
    check("a;b&c!", "\"a;b&c!\"");
    check("a\"b\\c", r#""a\"b\\c""#);
    check("a\n\tb", r#""a\n\tb""#);
    check("it's", "\"it's\"");
    check("runscript", "runscript");
}

#[test]
fn what_quotes_can_not_hold_comes_through_a_variable() {
    let launch = start(&[b"a", "$HOME \u{e4}".as_bytes()]);
    let expected = "--env=UNIKERNEL_ARG2=$HOME\\ \u{e4} /hello a $UNIKERNEL_ARG2";
    assert_eq!(text(&launch), expected);
}

#[test]
fn environment_and_network_are_options() {
    let mut launch = start(&[]);
    launch.env.insert("A".to_owned(), "b=c d\\".into());
    launch.env.insert("E".to_owned(), "".into());
    launch.network = Network::Fixed(Fixed {
        address: "10.0.2.15".parse().unwrap(),
        prefix: 20,
        gateway: "10.0.2.2".parse().ok(),
        dns: None,
    });
    assert_eq!(
        text(&launch),
        r"--ip=eth0,10.0.2.15,255.255.240.0 --defaultgw=10.0.2.2 --env=A=b=c\ d\\ --env=E= /hello"
    );
}

#[test]
fn shared_object_is_named_behind_its_launcher() {
    let mut launch = start(&[b"x"]);
    launch.program = RootPath::parse(crate::program::launcher::GUEST_PATH).unwrap();
    assert_eq!(text(&launch), "/.unikernel/launcher /hello x");
    assert_eq!(super::launch(&compose(&launch).unwrap()).unwrap(), launch);
}

#[test]
fn whatever_is_written_is_read_back() {
    // All bytes, alone and between others, and pieces that mean something to one of the two parsers.
    let mut args: Vec<Vec<u8>> = (1..=255).map(|byte| vec![byte]).collect();
    args.extend((1..=255).map(|byte| vec![b'a', byte, b'b']));
    for piece in [
        "--env=A=b",
        "$A",
        "a$",
        "\\n",
        "\\\\\"",
        "; /x",
        "&!",
        "''",
        " ",
        "\\",
    ] {
        args.push(piece.into());
        args.push(format!("{piece}{piece}").into());
    }
    for arg in &args {
        let mut launch = start(&[arg, b"end"]);
        launch.env.insert("V".to_owned(), os_string(arg.clone()));
        let line = compose(&launch).unwrap();
        assert_eq!(super::launch(&line).unwrap(), launch, "{arg:?}");
    }
    let all: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    let launch = start(&all);
    assert_eq!(super::launch(&compose(&launch).unwrap()).unwrap(), launch);
}

#[test]
fn what_can_not_be_said_is_refused_with_the_reason() {
    let check = |change: &dyn Fn(&mut Launch), expected: &str| {
        let mut launch = start(&[]);
        change(&mut launch);
        let error = compose(&launch).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&|l| l.args.push("a\0b".into()), "NUL");
    check(
        &|l| drop(l.env.insert("A=B".to_owned(), "".into())),
        "`A=B`",
    );
    check(
        &|l| drop(l.env.insert("UNIKERNEL_ARG7".to_owned(), "".into())),
        "carry arguments",
    );
    check(
        &|l| l.args.push("x".repeat(MAX_LEN).into()),
        "which has 32256",
    );
    let six = Fixed {
        address: "fe80::1".parse().unwrap(),
        prefix: 64,
        gateway: None,
        dns: None,
    };
    check(&|l| l.network = Network::Fixed(six), "IPv4 only");
}

#[test]
fn foreign_lines_are_read_or_refused() {
    let check = |line: &str, expected: Option<&str>| {
        let read = launch(line.as_bytes()).ok();
        assert_eq!(
            read.map(|l| format!("{} {:?}", l.name, l.args)).as_deref(),
            expected,
            "{line}"
        );
    };
    check("--verbose  /a.so \"b c\"", Some("/a.so [\"b c\"]"));
    check("/a.so; /b.so", None);
    check("/a.so&", None);
    check("a.so", None);
    check("", None);
    check("/a.so \"b", None);
}
