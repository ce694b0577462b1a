//! What the rules look at: the files of the closure that count on this kernel, and what they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::numbers::{self, Numbers};
use super::wrappers;
use crate::closure::{Closure, Interpreter};
use crate::program::elf::{ElfFacts, Symbol};
use crate::support::{Level, Support};

/// Files of the C library by soname up to the version: what they import and call is the C library's own affair.
const C_LIBRARY: [&str; 14] = [
    "ld-linux-x86-64",
    "ld-musl-x86_64",
    "libBrokenLocale",
    "libanl",
    "libc",
    "libc_malloc_debug",
    "libdl",
    "libm",
    "libmvec",
    "libpthread",
    "libresolv",
    "librt",
    "libthread_db",
    "libutil",
];

/// The program, with all that the rules ask about it.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The program and its libraries.
    pub closure: &'a Closure,
    /// What the kernel supports.
    pub support: &'a Support,
    /// The kernel's name.
    pub kernel: &'a str,
    /// System calls that the program's own code makes.
    pub numbers: Numbers,
    defined: BTreeSet<&'a str>,
}

/// The program, or a library that it needs.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    /// What it is called (`libc.so.6`).
    pub name: &'a str,
    /// Where it lies on the host.
    pub path: &'a Path,
    /// What is known about it.
    pub facts: &'a ElfFacts,
    /// Who needs it, from the program on.
    pub needed_by: &'a [String],
    /// Whether it is the program.
    pub is_program: bool,
}

impl<'a> Subject<'a> {
    /// Reads what the rules ask for.
    #[must_use]
    pub fn new(closure: &'a Closure, support: &'a Support, kernel: &'a str) -> Self {
        let mut subject = Self {
            closure,
            support,
            kernel,
            numbers: numbers::find(&closure.program.stripped),
            defined: BTreeSet::new(),
        };
        let mut defined = BTreeSet::new();
        for module in subject.modules() {
            defined.extend(module.facts.exports.iter().map(|s| s.name.as_str()));
        }
        if let Interpreter::Found(linker) = &closure.interpreter
            && !support.is_library(&linker.name)
        {
            defined.extend(linker.facts.exports.iter().map(|s| s.name.as_str()));
        }
        subject.defined = defined;
        subject
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> Module<'a> {
        let program = &self.closure.program;
        Module {
            name: &program.name,
            path: &program.path,
            facts: &program.facts,
            needed_by: &[],
            is_program: true,
        }
    }

    /// The program and the libraries that are used on this kernel: not those that the kernel is itself.
    pub fn modules(&self) -> impl Iterator<Item = Module<'a>> {
        let libraries = self.closure.libraries.iter().map(|library| Module {
            name: &library.name,
            path: &library.host,
            facts: &library.facts,
            needed_by: &library.needed_by,
            is_program: false,
        });
        let support = self.support;
        let used = libraries.filter(move |module| {
            let soname = module.facts.soname.as_deref().unwrap_or(module.name);
            !support.is_library(module.name) && !support.is_library(soname)
        });
        std::iter::once(self.program()).chain(used)
    }

    /// What they import, but for the C library's own files.
    pub fn imports(&self) -> impl Iterator<Item = (Module<'a>, &'a Symbol)> {
        let judged = self.modules().filter(|module| !module.is_c_library());
        judged.flat_map(|module| {
            let imports = module.facts.imports.iter();
            imports.map(move |symbol| (module, symbol))
        })
    }

    /// Whether a file of the closure that is used on this kernel defines this symbol.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        self.defined.contains(name)
    }

    /// Whether an imported symbol is weak and nobody has it: a program asks for it before it uses it.
    #[must_use]
    pub fn stays_null(&self, import: &Symbol) -> bool {
        let known = self.support.symbol(&import.name);
        let given = known.is_some_and(|known| known.level != Level::Missing);
        import.weak && !given && !self.defines(&import.name)
    }

    /// Whether the C library's code is the program's own, so that a number in it says little about the program.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.closure.interpreter == Interpreter::None
    }

    /// The system calls that the closure names, by number: those of imported functions, and those that the program's own code
    /// makes.
    #[must_use]
    pub fn system_calls(&self) -> BTreeMap<u32, &'static str> {
        let imported = self
            .imports()
            .flat_map(|(_, symbol)| wrappers::calls_of(&symbol.name))
            .map(|name| (crate::support::number_of(name), name));
        let evident = self
            .numbers
            .sites
            .keys()
            .map(|number| (Some(*number), crate::support::name_of(*number)));
        let evident = evident.filter_map(|(number, name)| Some((number, name?)));
        imported
            .chain(evident)
            .filter_map(|(number, name)| Some((number?, name)))
            .collect()
    }
}

impl Module<'_> {
    /// Whether it belongs to the C library.
    #[must_use]
    pub fn is_c_library(&self) -> bool {
        let soname = self.facts.soname.as_deref().unwrap_or(self.name);
        let stem = soname.split(".so").next().unwrap_or(soname);
        // musl's is `libc.so`, or `libc.musl-x86_64.so.1` on some distributions.
        let stem = stem.split(".musl-").next().unwrap_or(stem);
        !self.is_program && C_LIBRARY.contains(&stem)
    }
}
