use std::path::PathBuf;

use super::*;
use crate::error::Error;
use crate::manifest::raw::Raw;
use crate::progress::Weight;
use crate::yaml::File;

/// Projects in the style of public ones, each with what is written and told.
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases/capstan");

/// Set, it has what is found written down as what is expected.
const BLESS: &str = "UNIKERNEL_BLESS";

fn cases() -> Vec<(String, PathBuf)> {
    let names = fs::list(Path::new(CASES)).unwrap().into_iter();
    names
        .map(|name| (name.clone(), Path::new(CASES).join(name)))
        .collect()
}

/// A copy of a project without what is expected of it.
fn copied(folder: &Path, to: &Path) {
    for name in fs::list(folder).unwrap() {
        let (from, to) = (folder.join(&name), to.join(&name));
        if fs::is_folder(&from) {
            copied(&from, &to);
        } else if !["Unikernel.toml", "findings.txt"].contains(&name.as_str()) {
            fs::write_bytes(&to, &fs::read(&from).unwrap()).unwrap();
        }
    }
}

fn converted(name: &str, folder: &Path) -> Converted {
    let scratch = tempfile::tempdir().unwrap();
    let project = scratch.path().join(name);
    copied(folder, &project);
    let converted = convert(&project, name);
    converted
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .unwrap()
}

fn capstanfile(text: &str) -> Result<Converted> {
    let draft = capstanfile::convert(&File::of(CAPSTANFILE, text), "app", &|_| false)?;
    Ok(Converted {
        from: CAPSTANFILE,
        manifest: draft.to_string(),
        findings: draft.findings,
    })
}

#[test]
fn projects_become_what_is_written_beside_them() {
    let cases = cases();
    let n_files = cases
        .iter()
        .filter(|(_, folder)| fs::exists(&folder.join(CAPSTANFILE)));
    assert!(n_files.count() >= 40);
    for (name, folder) in cases {
        let converted = converted(&name, &folder);
        let findings: Vec<String> = converted
            .findings
            .iter()
            .map(|it| it.plain() + "\n")
            .collect();
        for (file, text) in [
            ("Unikernel.toml", converted.manifest),
            ("findings.txt", findings.concat()),
        ] {
            let path = folder.join(file);
            if crate::env::get(BLESS).is_some() {
                fs::write_bytes(&path, text.as_bytes()).unwrap();
            }
            assert_eq!(fs::read_text(&path).unwrap(), text, "{name}/{file}");
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    for (name, folder) in cases() {
        let text = converted(&name, &folder).manifest;
        let raw: Raw = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(raw.kernel.as_deref(), Some("osv"), "{name}");
        assert!(raw.name.is_some_and(|name| !name.is_empty()), "{name}");
    }
}

#[test]
fn what_has_no_counterpart_stays_as_a_comment() {
    for (name, folder) in cases() {
        let converted = converted(&name, &folder);
        let above = converted.manifest.split("\nname = ").next().unwrap();
        for finding in converted.findings {
            let is_kept = above.contains(&finding.message);
            assert_eq!(
                is_kept,
                finding.weight > Weight::Note,
                "{name}: {finding:?}"
            );
        }
        let has_gap = converted.manifest.contains("\n# binary = ");
        assert_eq!(
            has_gap,
            !converted.manifest.contains("\nbinary = "),
            "{name}"
        );
    }
}

/// The error's last message and its place.
fn told(error: &Error) -> (String, String) {
    let snippet = error.snippet_text().unwrap_or_default();
    let place = snippet
        .trim_start()
        .strip_prefix("--> ")
        .unwrap_or_default();
    let place = place.lines().next().unwrap_or_default();
    (
        error.messages().last().unwrap_or_default().to_owned(),
        place.to_owned(),
    )
}

fn check_error(text: &str, message: &str, place: &str) {
    let (found, at) = told(&capstanfile(text).unwrap_err());
    assert!(found.contains(message), "{text}: {found}");
    assert_eq!(at, format!("Capstanfile:{place}"), "{text}");
}

#[test]
fn corrupted_files_are_told_with_their_place() {
    check_error("", "`cmdline` is missing", "1:1");
    check_error("# nothing\n", "`cmdline` is missing", "1:1");
    check_error("base: x\nbuild: make\n", "`cmdline` is missing", "1:1");
    check_error("cmdline:\nbase: x\n", "`cmdline` is missing", "1:1");
    check_error("base: x\nCmdLine: /a\n", "`cmdline` is missing", "2:1");
    check_error("base: x\ncmdlnie: /a\n", "`cmdline` is missing", "2:1");
    check_error("cmdline: [a, b]\n", "`cmdline` is a list", "1:10");
    check_error("base: x\ncmdline:\n  a: b\n", "`cmdline` is a map", "3:3");
    check_error("just words\n", "the file is a text", "1:1");
    check_error("- a\n- b\n", "the file is a list", "1:1");
    check_error("cmdline: /a\nfiles: b\n", "`files` is a text", "2:8");
    check_error(
        "cmdline: /a\nfiles:\n  - /a: b\n",
        "`files` is a list",
        "3:3",
    );
    check_error("cmdline: /a\nfiles:\n  /a:\n", "`/a` names no file", "3:3");
    check_error(
        "cmdline: /a\nfiles:\n  /a: b\n  /a: c\n",
        "given twice",
        "4:3",
    );
    check_error(
        "cmdline: /a\nfiles:\n  /a: b\n  a: c\n",
        "`/a` is given twice",
        "4:3",
    );
    check_error("cmdline: /a\nfiles:\n  /x/../a: b\n", "`..`", "3:3");
    check_error("cmdline: /a\nfiles:\n  /: b\n", "root itself", "3:3");
    check_error(
        "cmdline: /a\nbuild:\n  - make\n",
        "`build` is a list",
        "3:3",
    );
    check_error("cmdline: /a\nrootfs: {a: b}\n", "`rootfs` is a map", "2:9");
    check_error(
        "cmdline: /a\ncmdline: /b\n",
        "`cmdline` is given twice",
        "2:1",
    );
    check_error("cmdline: /a\nfiles:\n\t/a: b\n", "a tab", "3:1");
    check_error("cmdline: /a\nfiles:\n  /a: b\n /c: d\n", "no YAML", "4:2");
    check_error("cmdline: >\n/a.so\nbuild: make\n", "no YAML", "2:1");
    check_error("cmdline: /a\nbuild make\n", "no YAML", "2:1");
    check_error("cmdline: '/a\nbuild: make\n", "no YAML", "1:10");
    check_error("cmdline: /a: b\n", "no YAML", "1:12");
    check_error("cmdline: @a\n", "no YAML", "1:10");
    check_error("cmdline: /a\n---\ncmdline: /b\n", "second document", "2:1");
}

#[test]
fn corrupted_packages_are_told_with_their_place() {
    let check = |run: &str, message: &str, place: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write_bytes(&folder.path().join(RUN), run.as_bytes()).unwrap();
        let (found, at) = told(&convert(folder.path(), "app").unwrap_err());
        assert!(found.contains(message), "{run}: {found}");
        assert_eq!(at, format!("meta/run.yaml:{place}"), "{run}");
    };
    check("config_set:\n", "`runtime` is missing", "1:1");
    check(
        "config_set:\nrun_time: native\n",
        "`runtime` is missing",
        "2:1",
    );
    check("runtime: pyhton\n", "no runtime `pyhton`", "1:10");
    check(
        "runtime: native\nconfig_set: 5\n",
        "`config_set` is a text",
        "2:13",
    );
    check(
        "runtime: native\nconfig_set: {}\n",
        "`config_set` is empty",
        "1:1",
    );
    check(
        "runtime: native\nconfig_set:\n  a: b\n",
        "a configuration is a text",
        "3:6",
    );
    check(
        "runtime: native\nconfig_set:\n  a: {}\n",
        "`bootcmd` is missing",
        "3:6",
    );
    check(
        "runtime: native\nconfig_set:\n  a: {bootcmd: /x}\nconfig_set_default: b\n",
        "no configuration `b`",
        "4:21",
    );
    check(
        "runtime: node\nconfig_set:\n  a: {args: [x]}\n",
        "`main` is missing",
        "3:6",
    );
    check(
        "runtime: node\nconfig_set:\n  a: {main: [x]}\n",
        "`main` is a list",
        "3:13",
    );
}

/// Numbers that look random and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap()
    }
}

/// Cuts, doubles, turns round and puts in what YAML gives a meaning to: either it is read, or the error has a place.
#[test]
fn changed_files_are_read_or_told_with_their_place() {
    const SPICE: [&str; 16] = [
        "\t", "\n", ":", ": ", "- ", "'", "\"", "[", "}", "&a ", "*a", "|\n", ">", "#", "!x ",
        "\u{0}",
    ];
    let mut dice = Dice(0x5eed);
    let (mut n_read, mut n_refused) = (0, 0);
    for (name, folder) in cases() {
        let path = folder.join(CAPSTANFILE);
        if !fs::is_file(&path) {
            continue;
        }
        let whole: Vec<char> = fs::read_text(&path).unwrap().chars().collect();
        for _ in 0..60 {
            let mut letters = whole.clone();
            for _ in 0..=dice.roll(3) {
                let at = dice.roll(letters.len());
                match dice.roll(4) {
                    0 => letters.truncate(at),
                    1 => drop(letters.drain(at..(at + dice.roll(9)).min(letters.len()))),
                    _ => drop(letters.splice(at..at, SPICE[dice.roll(SPICE.len())].chars())),
                }
            }
            let text: String = letters.into_iter().collect();
            match capstanfile(&text) {
                Ok(converted) => {
                    n_read += 1;
                    let raw = toml::from_str::<Raw>(&converted.manifest);
                    assert!(
                        raw.is_ok(),
                        "{name}: {text:?}\n{}\n{raw:?}",
                        converted.manifest
                    );
                }
                Err(error) => {
                    n_refused += 1;
                    let (_, place) = told(&error);
                    assert!(
                        place.starts_with("Capstanfile:"),
                        "{name}: {text:?}: {error}"
                    );
                }
            }
        }
    }
    assert!(
        n_read > 200 && n_refused > 200,
        "{n_read} read, {n_refused} refused"
    );
}
