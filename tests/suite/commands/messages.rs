//! `--message-format json`: real messages against `docs/messages.md`.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::cli::Cli;
use tests::project::Project;
use tests::workspace;

use super::c_program;

const MAIN: &str = "int main(void) { return 0; }\n";

/// What `build --message-format json` prints.
fn messages(project: &Project, args: &[&str]) -> Vec<Value> {
    let words = ["build", "--message-format", "json"].iter().chain(args);
    let built = Cli::new(project.folder(), words.copied()).run();
    let text = built.expect_status(0).stdout_text();
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(read).collect()
}

fn of_reason<'a>(messages: &'a [Value], reason: &str) -> Vec<&'a Value> {
    let found = messages
        .iter()
        .filter(|message| message["reason"] == reason);
    found.collect()
}

#[test]
fn json_messages_name_the_image() {
    let project = Project::cargo_package("plain", "fn main() {}\n", "");
    let messages = messages(&project, &[]);
    let [image] = of_reason(&messages, "unikernel-image")[..] else {
        panic!("one message of ours expected in {messages:?}")
    };
    let path = image["path"].as_str().expect("a path");
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(image["size"], bytes.len());
    let sum = tests::process::Call::new("sha256sum").arg(path).run();
    let digest = image["sha256"].as_str().expect("a digest");
    assert!(
        sum.stdout_text().starts_with(&format!("{digest} ")),
        "{sum}"
    );
    let [program, of_image] = of_reason(&messages, "compiler-artifact")[..] else {
        panic!("two artefacts expected in {messages:?}")
    };
    assert_eq!(of_image["filenames"], serde_json::json!([path]));
    for key in ["package_id", "target", "profile"] {
        assert_eq!(of_image[key], program[key], "{key}");
    }
}

/// The rows of the page about messages that describe ours: key and type.
fn described() -> BTreeMap<String, String> {
    let page = workspace::read("docs/messages.md");
    let (_, ours) = page.split_once("## `unikernel-image`").expect("a chapter");
    let rows = ours.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let key = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((key.to_owned(), cells.next()?.to_owned()))
    });
    rows.collect()
}

/// The same of a real message.
fn shape(value: &Value, at: &str, found: &mut BTreeMap<String, String>) {
    for (key, value) in value.as_object().expect("an object") {
        let key = format!("{at}{key}");
        let kind = match value {
            Value::String(_) => "string",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::Object(_) => "object",
            _ => "something else",
        };
        if value.is_object() {
            shape(value, &format!("{key}."), found);
        }
        found.insert(key, kind.to_owned());
    }
}

#[test]
fn json_messages_are_as_their_page_says() {
    let described = described();
    assert!(described.len() > 5, "{described:?}");
    let rust = Project::cargo_package("plain", "fn main() {}\n", "");
    let c = c_program(MAIN);
    for (project, args) in [(rust, &[][..]), (c, &["program.c"])] {
        let messages = messages(&project, args);
        let ours = of_reason(&messages, "unikernel-image");
        assert_eq!(ours.len(), 1, "{messages:?}");
        let mut found = BTreeMap::new();
        shape(ours[0], "", &mut found);
        assert_eq!(found, described);
    }
}

#[test]
fn json_message_about_a_c_program_makes_nothing_up() {
    let project = c_program(MAIN);
    let messages = messages(&project, &["program.c"]);
    let [message] = of_reason(&messages, "compiler-artifact")[..] else {
        panic!("one artefact expected in {messages:?}")
    };
    let unknown = serde_json::json!("unknown");
    for key in ["opt_level", "debuginfo"] {
        assert_eq!(message["profile"][key], unknown, "{message}");
    }
    assert!(message.get("manifest_path").is_none(), "{message}");
    assert!(message["target"].get("edition").is_none(), "{message}");
}
