//! What becomes of a program and its libraries in an image for OSv.
//!
//! The kernel is the C library and the dynamic linker: what it is itself stays out. It looks for the others in `/` and
//! `/usr/lib` only. A library of ours, the shim, is loaded with each program that can be given a library, before the kernel is
//! asked for any symbol: a shared object gets it through its launcher, an executable through one more `DT_NEEDED`. Both start
//! by `__libc_start_main`, which is how the shim learns what `main` returns; so an executable that exports `main`, which OSv
//! would call directly, keeps that for itself.

use std::collections::BTreeMap;

use crate::closure::{Addition, Alias, Closure, Interpreter, Library};
use crate::error::Result;
use crate::program::elf::ElfType;
use crate::program::launcher::{Libc, OSV_SHIM, launcher};
use crate::program::{Shape, needed};
use crate::root::{RootPath, Source};
use crate::support::Support;

/// The shim: `guest/osv/shim.c`.
static SHIM: &[u8] = include_bytes!(env!("UNIKERNEL_OSV_SHIM"));

/// Where libraries lie.
const LIBRARIES: &str = "/usr/lib";

/// The closure as OSv wants it.
///
/// # Errors
/// When the program can't be given a library although it has some.
pub(super) fn fit(mut fitted: Closure, support: &Support) -> Result<Closure> {
    let places = fitted.libraries.iter();
    let places: BTreeMap<RootPath, String> = places
        .map(|library| (library.guest.clone(), library.name.clone()))
        .collect();
    let is_ours = |library: &Library| {
        // What glibc would open later nobody opens: it is not there.
        !support.is_library(&library.name) && library.opened_later.is_none()
    };
    fitted.interpreter = Interpreter::None;
    fitted.libraries.retain(is_ours);
    for library in &mut fitted.libraries {
        library.guest = guest_path(&library.name)?;
    }
    fitted.aliases = aliases(&fitted.aliases, &places, &fitted.libraries)?;
    let program = &mut fitted.program;
    match program.shape {
        Shape::Shared => {
            fitted.launcher = Some(launcher(&fitted.program_path, Libc::Osv));
        }
        Shape::Pie | Shape::Fixed if program.facts.interpreter.is_some() => {
            let hidden = needed::without_symbol(&program.stripped, "main")?;
            program.stripped = needed::with_first(&hidden, OSV_SHIM)?.into();
        }
        // What asks by system calls finds no symbols, and so no shim.
        _ => return Ok(fitted),
    }
    fitted.additions.push(Addition {
        guest: guest_path(OSV_SHIM)?,
        source: Source::from(SHIM.to_vec()),
        reason: "mends what OSv leaves undone, and reports how the program ends".to_owned(),
    });
    Ok(fitted)
}

/// Whether the shim is in the image, so that there will be a report.
pub(super) fn has_shim(closure: &Closure) -> bool {
    let program = &closure.program;
    let is_dynamic =
        program.facts.interpreter.is_some() && program.facts.elf_type != ElfType::Relocatable;
    program.shape == Shape::Shared || is_dynamic
}

fn guest_path(name: &str) -> Result<RootPath> {
    // A name with a slash is a path (OSv, `core/elf.cc`, `program::get_library`).
    match name.contains('/') {
        true => RootPath::parse(&crate::closure::normal(name)),
        false => RootPath::parse(LIBRARIES)?.join(name),
    }
}

/// Second names of the libraries that are left, by the names of all and where they were.
fn aliases(
    old: &[Alias],
    places: &BTreeMap<RootPath, String>,
    libraries: &[Library],
) -> Result<Vec<Alias>> {
    let mut aliases = Vec::new();
    for alias in old {
        let name = places.get(&alias.target);
        let target = name.and_then(|name| libraries.iter().find(|library| library.name == *name));
        if let (Some(target), Some(name)) = (target, alias.guest.name()) {
            let guest = guest_path(name)?;
            if guest != target.guest {
                let target = target.guest.clone();
                aliases.push(Alias { guest, target });
            }
        }
    }
    Ok(aliases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::elf::ElfFacts;
    use crate::test_support::{closure_of_c, library, support};

    fn fitted(args: &[&str]) -> Closure {
        let mut closure = closure_of_c(
            "#include <pthread.h>\nint main(void) { pthread_exit(0); }",
            args,
        );
        let facts = closure.program.facts.clone();
        closure
            .libraries
            .push(library("libextra.so.1", facts, &["app"]));
        fit(closure, &support("osv")).unwrap()
    }

    fn names(closure: &Closure) -> Vec<String> {
        let libraries = closure
            .libraries
            .iter()
            .map(|library| library.guest.to_string());
        let additions = closure
            .additions
            .iter()
            .map(|addition| addition.guest.to_string());
        libraries.chain(additions).collect()
    }

    #[test]
    fn what_the_kernel_is_itself_stays_out() {
        for args in [&["-pie", "-fPIE"][..], &["-shared", "-fPIC"], &["-no-pie"]] {
            let closure = fitted(args);
            assert_eq!(
                names(&closure),
                ["/usr/lib/libextra.so.1", "/usr/lib/libunikernel-osv.so"],
                "{args:?}"
            );
            assert_eq!(closure.interpreter, Interpreter::None);
        }
    }

    #[test]
    fn executable_needs_the_shim_first_and_keeps_main_for_itself() {
        let closure = fitted(&["-pie", "-fPIE", "-rdynamic"]);
        let facts = ElfFacts::parse(&closure.program.stripped).unwrap();
        assert_eq!(facts.needed.first().map(String::as_str), Some(OSV_SHIM));
        assert!(!facts.exports("main"));
        assert_eq!(closure.launcher, None);
    }

    #[test]
    fn shared_object_is_started_by_a_launcher_that_needs_both() {
        let closure = fitted(&["-shared", "-fPIC"]);
        let facts = ElfFacts::parse(closure.launcher.as_deref().unwrap()).unwrap();
        assert_eq!(facts.needed, ["/app", OSV_SHIM]);
        let facts = ElfFacts::parse(&closure.program.stripped).unwrap();
        assert!(facts.exports("main") && !facts.needed.contains(&OSV_SHIM.to_owned()));
    }

    #[test]
    fn static_program_is_left_alone() {
        for args in [&["-static"][..], &["-static-pie", "-fPIE"]] {
            let closure = closure_of_c("int main(void) { return 0; }", args);
            assert_eq!(
                fit(closure.clone(), &support("osv")).unwrap().program,
                closure.program
            );
            assert!(!has_shim(&closure));
        }
    }

    #[test]
    fn shim_calls_only_what_osv_exports_and_stands_before_what_it_mends() {
        let facts = ElfFacts::parse(SHIM).unwrap();
        let osv = support("osv");
        for import in &facts.imports {
            assert!(osv.symbol(&import.name).is_some(), "{}", import.name);
        }
        assert!(facts.needed.is_empty(), "{:?}", facts.needed);
        for name in [
            "__assert_fail",
            "__cxa_atexit",
            "atexit",
            "pthread_exit",
            "sigaction",
        ] {
            assert!(facts.exports(name), "{name}");
        }
    }
}
