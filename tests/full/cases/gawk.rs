//! Debian's gawk, an executable at fixed addresses.

use super::{Case, Debian};
use crate::same::{Files, Program};

/// The case.
pub(super) static CASE: Case = Case {
    name: "gawk",
    about: "fields, arrays, functions, large numbers and files by gawk",
    packages: &[
        "gawk",
        "libc6",
        "libgmp10",
        "libmpfr6",
        "libreadline8",
        "libsigsegv2",
        "libtinfo6",
    ],
    check,
};

const LINES: &[&[&str]] = &[
    &[
        "{ n[$1] += $2 } END { PROCINFO[\"sorted_in\"] = \"@ind_str_asc\"; for (k in n) print k, n[k] }",
        "work/table",
    ],
    &[
        "-F,",
        "-v",
        "OFS=;",
        "{ $2 = toupper($2); print NR, NF, $0 }",
    ],
    &["BEGIN { printf \"%.10g %x %5s|%-5s|%c\\n\", atan2(0, -1), 255, \"a\", \"b\", 65 }"],
    &[
        "BEGIN { print gensub(/(a+)(b)/, \"<\\\\2\\\\1>\", \"g\", \"aab ab\"), match(\"foobar\", /o+/), RSTART, RLENGTH }",
    ],
    &["-M", "BEGIN { print 2 ^ 200, 7 % 3 }"],
    &["function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } BEGIN { print f(18) }"],
    &[
        "BEGIN { for (i = 0; i < 50000; i++) a[i % 977] += i; print length(a), a[5]; print asort(a), a[1], a[977] }",
    ],
    &[
        "BEGIN { while ((getline line < \"work/table\") > 0) n++; print n; print \"x\" > \"work/out\"; close(\"work/out\"); getline y < \"work/out\"; print y }",
    ],
    &[
        "BEGIN { print strftime(\"%F %T\", 86400, 1), mktime(\"2024 02 30 12 00 00\", 1); print substr(\"hello\", 2, 3) > \"/dev/stderr\"; exit 4 }",
    ],
    &["BEGIN { RS = \"\" } { print NF }", "work/table"],
    &["{ print }", "work/nosuch"],
    &["BEGIN { print 1 +* 2 }"],
];

fn check(debian: &Debian) {
    let files: Files = &[("work/table", b"pear 3\napple 12\n\nfig 7\napple 1\n")];
    let gawk = Program::of(debian, "usr/bin/gawk", files, &[]);
    gawk.same_for_all(b"one,two,three\nfour,five\n", LINES);
}
