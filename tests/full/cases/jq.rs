//! Debian's jq 1.6.

use super::{Case, Debian};
use crate::same::{Files, Program};

/// The case.
pub(super) static CASE: Case = Case {
    name: "jq",
    about: "filters, regular expressions, dates, streams and errors by jq",
    packages: &["jq", "libc6", "libjq1", "libonig5"],
    check,
};

const DATA: &[u8] = br#"{"people":[{"name":"Ada","born":1815,"tags":["a","b"]},{"name":"Alan","born":1912,"tags":[]},
{"name":"Grace \u00e4\ud83d\ude00","born":1906,"tags":["c"]}],"n":1.5e300,"null":null,"deep":[[[[1]]]]}"#;

const LINES: &[&[&str]] = &[
    &["."],
    &["-c", "-S", "."],
    &["-r", ".people[] | select(.born > 1900) | .name"],
    &[
        "-c",
        "[.people[].born] | add, length, min, max, (map(. % 100) | sort)",
    ],
    &[
        "-c",
        ".people | group_by(.tags | length) | map({(.[0].name): length}) | add",
    ],
    &["-c", "[paths(type == \"number\")]"],
    &["-c", "--stream", ".deep"],
    &[
        "-r",
        ".people[] | [.name, .born] | @csv, @tsv, @sh, @base64, @uri",
    ],
    &[
        "-c",
        ".people | map(.name | test(\"^A.a\"; \"i\")), [.[].name | capture(\"(?<first>\\\\w)(?<rest>.*)\")]",
    ],
    &["-n", "[range(5) | . * .] | map(sqrt) | @json"],
    &["-n", "reduce range(100000) as $i (0; . + $i)"],
    &[
        "-n",
        "1425599621 | todate, (todate | fromdate), (gmtime | mktime)",
    ],
    &[
        "-n",
        "def f: if . < 2 then . else (. - 1 | f) + (. - 2 | f) end; 18 | f",
    ],
    &[
        "-n",
        "[limit(3; repeat(1))], ([.[]?] | tostring), (\"a,b\" / \",\"), pi?",
        "--arg",
        "x",
        "1",
    ],
    &["--arg", "who", "Ada", "-e", ".people | any(.name == $who)"],
    &["-e", ".null"],
    &[".people.name"],
    &[".[", "work/data.json"],
    &["-R", "-s", "split(\"\\n\") | length"],
    &[
        "-c",
        "--slurp",
        "map(.n)",
        "work/data.json",
        "work/data.json",
    ],
    &["--tab", ".deep", "work/data.json"],
    &["-C", ".people[1]", "work/data.json"],
    &[".", "work/broken.json"],
    &[".", "work/nosuch.json"],
    &["-f", "work/filter.jq", "work/data.json"],
];

fn check(debian: &Debian) {
    let files: Files = &[
        ("work/data.json", DATA),
        ("work/broken.json", b"{\"a\": [1, 2"),
        (
            "work/filter.jq",
            b"# comment\n.people\n| map(.tags[])\n| join(\"-\")\n",
        ),
    ];
    Program::of(debian, "usr/bin/jq", files, &[]).same_for_all(DATA, LINES);
}
