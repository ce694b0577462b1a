//! Debian's busybox: applets that do their work in one process.

use super::{Case, Debian};
use crate::same::Program;

/// The case.
pub(super) static CASE: Case = Case {
    name: "busybox",
    about: "applets that need no process beside theirs say in the builtin kernel what they say on Linux",
    packages: &["busybox", "libc6"],
    check,
};

/// Lines to sort, count, cut and search.
const TEXT: &[u8] = b"pear 3\napple 12\n\nfig\t7\napple 12\nquince 1\nBanana 4\n";
/// The same a little later.
const LATER: &[u8] = b"pear 3\napple 13\n\nfig\t7\nquince 1\nBanana 4\nlime 9\n";
/// What `patch` makes of the first.
const PATCH: &[u8] =
    b"--- work/text\n+++ work/text\n@@ -1,3 +1,3 @@\n-pear 3\n+pear 33\n apple 12\n \n";
/// Bytes that are no text, 0 to 31.
const BYTES: &[u8] = &[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
];
/// "three words here" by gzip.
const GZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 43, 201, 40, 74, 77, 85, 40, 207, 47, 74, 41, 86, 200, 72,
    45, 74, 229, 2, 0, 101, 81, 245, 148, 17, 0, 0, 0,
];

/// An applet a line, some with more than one.
const LINES: &[&[&str]] = &[
    &["ar", "t", "work/text"],
    &["ascii"],
    &[
        "ash",
        "-c",
        "x=3; while [ $x -gt 0 ]; do echo $x; x=$((x-1)); done; test -f work/text && read a < work/text && echo \"$a\"",
    ],
    &[
        "ash",
        "-c",
        "cd work && read a < later && echo ${PWD##*/} $a; trap 'echo bye' EXIT; exit 7",
    ],
    &[
        "awk",
        "{ n += $2; seen[$1]++ } END { print n, seen[\"apple\"], sqrt(2), sin(1) }",
        "work/text",
    ],
    &["base64", "work/bytes"],
    &["basename", "/usr/lib/libx.so", ".so"],
    &["bc", "-q", "work/sums"],
    &["cal", "2", "2024"],
    &["cat", "-n", "work/text", "work/later"],
    &["chmod", "-v", "600", "work/text"],
    &["cmp", "-l", "work/text", "work/later"],
    &["cp", "-v", "work/text", "work/copy"],
    &["cpio", "-o", "-H", "nosuch"],
    &["cut", "-d", " ", "-f", "1", "work/text"],
    &["date", "-u", "-d", "@86400", "+%F %T %a"],
    &["dc", "-e", "2 100 ^ p"],
    &["dd", "if=work/bytes", "bs=4", "skip=2", "count=3"],
    &["diff", "work/text", "work/later"],
    &["dirname", "/usr/lib/libx.so"],
    &["dos2unix", "-d", "work/text"],
    &["du", "-a", "-b", "nosuch"],
    &["echo", "-e", "a\\tb\\n\\0101"],
    &["env"],
    &["expand", "-t", "4", "work/text"],
    &["expr", "6", "*", "7"],
    &["factor", "600851475143", "18446744073709551557"],
    &["false"],
    &["find", "work", "-type", "f", "-size", "-2", "-name", "t*"],
    &["fold", "-w", "4", "work/text"],
    &["grep", "-n", "-i", "-E", "^(b|q)", "work/text"],
    &["grep", "-r", "-c", "apple", "work/text"],
    &["gunzip", "-c", "work/words.gz"],
    &["gzip", "-c", "-n", "work/text"],
    &["head", "-n", "2", "work/text"],
    &["hexdump", "-C", "work/bytes"],
    &["ln", "-s", "-v", "text", "work/link"],
    &["ls", "-1", "-a", "work"],
    &["md5sum", "work/text"],
    &["mkdir", "-p", "-v", "work/a/b/c"],
    &["mv", "-n", "work/text", "work/later"],
    &["nl", "work/text"],
    &["od", "-A", "x", "-t", "x1z", "work/bytes"],
    &["paste", "work/text", "work/later"],
    &["patch", "-p0", "-i", "work/patch"],
    &["printf", "%05.2f|%-6s|%x\\n", "3.14159", "ab", "255"],
    &["readlink", "-f", "nosuch/nosuch"],
    &["realpath", "/"],
    &["rev", "work/text"],
    &["rm", "-r", "work/nosuch"],
    &["rmdir", "work"],
    &[
        "sed",
        "-n",
        "-e",
        "s/\\(a\\)\\(p*\\)/\\2\\1/gp",
        "work/text",
    ],
    &["sed", "-i", "-e", "s/apple/plum/w /dev/stdout", "work/text"],
    &["seq", "1", "3", "20"],
    &["sha1sum", "work/text"],
    &["sha256sum", "work/text"],
    &["sha3sum", "work/text"],
    &["sha512sum", "work/text"],
    &["shuf", "-i", "5-5"],
    &["sleep", "0.05"],
    &["sort", "-k", "2n", "-u", "work/text"],
    &["stat", "-c", "%n %s %F", "work/text", "work", "/dev/null"],
    &["strings", "work/text"],
    &["tac", "work/text"],
    &["tail", "-n", "+3", "work/text"],
    &[
        "tar",
        "-c",
        "-f",
        "work/a.tar",
        "-v",
        "work/text",
        "work/bytes",
    ],
    &["tee", "work/copy"],
    &["test", "work/text", "-nt", "work/nosuch"],
    &["touch", "work/new", "work/nosuch/new"],
    &["tr", "a-z", "A-Z"],
    &["true"],
    &["truncate", "-s", "1M", "work/text"],
    &["unexpand", "-a", "work/text"],
    &["uniq", "-c", "work/text"],
    &["usleep", "1000"],
    &["uuencode", "-m", "work/bytes", "name"],
    &["wc", "work/text", "work/later"],
    &["whoami", "extra"],
    &["xxd", "work/bytes"],
    &["xz", "-d", "-c", "work/text"],
];

fn check(debian: &Debian) {
    let busybox = Program::of(
        debian,
        "bin/busybox",
        &[
            ("work/text", TEXT),
            ("work/later", LATER),
            ("work/patch", PATCH),
            ("work/bytes", BYTES),
            ("work/words.gz", GZIPPED),
            ("work/sums", b"scale=40\n4*a(1)\n2^200\n"),
        ],
        &[],
    );
    busybox.same_for_all(TEXT, LINES);
}
