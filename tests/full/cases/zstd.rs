//! Debian's zstd 1.5.4, told to take no thread.

use super::{Case, Debian};
use crate::same::Program;

/// The case.
pub(super) static CASE: Case = Case {
    name: "zstd",
    about: "the same bytes at every level, and what was compressed on Linux comes back",
    packages: &[
        "libc6",
        "libgcc-s1",
        "liblz4-1",
        "liblzma5",
        "libstdc++6",
        "zlib1g",
        "zstd",
    ],
    check,
};

fn check(debian: &Debian) {
    let zstd = Program::of(
        debian,
        "usr/bin/zstd",
        &[("work/small", b"aaaabbbb\n")],
        &[],
    );
    let text = text();
    let one = ["--single-thread", "--no-asyncio"];
    for level in ["-1", "-3", "-9", "-19", "--fast=5"] {
        let packed = zstd.same_reading(&text, &[&one[..], &[level, "-c"]].concat());
        let back = zstd.same_reading(&packed.stdout, &[&one[..], &["-d", "-c"]].concat());
        assert!(back.stdout == text, "{level}: what came back differs");
    }
    for format in ["gzip", "xz", "lz4"] {
        let format = format!("--format={format}");
        zstd.same_reading(&text, &[&one[..], &[&format, "-c"]].concat());
    }
    let long = zstd.same_reading(&text, &[&one[..], &["--long=20", "--check", "-c"]].concat());
    zstd.same_reading(&long.stdout, &[&one[..], &["-t"]].concat());
    let half = &long.stdout[..long.stdout.len() / 2];
    let cut = zstd.same_reading_for(1, half, &[&one[..], &["-d", "-c"]].concat());
    assert!(cut.stdout.len() < text.len());
    // A file is written beside the other, and the other taken away.
    zstd.same(&[&one[..], &["-q", "--rm", "work/small"]].concat());
    zstd.same(
        &[
            &one[..],
            &["-q", "-f", "work/small", "-o", "work/other.zst"],
        ]
        .concat(),
    );
}

/// Some 600 kB that compress by a part: numbers and their products.
fn text() -> Vec<u8> {
    let lines = (0..40_000_u64).map(|n| format!("{n} {:x}\n", n.wrapping_mul(0x9e37_79b9)));
    lines.collect::<String>().into_bytes()
}
