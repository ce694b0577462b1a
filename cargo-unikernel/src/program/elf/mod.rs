//! The few facts about an ELF file that the tool uses, read from its program headers and dynamic table.
//!
//! Sections are never looked at: they may be stripped, and the loader doesn't either. The reader is bounded by the file's
//! length and takes any bytes (System V gABI, chapters 4 and 5; x86-64 psABI).

mod code;
mod dynamic;
mod memory;
mod read;
pub mod tables;

pub use code::executable;

use std::collections::BTreeSet;

use object::elf;

use crate::error::{Error, Result};

/// What an ELF file is meant for (`e_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElfType {
    /// An object file, not linked (`ET_REL`).
    Relocatable,
    /// An executable at fixed addresses (`ET_EXEC`).
    Fixed,
    /// A shared object or a position-independent executable (`ET_DYN`).
    Dynamic,
    /// Anything else (`ET_CORE` and others).
    Other(u16),
}

/// Thread-local storage that every thread has a copy of (`PT_TLS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls {
    /// Bytes in each thread.
    pub len: u64,
    /// Alignment in bytes.
    pub align: u64,
}

/// A symbol of the dynamic symbol table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Its name, without version.
    pub name: String,
    /// Whether it is weak.
    pub weak: bool,
    /// Whether it is a function (`STT_FUNC`, `STT_GNU_IFUNC`).
    pub function: bool,
    /// What the file wants of it when it is another object's; `Unused` for those that it defines.
    pub bound: Bound,
}

/// What a file wants of a symbol, as its relocations show; the strongest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Bound {
    /// Nothing: no relocation names it.
    #[default]
    Unused,
    /// To call it: the look-up may wait until then (`R_X86_64_JUMP_SLOT`).
    Call,
    /// Its address, at start (`R_X86_64_GLOB_DAT`, `R_X86_64_64`).
    Address,
    /// What it holds or where its thread-local storage lies, at start (`R_X86_64_COPY`, `_DTPMOD64`, `_TPOFF64`, ...).
    Content,
}

/// A version that another object must define: (`libc.so.6`, `GLIBC_2.34`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededVersion {
    /// The object's name.
    pub file: String,
    /// The version.
    pub version: String,
}

/// What is known about an ELF file. For a 32-bit or big-endian one only class, byte order, type and machine are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfFacts {
    /// Whether it is 64-bit.
    pub is_64: bool,
    /// Whether it is little-endian.
    pub is_little_endian: bool,
    /// What it is meant for.
    pub elf_type: ElfType,
    /// The machine (`EM_*`).
    pub machine: u16,
    /// The entry point, as a link address; 0 for none.
    pub entry: u64,
    /// The program interpreter (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// Whether it has a dynamic table.
    pub is_dynamic: bool,
    /// Whether it calls itself a position-independent executable (`DF_1_PIE`).
    pub is_pie: bool,
    /// Whether the default folders are not to be searched (`DF_1_NODEFLIB`).
    pub no_default_folders: bool,
    /// The libraries it names (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// Search folders for itself and what it loads (`DT_RPATH`).
    pub rpath: Vec<String>,
    /// Search folders for itself (`DT_RUNPATH`); `rpath` then does not count.
    pub runpath: Vec<String>,
    /// Its own name (`DT_SONAME`).
    pub soname: Option<String>,
    /// Whether its code is changed when it is relocated (`DT_TEXTREL`, `DF_TEXTREL`).
    pub text_relocations: bool,
    /// Whether a segment is mapped writable and executable at once.
    pub writable_code: bool,
    /// Whether what is written at start becomes read-only then (`PT_GNU_RELRO`).
    pub relro: bool,
    /// Whether all look-ups are done at start (`DT_BIND_NOW`, `DF_BIND_NOW`, `DF_1_NOW`).
    pub bind_now: bool,
    /// The types of its dynamic relocations (`R_X86_64_*`).
    pub relocations: BTreeSet<u32>,
    /// Whether its stack is asked to be executable, or it does not say (`PT_GNU_STACK`).
    pub executable_stack: bool,
    /// Its thread-local storage.
    pub tls: Option<Tls>,
    /// Whether code runs before `main` (`DT_INIT`, `DT_INIT_ARRAY`).
    pub has_init: bool,
    /// The dynamic symbols it defines, sorted.
    pub exports: Vec<Symbol>,
    /// The dynamic symbols it lacks, sorted.
    pub imports: Vec<Symbol>,
    /// The versions it needs, sorted.
    pub needed_versions: Vec<NeededVersion>,
    /// The versions it defines, sorted.
    pub defined_versions: Vec<String>,
    /// The last byte address that its segments take in memory, plus one.
    pub memory_end: u64,
}

impl ElfFacts {
    /// Reads the facts.
    ///
    /// # Errors
    /// When the bytes are no ELF, or what is needed of it does not lie within them. The file's name is the caller's to add.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let start = bytes
            .first_chunk::<20>()
            .filter(|start| start.starts_with(&elf::ELFMAG))
            .ok_or_else(|| Error::input(not_elf(bytes)))?;
        let (class, order) = (elf::FileClass(start[4]), elf::DataEncoding(start[5]));
        let short = |at: usize| {
            let pair = [start[at], start[at + 1]];
            match order {
                elf::ELFDATA2LSB => u16::from_le_bytes(pair),
                _ => u16::from_be_bytes(pair),
            }
        };
        let mut facts = Self::unknown(class, order, short(16), short(18));
        if facts.is_64 && facts.is_little_endian {
            facts
                .read(bytes)
                .map_err(|cause| Error::input(format!("broken ELF file: {cause}")))?;
        }
        Ok(facts)
    }

    fn unknown(
        class: elf::FileClass,
        order: elf::DataEncoding,
        elf_type: u16,
        machine: u16,
    ) -> Self {
        Self {
            is_64: class == elf::ELFCLASS64,
            is_little_endian: order == elf::ELFDATA2LSB,
            elf_type: match elf_type {
                1 => ElfType::Relocatable,
                2 => ElfType::Fixed,
                3 => ElfType::Dynamic,
                other => ElfType::Other(other),
            },
            machine,
            entry: 0,
            interpreter: None,
            is_dynamic: false,
            is_pie: false,
            no_default_folders: false,
            needed: Vec::new(),
            rpath: Vec::new(),
            runpath: Vec::new(),
            soname: None,
            text_relocations: false,
            writable_code: false,
            relro: false,
            bind_now: false,
            relocations: BTreeSet::new(),
            executable_stack: true,
            tls: None,
            has_init: false,
            exports: Vec::new(),
            imports: Vec::new(),
            needed_versions: Vec::new(),
            defined_versions: Vec::new(),
            memory_end: 0,
        }
    }

    /// Whether it defines this dynamic symbol.
    #[must_use]
    pub fn exports(&self, name: &str) -> bool {
        self.exports
            .binary_search_by(|symbol| symbol.name.as_str().cmp(name))
            .is_ok()
    }

    /// Whether it is for 64-bit x86, little-endian.
    #[must_use]
    pub fn is_x86_64(&self) -> bool {
        self.is_64 && self.is_little_endian && self.machine == elf::EM_X86_64.0
    }

    /// Class and machine as words: `32-bit aarch64`.
    #[must_use]
    pub fn machine_text(&self) -> String {
        let machine = match elf::Machine(self.machine) {
            elf::EM_X86_64 if self.is_64 => "x86-64".to_owned(),
            elf::EM_X86_64 => "x86-64 (x32)".to_owned(),
            elf::EM_386 => "x86".to_owned(),
            elf::EM_AARCH64 => "aarch64".to_owned(),
            elf::EM_ARM => "arm".to_owned(),
            elf::EM_RISCV => "riscv".to_owned(),
            elf::Machine(other) => format!("machine {other}"),
        };
        let class = if self.is_64 { "64-bit" } else { "32-bit" };
        let order = if self.is_little_endian {
            ""
        } else {
            " big-endian"
        };
        format!("{class}{order} {machine}")
    }
}

/// What the bytes look like, when they are no ELF.
fn not_elf(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => "not an ELF file: it is empty",
        [b'#', b'!', ..] => {
            "not an ELF file but a script: a unikernel runs one program, without a shell"
        }
        [b'M', b'Z', ..] => "not an ELF file but a Windows program",
        [b'!', b'<', b'a', b'r', b'c', b'h', ..] => {
            "not an ELF file but an archive of object files"
        }
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => "not an ELF file but a macOS program",
        [0x7f, b'E', b'L', b'F', ..] => "not a whole ELF file: it ends within its first header",
        _ => "not an ELF file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Vec<u8> {
        crate::fs::read(&std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn rust_program_is_a_pie_that_needs_libc() {
        let facts = ElfFacts::parse(&own()).unwrap();
        assert_eq!(facts.elf_type, ElfType::Dynamic);
        assert!(facts.is_x86_64() && facts.is_pie && facts.has_init);
        assert!(facts.needed.iter().any(|name| name == "libc.so.6"));
        assert!(facts.interpreter.as_ref().unwrap().contains("ld-linux"));
        assert!(
            facts
                .imports
                .iter()
                .any(|symbol| symbol.name == "__libc_start_main")
        );
        assert!(
            facts
                .needed_versions
                .iter()
                .any(|needed| needed.file == "libc.so.6" && needed.version.starts_with("GLIBC_"))
        );
        assert_eq!(facts.machine_text(), "64-bit x86-64");
    }

    #[test]
    fn what_is_no_elf_is_named() {
        let check = |bytes: &[u8], expected: &str| {
            let error = ElfFacts::parse(bytes).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(b"", "empty");
        check(b"#!/bin/sh\necho", "script");
        check(b"\x7fELF\x02\x01", "ends within");
        check(b"hello, this is no program", "not an ELF file");
    }

    #[test]
    fn every_truncation_of_the_headers_is_an_error_or_facts() {
        let bytes = own();
        for len in (0..4096).chain([bytes.len() / 2, bytes.len() - 1]) {
            let _ = ElfFacts::parse(&bytes[..len]);
        }
        assert!(ElfFacts::parse(&bytes[..4096]).is_err());
    }

    #[test]
    fn flipped_bytes_never_panic() {
        let bytes = own();
        let mut copy = bytes.clone();
        for at in 0..2048.min(bytes.len()) {
            for value in [0, 0x7f, 0xff] {
                copy[at] = value;
                let _ = ElfFacts::parse(&copy);
            }
            copy[at] = bytes[at];
        }
    }
}
