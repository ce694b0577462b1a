//! What a kernel supports: system calls and symbols with a level each, from its own file or from reviewed data.
//!
//! A kernel that comes with its table (the builtin one) states it in its file ([`Support::parse`]); for the others it is data in
//! `support/KERNEL.toml` ([`Support::of_kernel`]). Rules of the lint see no difference.

mod calls;
mod data;
mod defect;
mod level;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

pub use calls::{name_of, number_of, relocation_name};
pub use data::KERNELS;
pub use defect::{Defect, Healer, MachineSupport};
pub use level::Level;

use crate::error::{Error, Result};
use crate::program::Shape;

/// What a program asks the kernel by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Abi {
    /// Linux's system calls; the C library comes with the program.
    #[default]
    LinuxSyscall,
    /// The symbols of the C library, which the kernel itself is.
    LibcSymbols,
}

impl Abi {
    /// The word in the data.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LinuxSyscall => "linux-syscall",
            Self::LibcSymbols => "libc-symbols",
        }
    }
}

/// What the kernel does with an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfSupport {
    /// The shapes of programs that it starts.
    pub shapes: Vec<Shape>,
    /// Libraries that it is itself, by soname: those in the closure are not used.
    pub libraries: Vec<String>,
    /// Bytes of thread-local storage that an executable may have; `None`: any number.
    pub executable_tls: Option<u64>,
    /// The relocation types that it knows (`R_X86_64_*`); `None`: a dynamic linker in the image does them.
    pub relocations: Option<Vec<u32>>,
    /// Whether it lets relocations change code.
    pub text_relocations: bool,
}

impl Default for ElfSupport {
    /// The builtin kernel's.
    fn default() -> Self {
        Self {
            shapes: vec![Shape::StaticPie, Shape::Pie, Shape::Shared, Shape::Fixed],
            libraries: Vec::new(),
            executable_tls: None,
            relocations: None,
            text_relocations: false,
        }
    }
}

/// How a kernel supports one system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number (x86-64).
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How far it is supported.
    pub level: Level,
    /// What is missing, or what it answers; empty for `full`.
    pub note: String,
    /// Why programs are known to carry on without it; `None` where that is not known.
    pub tolerated: Option<String>,
}

/// How a kernel supports one symbol of the C library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// How far it is supported.
    pub level: Level,
    /// What is missing, or what it answers; empty for `full`.
    pub note: String,
    /// Why programs are known to carry on without it; `None` where that is not known.
    pub tolerated: Option<String>,
}

/// What a kernel supports. A call or symbol that is not in it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Support {
    /// The kernel's name; empty for a kernel file, which speaks for itself.
    pub kernel: String,
    /// The kernel's version that it was read from; empty for a kernel file, which speaks for itself.
    pub version: String,
    /// What a program asks the kernel by.
    pub abi: Abi,
    /// What it does with an ELF file.
    pub elf: ElfSupport,
    /// Which machines it runs on.
    pub machine: MachineSupport,
    /// What is known to be wrong with it.
    pub defects: Vec<Defect>,
    calls: BTreeMap<u32, Call>,
    symbols: BTreeMap<String, Symbol>,
}

impl Support {
    /// Reads the statement in a kernel file ([`unikernel_abi::support`]). What it refuses by design is missing.
    ///
    /// # Errors
    /// The line that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let broken = |line| Error::input(format!("broken support statement: line {line}"));
        let entries = unikernel_abi::support::parse(text).map_err(broken)?;
        let calls = entries.map(|entry| Call {
            number: entry.number,
            name: entry.name.to_owned(),
            level: entry.level.into(),
            note: entry.note.to_owned(),
            tolerated: None,
        });
        Ok(Self {
            calls: calls.map(|call| (call.number, call)).collect(),
            ..Self::default()
        })
    }

    /// The data that comes with the tool for this kernel, parsed once; `None` when there is none.
    ///
    /// # Errors
    /// When the data can't be read, which a test of the tool rules out.
    #[must_use]
    pub fn of_kernel(name: &str) -> Option<Result<Arc<Self>>> {
        static PARSED: [OnceLock<Arc<Support>>; KERNELS.len()] =
            [const { OnceLock::new() }; KERNELS.len()];
        let mut kernels = KERNELS.iter().zip(&PARSED);
        let ((_, text), parsed) = kernels.find(|((known, _), _)| *known == name)?;
        if let Some(support) = parsed.get() {
            return Some(Ok(Arc::clone(support)));
        }
        let support = data::parse(name, text).map(Arc::new);
        Some(support.map(|support| Arc::clone(parsed.get_or_init(|| support))))
    }

    /// The call with this number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<&Call> {
        self.calls.get(&number)
    }

    /// The call with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Call> {
        self.calls.values().find(|call| call.name == name)
    }

    /// All calls, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// The symbol with this name.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.get(name)
    }

    /// All symbols, by name.
    pub fn symbols(&self) -> impl Iterator<Item = (&str, &Symbol)> {
        let symbols = self.symbols.iter();
        symbols.map(|(name, symbol)| (name.as_str(), symbol))
    }

    /// Whether the kernel is this library itself, so that the one in the closure is not used.
    #[must_use]
    pub fn is_library(&self, name: &str) -> bool {
        let file = name.rsplit('/').next().unwrap_or(name);
        self.elf.libraries.iter().any(|own| own == file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looked_up_by_number_and_name() {
        let text = "unikernel-support 1 x86_64-linux\n0 read full\n57 fork refused\n92 chown stub there is one user\n";
        let support = Support::parse(text).unwrap();
        assert_eq!(support.by_number(57).unwrap().level, Level::Missing);
        assert_eq!(support.by_name("chown").unwrap().note, "there is one user");
        assert_eq!(support.by_name("clone"), None);
        assert_eq!(support.iter().count(), 3);
        assert_eq!(support.abi, Abi::LinuxSyscall);
        let error = Support::parse("nonsense").unwrap_err();
        assert_eq!(error.to_string(), "broken support statement: line 1");
    }

    #[test]
    fn a_kernel_without_data_has_none() {
        assert_eq!(
            Support::of_kernel("builtin").map(|found| found.is_ok()),
            None
        );
        assert_eq!(
            Support::of_kernel("osv").map(|found| found.is_ok()),
            Some(true)
        );
    }
}
