//! Files that are there because the program or one of its libraries asks for them: by a path among its strings, or by a function
//! that it imports.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;

use super::plan::{Plan, Settings};
use super::{Node, RootPath};
use crate::closure::{Closure, Interpreter, Library};
use crate::error::Result;
use crate::fs;
use crate::program::MAX_LEN;
use crate::program::elf::ElfFacts;

/// Where systems keep the certificates of authorities in one file, and where TLS libraries look for it (OpenSSL's `OPENSSLDIR`,
/// Go's `crypto/x509/root_linux.go`).
const BUNDLES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/tls/cert.pem",
    "/usr/lib/ssl/cert.pem",
];

/// Where time zones lie (tzset(3)).
const ZONES: &str = "/usr/share/zoneinfo";

/// Folders of it that hold all zones a second time.
const COPIES: [&str; 2] = ["posix", "right"];

/// Whether leaving this path out is fine when it is not there: it depends on the program whether it is.
#[must_use]
pub(super) fn may_be_absent(path: &RootPath) -> bool {
    let path = path.to_string();
    BUNDLES.contains(&path.as_str()) || path.starts_with(ZONES) || path.ends_with("/gconv")
}

/// A file that may ask.
struct Asker<'a> {
    name: &'a str,
    facts: &'a ElfFacts,
    bytes: Arc<[u8]>,
}

/// Puts what is asked for into the tree, as far as the sysroot has it.
pub(super) fn add(plan: &mut Plan, settings: &Settings, closure: &Closure) -> Result<()> {
    let mut askers = vec![Asker {
        name: &closure.program.name,
        facts: &closure.program.facts,
        bytes: closure.program.stripped.clone(),
    }];
    // libc knows all of these paths, whoever uses it: only what others know says something.
    for library in closure.libraries.iter().filter(|library| !is_libc(library)) {
        askers.push(Asker {
            name: &library.name,
            facts: &library.facts,
            bytes: fs::read_at_most(&library.host, MAX_LEN)?.into(),
        });
    }
    bundle(plan, settings, &askers)?;
    zones(plan, settings, &askers)?;
    conversions(plan, settings, closure, &askers)
}

fn is_libc(library: &Library) -> bool {
    library.name == "libc.so.6" || library.name.starts_with("libc.musl")
}

fn who_names<'a>(askers: &[Asker<'a>], path: &str) -> Option<&'a str> {
    let finder = memmem::Finder::new(path.as_bytes());
    let found = askers
        .iter()
        .find(|asker| finder.find(&asker.bytes).is_some());
    found.map(|asker| asker.name)
}

/// The certificates: one file, and links from the other paths that are asked for.
fn bundle(plan: &mut Plan, settings: &Settings, askers: &[Asker<'_>]) -> Result<()> {
    let asked = BUNDLES
        .iter()
        .filter_map(|path| Some((*path, who_names(askers, path)?)));
    let mut first: Option<&str> = None;
    for (path, by) in asked {
        let guest = RootPath::parse(path)?;
        if plan.tree.get(&guest).is_some() {
            continue;
        }
        let reason = format!("certificates of authorities: `{by}` names the path");
        if let Some(target) = first {
            let target = target.to_owned();
            plan.put(guest, Node::Link { target }, reason)?;
            continue;
        }
        let mut hosts = BUNDLES
            .iter()
            .filter_map(|path| settings.sysroot.resolve(Path::new(path)));
        let Some(host) = hosts.find(|host| fs::is_file(host)) else {
            return Ok(());
        };
        plan.host(&guest, &host, None, &reason)?;
        first = Some(path);
    }
    Ok(())
}

/// All zones when a string asks for them, the one that `TZ` names else.
fn zones(plan: &mut Plan, settings: &Settings, askers: &[Asker<'_>]) -> Result<()> {
    let top = settings.sysroot.resolve(Path::new(ZONES));
    let Some(top) = top.filter(|top| fs::is_folder(top)) else {
        return Ok(());
    };
    let guest = RootPath::parse(ZONES)?;
    if let Some(by) = who_names(askers, ZONES) {
        return zone_folder(
            plan,
            &guest,
            &top,
            &format!("time zones: `{by}` names the path"),
        );
    }
    let zone = settings.zone.as_deref().unwrap_or_default();
    let Ok(guest) = RootPath::parse(&format!("{ZONES}/{zone}")) else {
        return Ok(());
    };
    let host = settings.sysroot.resolve(Path::new(&guest.to_string()));
    match host.filter(|host| fs::is_file(host)) {
        Some(host) => plan.host(&guest, &host, None, "the time zone that `TZ` names"),
        None => Ok(()),
    }
}

fn zone_folder(plan: &mut Plan, guest: &RootPath, host: &Path, reason: &str) -> Result<()> {
    for name in fs::list(host)? {
        let (at, host) = (guest.join(&name)?, host.join(&name));
        let metadata = fs::link_metadata(&host)?;
        if metadata.is_dir() && !COPIES.contains(&name.as_str()) {
            zone_folder(plan, &at, &host, reason)?;
        } else if metadata.is_file() {
            plan.host(&at, &host, None, reason)?;
        } else if metadata.is_symlink() {
            let target = fs::link_target(&host)?;
            // `localtime` is a link to the machine's own.
            if let Some(target) = target.to_str().filter(|target| !target.starts_with('/')) {
                let target = target.to_owned();
                plan.put(at, Node::Link { target }, reason)?;
            }
        }
    }
    Ok(())
}

/// The modules that glibc's iconv(3) loads, in the folder that its libc has built in.
fn conversions(
    plan: &mut Plan,
    settings: &Settings,
    closure: &Closure,
    askers: &[Asker<'_>],
) -> Result<()> {
    let imports = |facts: &ElfFacts| {
        facts
            .imports
            .iter()
            .any(|symbol| symbol.name == "iconv_open")
    };
    let Some(asker) = askers.iter().find(|asker| imports(asker.facts)) else {
        return Ok(());
    };
    let libc = closure
        .libraries
        .iter()
        .find(|library| library.name == "libc.so.6");
    let (Some(libc), Interpreter::Found(_)) = (libc, &closure.interpreter) else {
        return Ok(());
    };
    let Some(folder) = built_in_folder(&fs::read_at_most(&libc.host, MAX_LEN)?) else {
        return Ok(());
    };
    let host = settings.sysroot.resolve(&folder);
    match host.filter(|host| fs::is_folder(host)) {
        Some(host) => {
            let guest = RootPath::parse(&folder.to_string_lossy())?;
            let reason = format!("conversions of text: `{}` calls `iconv_open`", asker.name);
            plan.host(&guest, &host, None, &reason)
        }
        None => Ok(()),
    }
}

/// The path among libc's strings that ends with `/gconv`.
fn built_in_folder(libc: &[u8]) -> Option<PathBuf> {
    memmem::find_iter(libc, b"/gconv\0").find_map(|at| {
        let start = libc.get(..at)?.iter().rposition(|byte| *byte == 0)? + 1;
        let path = std::str::from_utf8(libc.get(start..at + b"/gconv".len())?).ok()?;
        path.starts_with('/').then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint;
    use crate::progress::Silent;
    use crate::root::plan::{Item, plan};
    use crate::support::Support;
    use crate::test_support::closure_of_c;

    /// The paths and reasons of a program's root tree that are not defaults.
    fn listing(source: &str, settings: &Settings) -> String {
        let closure = closure_of_c(source, &["-pie", "-fPIE"]);
        let levels = lint::Levels::default();
        let linted =
            lint::check(closure, "builtin", &Support::default(), &levels, &Silent).unwrap();
        plan(settings, &linted).unwrap().listing()
    }

    #[test]
    fn what_is_asked_for_is_there_with_its_reason_and_can_be_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path.trim_start_matches('/'));
        fs::write_bytes(&at("/usr/share/zoneinfo/Europe/Berlin"), b"zone").unwrap();
        fs::write_bytes(&at("/etc/pki/tls/certs/ca-bundle.crt"), b"bundle").unwrap();
        let mut settings = Settings {
            hostname: "app".to_owned(),
            sysroot: crate::closure::Sysroot::new(folder.path()).unwrap(),
            ..Settings::default()
        };
        let plain = "int main(void) { return 0; }";
        let asks = "#include <stdio.h>\nint main(void) { puts(\"/etc/ssl/cert.pem\"); puts(\"/usr/share/zoneinfo\"); }";
        assert!(!listing(plain, &settings).contains("zoneinfo"));
        let text = listing(asks, &settings);
        assert!(
            text.contains("/etc/ssl/cert.pem") && text.contains("`app` names the path"),
            "{text}"
        );
        assert!(text.contains("/usr/share/zoneinfo/Europe/Berlin"), "{text}");
        settings.zone = Some("Europe/Berlin".to_owned());
        assert!(listing(plain, &settings).contains("that `TZ` names"));
        for path in [ZONES, "/etc/ssl/cert.pem"] {
            settings
                .items
                .insert(RootPath::parse(path).unwrap(), Item::Absent);
        }
        let text = listing(asks, &settings);
        assert!(
            !text.contains("zoneinfo") && !text.contains("cert.pem"),
            "{text}"
        );
        listing(plain, &settings);
    }

    #[test]
    fn what_libc_opens_later_is_there_when_the_imports_ask_for_it() {
        let settings = Settings::default();
        let text = listing(
            "#include <pthread.h>\nint main(void) { pthread_exit(0); }",
            &settings,
        );
        assert!(
            text.contains("libc opens it when `app` calls `pthread_exit`"),
            "{text}"
        );
        let text = listing(
            "#include <iconv.h>\nint main(void) { return iconv_open(\"UTF-8\", \"CP437\") == 0; }",
            &settings,
        );
        assert!(
            text.contains("/gconv/IBM437.so") && text.contains("`iconv_open`"),
            "{text}"
        );
        let text = listing("int main(void) { return 0; }", &settings);
        assert!(
            !text.contains("libgcc_s") && !text.contains("gconv"),
            "{text}"
        );
    }
}
