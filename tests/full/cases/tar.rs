//! Debian's tar.

use super::{Case, Debian};
use crate::same::{Files, Program};

/// The case.
pub(super) static CASE: Case = Case {
    name: "tar",
    about: "archives in all formats, listed, compared, extracted; the same bytes",
    packages: &["libacl1", "libc6", "libpcre2-8-0", "libselinux1", "tar"],
    check,
};

/// What would tell the machines apart.
const PLAIN: [&str; 6] = [
    "--sort=name",
    "--mtime=@86400",
    "--owner=root:0",
    "--group=root:0",
    "--mode=u=rwX,go=rX",
    "--numeric-owner",
];

fn check(debian: &Debian) {
    let files: Files = &[
        ("work/a/text", b"some text\n"),
        ("work/a/b/empty", b""),
        ("work/a/b/large", &[b'x'; 70_000]),
        (
            "work/a/name with spaces and more than a hundred characters, which needs a record of its own in most formats there are",
            b"long",
        ),
    ];
    let tar = Program::of(debian, "bin/tar", files, &[]);
    for format in ["ustar", "gnu", "pax", "v7", "oldgnu"] {
        let format = format!("--format={format}");
        let made = [
            &PLAIN[..],
            &[&format, "--pax-option=delete=atime,delete=ctime"],
        ]
        .concat();
        let made = if format == "--format=pax" {
            made
        } else {
            [&PLAIN[..], &[&format]].concat()
        };
        // The long name has no place in the two oldest.
        let status = if matches!(format.as_str(), "--format=v7" | "--format=ustar") {
            2
        } else {
            0
        };
        let archive = tar.same_reading_for(
            status,
            b"",
            &[&made[..], &["-c", "-f", "-", "work/a"]].concat(),
        );
        tar.same_reading(
            &archive.stdout,
            &["-t", "-v", "-f", "-", "--numeric-owner", "--utc"],
        );
        tar.same_reading(&archive.stdout, &["-x", "-v", "-O", "-f", "-"]);
        tar.same_reading(
            &archive.stdout,
            &["-x", "-v", "-f", "-", "-C", "work", "--no-same-owner"],
        );
        tar.same_reading(
            &archive.stdout,
            &[
                "-x",
                "-v",
                "--keep-old-files",
                "--strip-components=2",
                "-f",
                "-",
            ],
        );
        if status == 0 {
            tar.same_reading(
                b"",
                &["-c", "-v", "-f", "work/a.tar", "work/a/b", "--sort=name"],
            );
        }
    }
    let broken = tar.same_reading_for(2, b"no archive at all", &["-t", "-f", "-"]);
    assert!(!broken.stderr.is_empty());
    tar.same_reading_for(2, b"", &["-c", "-f", "-", "work/nosuch"]);
}
