//! Debian's Python 3.11 on its own regression tests.
//!
//! `tests/full/python/run.py` runs them and tells which it skips and leaves out, and why: mostly what needs threads, sockets,
//! pipes or children.

use super::{Case, Debian};
use crate::same::Program;

/// The case.
pub(super) static CASE: Case = Case {
    name: "python3",
    about: "7,000 of Python's own regression tests: files, signals, time, memory, numbers, texts, archives",
    packages: &[
        "libbz2-1.0",
        "libc6",
        "libcrypt1",
        "libdb5.3",
        "libexpat1",
        "libffi8",
        "liblzma5",
        "libpython3.11-minimal",
        "libpython3.11-stdlib",
        "libpython3.11-testsuite",
        "libssl3",
        "python3.11-minimal",
        "zlib1g",
    ],
    check,
};

const LIBRARY: &str = "usr/lib/python3.11";

/// A run each, so that none takes long and the garbage collector has little to look at.
const RUNS: &[&[&str]] = &[
    &[
        "work/run.py",
        "test_fileio",
        "test_file",
        "test_fcntl",
        "test_mmap",
        "test_posix",
        "test_os",
        "test_stat",
        "test_posixpath",
        "test_genericpath",
        "test_glob",
        "test_errno",
        "test_univnewlines",
        "test_filecmp",
        "test_linecache",
        "test_pwd",
        "test_grp",
        "test_io",
    ],
    &[
        "work/run.py",
        "test_pathlib",
        "test_shutil",
        "test_tempfile",
        "test_time",
        "test_signal",
        "test_resource",
        "test_platform",
        "test_fileinput",
        "test_unicode_file",
        "test_unicode_file_functions",
        "test_dbm_dumb",
        "test_zipimport",
        "test_pkgutil",
        "test_poll",
    ],
    &[
        "work/run.py",
        "test_abc",
        "test_array",
        "test_augassign",
        "test_base64",
        "test_baseexception",
        "test_binascii",
        "test_binop",
        "test_bisect",
        "test_bool",
        "test_cmath",
        "test_collections",
        "test_compare",
        "test_complex",
        "test_configparser",
        "test_contains",
        "test_copy",
        "test_dataclasses",
        "test_defaultdict",
        "test_dictviews",
        "test_enumerate",
        "test_exceptions",
        "test_float",
        "test_fractions",
        "test_functools",
        "test_generators",
        "test_getopt",
        "test_grammar",
        "test_gzip",
        "test_hash",
        "test_heapq",
        "test_hmac",
    ],
    &[
        "work/run.py",
        "test_int",
        "test_isinstance",
        "test_iter",
        "test_json",
        "test_list",
        "test_marshal",
        "test_math",
        "test_memoryio",
        "test_operator",
        "test_pprint",
        "test_random",
        "test_range",
        "test_re",
        "test_shelve",
        "test_shlex",
        "test_slice",
        "test_sort",
        "test_string",
        "test_strptime",
        "test_strtod",
        "test_struct",
        "test_textwrap",
        "test_types",
        "test_unpack",
        "test_userdict",
        "test_zlib",
        "test_dict",
        "test_codecs",
    ],
    &[
        "-c",
        "import sys; print(sys.version, sys.flags); sys.exit(3)",
    ],
    &[
        "-c",
        "print('a', end=''); raise ValueError('told on stderr')",
    ],
];

fn check(debian: &Debian) {
    let python = Program::leading_out(
        debian,
        "usr/bin/python3.11",
        &[("work/run.py", include_bytes!("../python/run.py"))],
        &[LIBRARY, "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"],
        &[(
            "usr/lib/python3.11/sitecustomize.py",
            "etc/python3.11/sitecustomize.py",
        )],
    );
    let python = python
        .env("PYTHONHOME", "usr")
        // What it compiles would stay natively, and the order of sets would be another each time.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONHASHSEED", "0");
    python.same_for_all(b"", RUNS);
}
