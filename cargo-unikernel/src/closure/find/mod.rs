//! The search itself: breadth first, as the dynamic linker loads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::later::{self, Later};
use super::search::{configured_folders, default_folders};
use super::{Alias, Closure, Interpreter, Library, Missing, Settings, Sysroot, normal};
use crate::error::{Error, Result};
use crate::fs;
use crate::program::elf::{ElfFacts, tables};
use crate::program::launcher::{Libc, launcher};
use crate::program::{MAX_LEN, Program, Shape};
use crate::root::RootPath;

/// Most libraries that a program may need.
const MAX_LIBRARIES: usize = 4096;

/// Names that musl's dynamic linker answers itself (musl, ldso/dynlink.c `load_library`).
const MUSL_OWN: [&str; 7] = ["c", "pthread", "rt", "m", "dl", "util", "xnet"];

/// Finds all that the program needs. What is not found is in the closure too: the lint tells.
///
/// # Errors
/// When a file that was found can't be read, or the program needs more libraries than any sane one.
pub fn find(program: Program, settings: &Settings) -> Result<Closure> {
    let program_path = guest_path(&program, &settings.sysroot)?;
    let libc = Libc::of(&program.facts.needed);
    let launcher = (program.shape == Shape::Shared).then(|| launcher(&program_path, libc));
    let wanted = match &launcher {
        Some(_) => Some(libc.interpreter()),
        None => program.facts.interpreter.as_deref(),
    };
    let (interpreter, bytes) = match wanted {
        Some(path) => find_interpreter(path, &program, &settings.sysroot)?,
        None => (Interpreter::None, Vec::new()),
    };
    let mut search = Search::new(&settings.sysroot, &interpreter, &bytes);
    if interpreter != Interpreter::None {
        search.run(&program, &program_path, launcher.is_some().then_some(libc))?;
    }
    let Search {
        libraries,
        aliases,
        missing,
        ..
    } = search;
    Ok(Closure {
        program,
        program_path,
        launcher,
        interpreter,
        libraries,
        aliases,
        missing,
        additions: Vec::new(),
    })
}

/// `/NAME`; but what lies below a sysroot that was named keeps its path there.
fn guest_path(program: &Program, sysroot: &Sysroot) -> Result<RootPath> {
    let inside = fs::absolute(&program.path)?;
    let inside = inside.strip_prefix(sysroot.folder());
    match inside.ok().and_then(Path::to_str) {
        Some(inside) if sysroot.is_given() => RootPath::parse(&normal(inside)),
        _ => RootPath::root().join(&program.name),
    }
}

fn find_interpreter(
    path: &str,
    program: &Program,
    sysroot: &Sysroot,
) -> Result<(Interpreter, Vec<u8>)> {
    let missing = |unfit: Vec<String>| {
        let missing = Missing {
            name: path.to_owned(),
            needed_by: vec![program.name.clone()],
            looked_in: vec![sysroot.folder().display().to_string()],
            unfit,
        };
        (Interpreter::Missing(missing), Vec::new())
    };
    let Some(host) = sysroot
        .resolve(Path::new(path))
        .filter(|host| fs::is_file(host))
    else {
        return Ok(missing(Vec::new()));
    };
    let bytes = fs::read_at_most(&host, MAX_LEN)?;
    let facts = match fitting(&host, &bytes) {
        Ok(facts) => facts,
        Err(reason) => return Ok(missing(vec![reason])),
    };
    let library = Library {
        name: path.to_owned(),
        len: bytes.len() as u64,
        guest: RootPath::parse(&normal(path))?,
        host,
        facts,
        needed_by: vec![program.name.clone()],
        opened_later: None,
    };
    Ok((Interpreter::Found(Box::new(library)), bytes))
}

/// The facts of a file that a dynamic linker for x86-64 would load, or why it would not.
fn fitting(host: &Path, bytes: &[u8]) -> std::result::Result<ElfFacts, String> {
    let facts = ElfFacts::parse(bytes).map_err(|e| format!("`{}`: {e}", host.display()))?;
    if !facts.is_x86_64() {
        let machine = facts.machine_text();
        return Err(format!("`{}` is for {machine}", host.display()));
    }
    Ok(facts)
}

/// Search folders that an object passes on: its own `RPATH`, if that counts, before those of who loaded it.
type Inherited = Vec<Place>;

/// A folder on the host, and as the guest sees it.
#[derive(Debug, Clone)]
struct Place {
    host: PathBuf,
    guest: String,
}

/// An object whose needs are still to be looked up.
struct Pending {
    needed: Vec<String>,
    runpath: Vec<Place>,
    inherited: Inherited,
    has_runpath: bool,
    no_default_folders: bool,
    chain: Vec<String>,
}

struct Search<'a> {
    sysroot: &'a Sysroot,
    default_folders: Vec<String>,
    configured_folders: Vec<String>,
    is_musl: bool,
    /// By the name that was needed, and by soname.
    known: BTreeSet<String>,
    /// By host file: where it lies in the guest.
    placed: BTreeMap<PathBuf, RootPath>,
    libraries: Vec<Library>,
    aliases: Vec<Alias>,
    missing: Vec<Missing>,
}

impl<'a> Search<'a> {
    fn new(sysroot: &'a Sysroot, interpreter: &Interpreter, bytes: &[u8]) -> Self {
        let mut known = BTreeSet::new();
        let mut is_musl = false;
        if let Interpreter::Found(library) = interpreter {
            is_musl = library.name.contains("ld-musl");
            let name = library.name.rsplit('/').next().unwrap_or_default();
            known.insert(name.to_owned());
            known.extend(library.facts.soname.clone());
        }
        Self {
            sysroot,
            default_folders: default_folders(bytes),
            // musl has no such file; on a glibc host it would lead to the wrong libraries.
            configured_folders: if is_musl {
                Vec::new()
            } else {
                configured_folders(sysroot)
            },
            is_musl,
            known,
            placed: BTreeMap::new(),
            libraries: Vec::new(),
            aliases: Vec::new(),
            missing: Vec::new(),
        }
    }

    fn run(&mut self, program: &Program, guest: &RootPath, libc: Option<Libc>) -> Result<()> {
        let path = fs::canonical(&program.path)?;
        let mut first = self.pending(
            &program.facts,
            &path,
            guest,
            &[],
            vec![program.name.clone()],
        );
        if let Some(libc) = libc {
            first.needed.push(libc.library().to_owned());
        }
        self.load(first, program)?;
        // What is opened later may itself import what has more opened.
        let mut opened = BTreeSet::new();
        loop {
            let wanted = later::wanted(&program.name, &program.facts, &self.libraries);
            let Some(next) = wanted.into_iter().find(|it| opened.insert(it.name)) else {
                return Ok(());
            };
            self.open_later(&next, program)?;
        }
    }

    /// Adds a library that libc opens by name, as far as it is there: whether the program gets that far is not known.
    fn open_later(&mut self, later: &Later, program: &Program) -> Result<()> {
        if !self.known.insert(later.name.to_owned()) {
            return Ok(());
        }
        let mut chain = vec![
            program.name.clone(),
            later.by.clone(),
            "libc.so.6".to_owned(),
        ];
        chain.dedup();
        let opener = Pending {
            needed: Vec::new(),
            runpath: Vec::new(),
            inherited: Vec::new(),
            has_runpath: false,
            no_default_folders: false,
            chain,
        };
        let (n_libraries, n_missing) = (self.libraries.len(), self.missing.len());
        let next = self.look_up(later.name, &opener)?;
        self.missing.truncate(n_missing);
        if let Some(library) = self.libraries.get_mut(n_libraries) {
            library.opened_later = Some(later.reason.clone());
        }
        match next {
            Some(next) => self.load(next, program),
            None => Ok(()),
        }
    }

    /// Looks up all that an object needs, and what that needs.
    fn load(&mut self, first: Pending, program: &Program) -> Result<()> {
        let mut queue = VecDeque::from([first]);
        while let Some(object) = queue.pop_front() {
            for name in object.needed.clone() {
                if self.known.contains(&name) || (self.is_musl && is_musl_own(&name)) {
                    continue;
                }
                self.known.insert(name.clone());
                if let Some(next) = self.look_up(&name, &object)? {
                    queue.push_back(next);
                }
            }
            if self.libraries.len() > MAX_LIBRARIES {
                return Err(Error::input(format!(
                    "`{}` needs more than {MAX_LIBRARIES} libraries",
                    program.name
                )));
            }
        }
        Ok(())
    }

    /// Looks one name up; the library's own needs are what comes back.
    fn look_up(&mut self, name: &str, object: &Pending) -> Result<Option<Pending>> {
        let places = self.places(name, object);
        let file = name.rsplit('/').next().unwrap_or(name);
        let mut unfit = Vec::new();
        for place in &places {
            let host = self.sysroot.resolve_host(&place.host.join(file));
            let Some(host) = host.filter(|host| fs::is_file(host)) else {
                continue;
            };
            let guest = RootPath::parse(&format!("{}/{file}", place.guest))?;
            if let Some(target) = self.placed.get(&host) {
                let target = target.clone();
                if target != guest {
                    self.aliases.push(Alias { guest, target });
                }
                return Ok(None);
            }
            let bytes = tables::read(&host, MAX_LEN)?;
            let facts = match fitting(&host, &bytes) {
                Ok(facts) => facts,
                Err(reason) => {
                    unfit.push(reason);
                    continue;
                }
            };
            // The place it was found at, not where links lead: that is what `$ORIGIN` means to the dynamic linker.
            let found_at = place.host.join(file);
            let chain = [&object.chain[..], &[file.to_owned()]].concat();
            let next = self.pending(&facts, &found_at, &guest, &object.inherited, chain);
            self.known.extend(facts.soname.clone());
            self.placed.insert(host.clone(), guest.clone());
            self.libraries.push(Library {
                name: name.to_owned(),
                len: bytes.len() as u64,
                host,
                guest,
                facts,
                needed_by: object.chain.clone(),
                opened_later: None,
            });
            return Ok(Some(next));
        }
        self.missing.push(Missing {
            name: name.to_owned(),
            needed_by: object.chain.clone(),
            looked_in: places
                .iter()
                .map(|place| place.host.display().to_string())
                .collect(),
            unfit,
        });
        Ok(None)
    }

    /// The folders to look in, in order (ld.so(8), "searches for it in the following order").
    fn places(&self, name: &str, object: &Pending) -> Vec<Place> {
        let in_sysroot = |folder: &str, guest: &str| Place {
            host: self.sysroot.folder().join(folder.trim_start_matches('/')),
            guest: guest.to_owned(),
        };
        if let Some((folder, _)) = name.rsplit_once('/') {
            return vec![in_sysroot(folder, &normal(folder))];
        }
        let mut places = Vec::new();
        if !object.has_runpath {
            places.extend(object.inherited.iter().cloned());
        }
        places.extend(object.runpath.iter().cloned());
        let first = self.default_folders.first().map_or("/lib", String::as_str);
        for folder in &self.configured_folders {
            let is_default = self.default_folders.contains(folder);
            let guest = if is_default { folder } else { first };
            places.push(in_sysroot(folder, guest));
        }
        if !object.no_default_folders {
            let folders = self.default_folders.iter();
            places.extend(folders.map(|folder| in_sysroot(folder, folder)));
        }
        if self.is_musl {
            // Where Debian's musl packages keep their libraries; musl's own path does not name it.
            places.push(in_sysroot("/usr/lib/x86_64-linux-musl", first));
        }
        // The configuration names default folders too; the first time counts.
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(place.host.clone()));
        places
    }

    fn pending(
        &self,
        facts: &ElfFacts,
        host: &Path,
        guest: &RootPath,
        inherited: &[Place],
        chain: Vec<String>,
    ) -> Pending {
        let expand = |folders: &[String]| -> Vec<Place> {
            let places = folders.iter();
            places
                .filter_map(|folder| expanded(folder, host, guest, self.sysroot))
                .collect()
        };
        let has_runpath = !facts.runpath.is_empty();
        let own = if has_runpath { &[][..] } else { &facts.rpath };
        let mut all = expand(own);
        all.extend_from_slice(inherited);
        Pending {
            needed: facts.needed.clone(),
            runpath: expand(&facts.runpath),
            inherited: all,
            has_runpath,
            no_default_folders: facts.no_default_folders,
            chain,
        }
    }
}

fn is_musl_own(name: &str) -> bool {
    name.strip_prefix("lib")
        .and_then(|rest| rest.split('.').next())
        .is_some_and(|stem| MUSL_OWN.contains(&stem))
}

/// A folder of `RPATH` or `RUNPATH` with `$ORIGIN` replaced; `None` for one that is relative or has other tokens.
fn expanded(folder: &str, host: &Path, guest: &RootPath, sysroot: &Sysroot) -> Option<Place> {
    let tail = ["$ORIGIN", "${ORIGIN}"]
        .iter()
        .find_map(|token| folder.strip_prefix(token));
    match tail {
        Some(tail) => {
            let above = guest.parent().unwrap_or_else(RootPath::root);
            let host = format!("{}{tail}", host.parent()?.to_str()?);
            Some(Place {
                host: PathBuf::from(host),
                guest: normal(&format!("{above}{tail}")),
            })
        }
        None if folder.starts_with('/') && !folder.contains('$') => Some(Place {
            host: sysroot.folder().join(folder.trim_start_matches('/')),
            guest: normal(folder),
        }),
        None => None,
    }
}

#[cfg(test)]
mod tests;
