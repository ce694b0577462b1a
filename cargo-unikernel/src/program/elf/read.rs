//! Reading the facts of a 64-bit little-endian file.

use object::endian::LittleEndian as LE;
use object::read::elf::{Dyn, FileHeader, GnuHashTable, HashTable, ProgramHeader, Sym};
use object::{StringTable, elf, pod};

use super::{ElfFacts, NeededVersion, Symbol, Tls};

type Header = elf::FileHeader64<LE>;

/// Why a file can't be read.
type Result<T> = std::result::Result<T, String>;

/// Most entries that one table of a file may have here; the largest real ones have some hundred thousand.
const MAX_SYMBOLS: u32 = 1 << 22;

impl ElfFacts {
    /// Fills in all facts.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<()> {
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
    ) -> Result<()> {
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

    fn read_dynamic(&mut self, entries: &[elf::Dyn64<LE>], memory: &Memory<'_>) -> Result<()> {
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
    ) -> Result<()> {
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
    ) -> Result<()> {
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
fn n_symbols(value: &impl Fn(elf::DynamicTag) -> Option<u64>, memory: &Memory<'_>) -> Result<u32> {
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
