//! Libraries that nobody names as needed, because libc itself opens them when a function is called.

use super::Library;
use crate::program::elf::ElfFacts;

/// A library that is opened later, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Later {
    /// Its name.
    pub(super) name: &'static str,
    /// The file that imports the function.
    pub(super) by: String,
    /// Why it is opened.
    pub(super) reason: String,
}

/// Which functions make libc open which library.
struct Rule {
    name: &'static str,
    /// Sorted.
    imports: &'static [&'static str],
    /// Whether libc has had it built in since version 2.34 (glibc 2.34 release notes; `nss_dns` and `nss_files`).
    built_in_since_2_34: bool,
}

/// glibc: `nptl/pthread_cancel.c` and `misc/unwind-link.c` (unwinding), `nss/nsswitch.c` (name services).
const RULES: [Rule; 3] = [
    Rule {
        name: "libgcc_s.so.1",
        imports: &["backtrace", "pthread_cancel", "pthread_exit", "thrd_exit"],
        built_in_since_2_34: false,
    },
    Rule {
        name: "libnss_files.so.2",
        imports: &[
            "getaddrinfo",
            "getgrgid",
            "getgrgid_r",
            "getgrnam",
            "getgrnam_r",
            "getgrouplist",
            "gethostbyname",
            "gethostbyname_r",
            "getprotobyname",
            "getpwnam",
            "getpwnam_r",
            "getpwuid",
            "getpwuid_r",
            "getservbyname",
            "getservbyport",
            "initgroups",
        ],
        built_in_since_2_34: true,
    },
    Rule {
        name: "libnss_dns.so.2",
        imports: &[
            "getaddrinfo",
            "gethostbyaddr",
            "gethostbyname",
            "gethostbyname_r",
            "getnameinfo",
        ],
        built_in_since_2_34: true,
    },
];

/// What glibc will open for this program and its libraries; nothing where there is no glibc.
#[must_use]
pub(super) fn wanted(name: &str, program: &ElfFacts, libraries: &[Library]) -> Vec<Later> {
    let Some(libc) = libraries.iter().find(|library| library.name == "libc.so.6") else {
        return Vec::new();
    };
    let others = libraries.iter().filter(|library| library.name != libc.name);
    let others = others.map(|library| (library.name.as_str(), &library.facts));
    let users: Vec<_> = std::iter::once((name, program)).chain(others).collect();
    let mut wanted = Vec::new();
    for rule in &RULES {
        let found = users.iter().find_map(|(by, facts)| {
            let import = rule.imports.iter().find(|import| imports(facts, import))?;
            Some((*by, *import))
        });
        let Some((by, import)) = found else {
            continue;
        };
        if rule.built_in_since_2_34 && !is_before_2_34(libc) {
            continue;
        }
        wanted.push(Later {
            name: rule.name,
            by: by.to_owned(),
            reason: format!("libc opens it when `{by}` calls `{import}`"),
        });
    }
    wanted
}

/// Whether the file imports this function.
#[must_use]
fn imports(facts: &ElfFacts, name: &str) -> bool {
    facts
        .imports
        .binary_search_by(|symbol| symbol.name.as_str().cmp(name))
        .is_ok()
}

/// Whether the versions that the library defines end before `GLIBC_2.34`.
fn is_before_2_34(libc: &Library) -> bool {
    let versions = &libc.facts.defined_versions;
    versions.iter().all(|version| version != "GLIBC_2.34")
}
