//! The dynamic table: libraries, symbols, relocations, versions.

use object::endian::LittleEndian as LE;
use object::read::elf::{Dyn, Sym};
use object::{StringTable, elf, pod};

use super::memory::{Memory, entry_at, n_symbols};
use super::read::{Result, folders, text};
use super::{Bound, ElfFacts, NeededVersion, Symbol};

impl ElfFacts {
    pub(super) fn read_dynamic(
        &mut self,
        entries: &[elf::Dyn64<LE>],
        memory: &Memory<'_>,
    ) -> Result<()> {
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
                elf::DT_FLAGS => {
                    self.text_relocations |= value & elf::DF_TEXTREL.0 != 0;
                    self.bind_now |= value & elf::DF_BIND_NOW.0 != 0;
                }
                elf::DT_BIND_NOW => self.bind_now = true,
                elf::DT_FLAGS_1 => {
                    self.bind_now |= value & elf::DF_1_NOW.0 != 0;
                    self.is_pie = value & elf::DF_1_PIE.0 != 0;
                    self.no_default_folders = value & elf::DF_1_NODEFLIB.0 != 0;
                }
                elf::DT_INIT | elf::DT_INIT_ARRAY => self.has_init = true,
                _ => {}
            }
        }
        let n_symbols = n_symbols(&value, memory)?;
        let bounds = self.read_relocations(&value, n_symbols, memory)?;
        if let Some(address) = value(elf::DT_SYMTAB) {
            self.read_symbols(address, &bounds, memory, &strings)?;
        }
        if let Some(address) = value(elf::DT_VERNEED) {
            self.read_versions(address, memory, &strings)?;
        }
        if let Some(address) = value(elf::DT_VERDEF) {
            self.read_defined_versions(address, memory, &strings)?;
        }
        Ok(())
    }

    fn read_symbols(
        &mut self,
        address: u64,
        bounds: &[Bound],
        memory: &Memory<'_>,
        strings: &StringTable<'_>,
    ) -> Result<()> {
        let outside = "the dynamic symbol table lies outside of the file";
        let bytes = memory.at(address).ok_or(outside)?;
        let (symbols, _) =
            pod::slice_from_bytes::<elf::Sym64<LE>>(bytes, bounds.len()).map_err(|()| outside)?;
        for (symbol, bound) in symbols.iter().zip(bounds).skip(1) {
            if symbol.st_bind() == elf::STB_LOCAL {
                continue;
            }
            let name = symbol
                .name(LE, *strings)
                .map_err(|error| error.to_string())?;
            let kind = symbol.st_type();
            let is_import = symbol.st_shndx(LE) == elf::SHN_UNDEF;
            let entry = Symbol {
                name: text(name),
                weak: symbol.st_bind() == elf::STB_WEAK,
                function: kind == elf::STT_FUNC || kind == elf::STT_GNU_IFUNC,
                bound: if is_import { *bound } else { Bound::Unused },
            };
            if is_import {
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
                // A weak one may be missing (`VER_FLG_WEAK`).
                if version.vna_flags.get(LE).0 & elf::VER_FLG_WEAK.0 == 0 {
                    self.needed_versions.push(NeededVersion {
                        file: text(name),
                        version: text(version_name),
                    });
                }
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
    /// Relocation types, and by symbol number what the file wants of it. Relative ones packed as `DT_RELR` name no symbol.
    fn read_relocations(
        &mut self,
        value: &impl Fn(elf::DynamicTag) -> Option<u64>,
        n_symbols: u32,
        memory: &Memory<'_>,
    ) -> Result<Vec<Bound>> {
        let mut bounds = vec![Bound::Unused; n_symbols as usize];
        let tables = [
            (elf::DT_RELA, elf::DT_RELASZ),
            (elf::DT_JMPREL, elf::DT_PLTRELSZ),
        ];
        for (address, len) in tables {
            let (Some(address), Some(len)) = (value(address), value(len)) else {
                continue;
            };
            let outside = "the relocations lie outside of the file";
            let bytes = memory.at(address).ok_or(outside)?;
            let n_entries = usize::try_from(len).map_err(|_| outside)? / RELA_LEN;
            let (entries, _) =
                pod::slice_from_bytes::<elf::Rela64<LE>>(bytes, n_entries).map_err(|()| outside)?;
            for entry in entries {
                let kind = entry.r_type(LE, false);
                self.relocations.insert(kind.0);
                if let Some(bound) = bounds.get_mut(entry.r_sym(LE, false) as usize) {
                    *bound = (*bound).max(bound_of(kind));
                }
            }
        }
        Ok(bounds)
    }

    fn read_defined_versions(
        &mut self,
        address: u64,
        memory: &Memory<'_>,
        strings: &StringTable<'_>,
    ) -> Result<()> {
        let broken = "a version lies outside of its table";
        let bytes = memory.at(address).ok_or(broken)?;
        let mut at = 0;
        // Each step goes forward, so the file's length bounds the loop.
        loop {
            let (version, _) = entry_at::<elf::Verdef<LE>>(bytes, at).ok_or(broken)?;
            let name_at = at + u64::from(version.vd_aux.get(LE));
            let (name, _) = entry_at::<elf::Verdaux<LE>>(bytes, name_at).ok_or(broken)?;
            let name = strings.get(name.vda_name.get(LE)).map_err(|()| broken)?;
            self.defined_versions.push(text(name));
            if version.vd_next.get(LE) == 0 {
                break;
            }
            at += u64::from(version.vd_next.get(LE));
        }
        self.defined_versions.sort();
        Ok(())
    }
}

/// Bytes of an `Elf64_Rela`.
const RELA_LEN: usize = 24;

/// What a relocation wants of its symbol (x86-64 psABI, table 4.9).
fn bound_of(kind: elf::RelocationType) -> Bound {
    match kind {
        elf::R_X86_64_JUMP_SLOT => Bound::Call,
        elf::R_X86_64_COPY
        | elf::R_X86_64_DTPMOD64
        | elf::R_X86_64_DTPOFF64
        | elf::R_X86_64_TPOFF64
        | elf::R_X86_64_TLSDESC => Bound::Content,
        _ => Bound::Address,
    }
}
