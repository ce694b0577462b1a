//! Where a dynamic linker looks for libraries (ld.so(8)), found without running it.

use std::path::Path;

use memchr::memmem;

use super::sysroot::Sysroot;
use crate::fs;

/// Deepest chain of `include` lines in `ld.so.conf`.
const MAX_INCLUDES: usize = 8;

/// Folders that dynamic linkers have built in, in the order that they search them.
const BUILT_IN: [&str; 7] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/local/lib",
    "/usr/lib",
];

/// The folders that the dynamic linker itself searches, read from its content: each stands there as a string that ends with
/// a slash (glibc, elf/dl-load.c `system_dirs`). musl has its own three in one string. All that we know when none is found.
#[must_use]
pub(super) fn default_folders(interpreter: &[u8]) -> Vec<String> {
    let has = |needle: &str| memmem::find(interpreter, needle.as_bytes()).is_some();
    if has("/lib:/usr/local/lib:/usr/lib\0") {
        return ["/lib", "/usr/local/lib", "/usr/lib"]
            .map(str::to_owned)
            .to_vec();
    }
    let found: Vec<String> = BUILT_IN
        .iter()
        .filter(|folder| has(&format!("\0{folder}/\0")))
        .map(|folder| (*folder).to_owned())
        .collect();
    if found.is_empty() {
        return BUILT_IN.map(str::to_owned).to_vec();
    }
    found
}

/// The folders that `/etc/ld.so.conf` of the sysroot and the files it includes name (ldconfig(8)).
#[must_use]
pub(super) fn configured_folders(sysroot: &Sysroot) -> Vec<String> {
    let mut folders = Vec::new();
    read_configuration(sysroot, "/etc/ld.so.conf", 0, &mut folders);
    folders
}

fn read_configuration(sysroot: &Sysroot, path: &str, depth: usize, folders: &mut Vec<String>) {
    let host = sysroot.resolve(Path::new(path));
    let text = host.and_then(|host| fs::read_at_most(&host, 1 << 20).ok());
    let Some(text) = text.filter(|_| depth < MAX_INCLUDES) else {
        return;
    };
    for line in String::from_utf8_lossy(&text).lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(patterns) = line
            .strip_prefix("include")
            .filter(|p| p.starts_with([' ', '\t']))
        {
            for pattern in patterns.split_whitespace() {
                for file in matching(sysroot, pattern) {
                    read_configuration(sysroot, &file, depth + 1, folders);
                }
            }
        } else if !line.starts_with("hwcap") {
            let words = line
                .split([' ', '\t', ',', ':'])
                .filter(|word| word.starts_with('/'));
            let names = words.map(|word| word.split('=').next().unwrap_or(word));
            folders.extend(names.map(|name| name.trim_end_matches('/').to_owned()));
        }
    }
}

/// The files that an `include` pattern names; only its last part may have wildcards. Relative ones start from /etc.
fn matching(sysroot: &Sysroot, pattern: &str) -> Vec<String> {
    let pattern = if pattern.starts_with('/') {
        pattern.to_owned()
    } else {
        format!("/etc/{pattern}")
    };
    let Some((folder, name)) = pattern.rsplit_once('/') else {
        return Vec::new();
    };
    let host = sysroot.resolve(Path::new(if folder.is_empty() { "/" } else { folder }));
    let names = host
        .and_then(|host| fs::list(&host).ok())
        .unwrap_or_default();
    names
        .into_iter()
        .filter(|candidate| matches(name.as_bytes(), candidate.as_bytes()))
        .map(|candidate| format!("{folder}/{candidate}"))
        .collect()
}

/// Whether a name fits a pattern with `*` and `?` (glob(7)).
#[must_use]
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Where the last `*` was, and the part of the name that it is to swallow next: no recursion, so no blow-up.
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + 1),
            Some(byte) if name.get(n) == Some(byte) => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, swallowed)) => {
                    star = Some((at, swallowed + 1));
                    (p, n) = (at + 1, swallowed + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let check = |pattern: &str, name: &str, expected| {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        };
        check("*.conf", "libc.conf", true);
        check("*.conf", "libc.conf.bak", false);
        check("a*b*c", "aXbYbZc", true);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("***", "", true);
    }

    #[test]
    fn linker_names_its_folders() {
        let debian = b"x\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0y";
        assert_eq!(
            default_folders(debian),
            [
                "/lib/x86_64-linux-gnu",
                "/usr/lib/x86_64-linux-gnu",
                "/lib",
                "/usr/lib"
            ]
        );
        let fedora = b"\0/lib64/\0/usr/lib64/\0";
        assert_eq!(default_folders(fedora), ["/lib64", "/usr/lib64"]);
        let musl = b"\0/lib:/usr/local/lib:/usr/lib\0";
        assert_eq!(
            default_folders(musl),
            ["/lib", "/usr/local/lib", "/usr/lib"]
        );
        assert_eq!(default_folders(b"").len(), BUILT_IN.len());
    }

    #[test]
    fn configuration_with_includes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            fs::write_bytes(&folder.path().join(path), text.as_bytes()).unwrap();
        };
        write(
            "etc/ld.so.conf",
            "include ld.so.conf.d/*.conf\n/opt/lib # ours\n",
        );
        write("etc/ld.so.conf.d/b.conf", "/b/lib/\n");
        write(
            "etc/ld.so.conf.d/a.conf",
            "/a/lib,/a/lib64\ninclude a.conf\ninclude /etc/ld.so.conf\n",
        );
        let folders = configured_folders(&Sysroot::new(folder.path()).unwrap());
        assert!(folders.starts_with(&["/a/lib".to_owned(), "/a/lib64".to_owned()]));
        assert!(folders.contains(&"/b/lib".to_owned()) && folders.contains(&"/opt/lib".to_owned()));
    }
}
