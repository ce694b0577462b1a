//! The few facts about an ELF file that the tool uses, read from its program headers and dynamic table.
//!
//! Sections are never looked at: they may be stripped, and the loader doesn't either. The reader is bounded by the file's
//! length and takes any bytes (System V gABI, chapters 4 and 5; x86-64 psABI).

use object::endian::LittleEndian as LE;
use object::read::elf::{Dyn, FileHeader, GnuHashTable, HashTable, ProgramHeader, Sym};
use object::{StringTable, elf, pod};

use crate::error::{Error, Result};

type Header = elf::FileHeader64<LE>;

/// Most entries that one table of a file may have here; the largest real ones have some hundred thousand.
const MAX_SYMBOLS: u32 = 1 << 22;

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
            executable_stack: true,
            tls: None,
            has_init: false,
            exports: Vec::new(),
            imports: Vec::new(),
            needed_versions: Vec::new(),
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

    fn read(&mut self, bytes: &[u8]) -> std::result::Result<(), String> {
        let header = Header::parse(bytes).map_err(|error| error.to_string())?;
        self.entry = header.e_entry(LE);
        let segments = header
            .program_headers(LE, bytes)
            .map_err(|error| error.to_string())?;
        if header.e_phnum(LE) == elf::PN_XNUM {
            return Err("more than 65,534 program headers".to_owned());
        }
        let memory = Memory(bytes, segments);
        for segment in segments {
            self.read_segment(segment, &memory)?;
        }
        Ok(())
    }

    fn read_segment(
        &mut self,
        segment: &elf::ProgramHeader64<LE>,
        memory: &Memory<'_>,
    ) -> std::result::Result<(), String> {
        let bytes = memory.0;
        match segment.p_type(LE) {
            elf::PT_LOAD => {
                let within = segment
                    .p_offset(LE)
                    .checked_add(segment.p_filesz(LE))
                    .is_some_and(|end| end <= bytes.len() as u64);
                if !within {
                    return Err("a segment reaches beyond the end of the file".to_owned());
                }
                let end = segment
                    .p_vaddr(LE)
                    .checked_add(segment.p_memsz(LE))
                    .ok_or("a segment reaches beyond the address space")?;
                if segment.p_filesz(LE) > segment.p_memsz(LE) {
                    return Err("a segment is longer in the file than in memory".to_owned());
                }
                self.memory_end = self.memory_end.max(end);
            }
            elf::PT_INTERP => {
                let path = segment
                    .interpreter(LE, bytes)
                    .map_err(|error| error.to_string())?;
                self.interpreter = path.map(text);
            }
            elf::PT_DYNAMIC => {
                let dynamic = segment
                    .dynamic(LE, bytes)
                    .map_err(|error| error.to_string())?;
                self.read_dynamic(dynamic.unwrap_or_default(), memory)?;
            }
            elf::PT_TLS => {
                self.tls = Some(Tls {
                    len: segment.p_memsz(LE),
                    align: segment.p_align(LE),
                });
            }
            elf::PT_GNU_STACK => {
                self.executable_stack = segment.p_flags(LE).0 & elf::PF_X.0 != 0;
            }
            _ => {}
        }
        Ok(())
    }

    fn read_dynamic(
        &mut self,
        entries: &[elf::Dyn64<LE>],
        memory: &Memory<'_>,
    ) -> std::result::Result<(), String> {
        self.is_dynamic = true;
        let entries: Vec<(elf::DynamicTag, u64)> = entries
            .iter()
            .map(|entry| (entry.tag(LE), entry.val(LE)))
            .take_while(|(tag, _)| *tag != elf::DT_NULL)
            .collect();
        let value = |wanted| {
            let found = entries.iter().find(|(tag, _)| *tag == wanted);
            found.map(|(_, value)| *value)
        };
        let strings = match (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) {
            (Some(address), Some(len)) => memory
                .at(address)
                .and_then(|bytes| bytes.get(..usize::try_from(len).ok()?))
                .ok_or("the dynamic string table lies outside of the file")?,
            _ => &[],
        };
        let strings = StringTable::new(strings, 0, strings.len() as u64);
        let string = |offset: u64| {
            let offset = u32::try_from(offset).map_err(|_| "a name lies outside of its table")?;
            let name = strings
                .get(offset)
                .map_err(|()| "a name lies outside of its table");
            name.map(text)
        };
        for (tag, value) in &entries {
            match *tag {
                elf::DT_NEEDED => self.needed.push(string(*value)?),
                elf::DT_RPATH => self.rpath = folders(&string(*value)?),
                elf::DT_RUNPATH => self.runpath = folders(&string(*value)?),
                elf::DT_SONAME => self.soname = Some(string(*value)?),
                elf::DT_TEXTREL => self.text_relocations = true,
                elf::DT_FLAGS => self.text_relocations |= value & elf::DF_TEXTREL.0 != 0,
                elf::DT_FLAGS_1 => {
                    self.is_pie = value & elf::DF_1_PIE.0 != 0;
                    self.no_default_folders = value & elf::DF_1_NODEFLIB.0 != 0;
                }
                elf::DT_INIT | elf::DT_INIT_ARRAY => self.has_init = true,
                _ => {}
            }
        }
        let n_symbols = n_symbols(&value, memory)?;
        if let Some(address) = value(elf::DT_SYMTAB) {
            self.read_symbols(address, n_symbols, memory, &strings)?;
        }
        if let Some(address) = value(elf::DT_VERNEED) {
            self.read_versions(address, memory, &strings)?;
        }
        Ok(())
    }

    fn read_symbols(
        &mut self,
        address: u64,
        n_symbols: u32,
        memory: &Memory<'_>,
        strings: &StringTable<'_>,
    ) -> std::result::Result<(), String> {
        let outside = "the dynamic symbol table lies outside of the file";
        let bytes = memory.at(address).ok_or(outside)?;
        let (symbols, _) = pod::slice_from_bytes::<elf::Sym64<LE>>(bytes, n_symbols as usize)
            .map_err(|()| outside)?;
        for symbol in symbols.iter().skip(1) {
            if symbol.st_bind() == elf::STB_LOCAL {
                continue;
            }
            let name = symbol
                .name(LE, *strings)
                .map_err(|error| error.to_string())?;
            let kind = symbol.st_type();
            let entry = Symbol {
                name: text(name),
                weak: symbol.st_bind() == elf::STB_WEAK,
                function: kind == elf::STT_FUNC || kind == elf::STT_GNU_IFUNC,
            };
            if symbol.st_shndx(LE) == elf::SHN_UNDEF {
                self.imports.push(entry);
            } else {
                self.exports.push(entry);
            }
        }
        self.imports.sort();
        self.exports.sort();
        Ok(())
    }

    fn read_versions(
        &mut self,
        address: u64,
        memory: &Memory<'_>,
        strings: &StringTable<'_>,
    ) -> std::result::Result<(), String> {
        let bytes = memory
            .at(address)
            .ok_or("the version table lies outside of the file")?;
        let broken = "a version lies outside of its table";
        let mut file_at = 0;
        // Each step goes forward, so the file's length bounds the loops.
        loop {
            let (file, _) = entry_at::<elf::Verneed<LE>>(bytes, file_at).ok_or(broken)?;
            let name = file.file(LE, *strings).map_err(|error| error.to_string())?;
            let mut version_at = file_at + u64::from(file.vn_aux.get(LE));
            for _ in 0..file.vn_cnt.get(LE) {
                let (version, _) = entry_at::<elf::Vernaux<LE>>(bytes, version_at).ok_or(broken)?;
                let version_name = version
                    .name(LE, *strings)
                    .map_err(|error| error.to_string())?;
                self.needed_versions.push(NeededVersion {
                    file: text(name),
                    version: text(version_name),
                });
                version_at += u64::from(version.vna_next.get(LE));
                if version.vna_next.get(LE) == 0 {
                    break;
                }
            }
            if file.vn_next.get(LE) == 0 {
                break;
            }
            file_at += u64::from(file.vn_next.get(LE));
        }
        self.needed_versions.sort();
        Ok(())
    }
}

/// A file and its segments, for finding bytes by link address.
struct Memory<'a>(&'a [u8], &'a [elf::ProgramHeader64<LE>]);

impl<'a> Memory<'a> {
    /// The bytes from `address` to the end of its segment's part of the file.
    fn at(&self, address: u64) -> Option<&'a [u8]> {
        let loaded = self.1.iter().filter(|s| s.p_type(LE) == elf::PT_LOAD);
        loaded
            .filter_map(|segment| {
                let offset = address.checked_sub(segment.p_vaddr(LE))?;
                let bytes = segment.data(LE, self.0).ok()?;
                bytes.get(usize::try_from(offset).ok()?..)
            })
            .next()
    }
}

/// How many dynamic symbols there are, as the hash tables tell (no other entry does).
fn n_symbols(
    value: &impl Fn(elf::DynamicTag) -> Option<u64>,
    memory: &Memory<'_>,
) -> std::result::Result<u32, String> {
    let outside = "the symbol hash table lies outside of the file";
    let number = if let Some(address) = value(elf::DT_HASH) {
        let bytes = memory.at(address).ok_or(outside)?;
        let table = HashTable::<Header>::parse(LE, bytes).map_err(|error| error.to_string())?;
        table.symbol_table_length()
    } else if let Some(address) = value(elf::DT_GNU_HASH) {
        let bytes = memory.at(address).ok_or(outside)?;
        let table = GnuHashTable::<Header>::parse(LE, bytes).map_err(|error| error.to_string())?;
        // A table without a hashed symbol tells only where hashed ones would begin.
        table
            .symbol_table_length(LE)
            .unwrap_or_else(|| table.symbol_base())
    } else {
        0
    };
    if number > MAX_SYMBOLS {
        return Err(format!("{number} dynamic symbols are too many"));
    }
    Ok(number)
}

fn entry_at<T: pod::Pod>(bytes: &[u8], at: u64) -> Option<(&T, &[u8])> {
    pod::from_bytes(bytes.get(usize::try_from(at).ok()?..)?).ok()
}

fn folders(list: &str) -> Vec<String> {
    list.split(':')
        .filter(|folder| !folder.is_empty())
        .map(str::to_owned)
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
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
