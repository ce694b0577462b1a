//! Gives a ready program one more library, before all others.
//!
//! A new segment is put behind the last: the program headers, the strings and the dynamic table, each with what is added. What
//! was there stays where it is, so addresses in reports fit the unstripped file (gABI, chapter 5; the way of `patchelf`).

use std::ops::Range;

use object::endian::{LittleEndian as LE, U16, U32, U64};
use object::read::elf::{FileHeader as _, GnuHashTable, HashTable, ProgramHeader as _};
use object::{elf, pod};

use crate::error::{Error, Result};

/// Bytes in a page: segments are aligned so.
const PAGE: u64 = 4096;
/// Length of a program header, of an entry of the dynamic table, and of a symbol.
const HEADER: u64 = 56;
const ENTRY: usize = 16;
const SYMBOL: u64 = 24;

/// A dynamic program, taken apart.
struct Parts<'a> {
    bytes: &'a [u8],
    segments: &'a [elf::ProgramHeader64<LE>],
    /// Tag and value of each entry, without the null at the end.
    dynamic: Vec<(i64, u64)>,
}

/// The program with `soname` as the first library that it needs.
///
/// # Errors
/// When it has no dynamic table, or one that does not lie within it.
pub fn with_first(bytes: &[u8], soname: &str) -> Result<Vec<u8>> {
    let parts = Parts::read(bytes)?;
    let at = (bytes.len() as u64).next_multiple_of(PAGE);
    let loads = || {
        parts
            .segments
            .iter()
            .filter(|segment| segment.p_type(LE) == elf::PT_LOAD)
    };
    let ends = loads().map(|load| load.p_vaddr(LE).saturating_add(load.p_memsz(LE)));
    let start = ends.max().unwrap_or(0).checked_next_multiple_of(PAGE);
    let start = start.ok_or_else(|| broken("it ends at the end of all addresses"))?;

    let headers_len = (parts.segments.len() as u64 + 1) * HEADER;
    let mut strings = parts.strings()?.to_vec();
    let name = strings.len() as u64;
    strings.extend(soname.bytes().chain([0]));
    let strings_at = headers_len;
    let dynamic_at = (strings_at + strings.len() as u64).next_multiple_of(8);
    let mut dynamic = vec![(elf::DT_NEEDED.0, name)];
    dynamic.extend(parts.dynamic.iter().map(|(tag, value)| match *tag {
        tag if tag == elf::DT_STRTAB.0 => (tag, start + strings_at),
        tag if tag == elf::DT_STRSZ.0 => (tag, strings.len() as u64),
        tag => (tag, *value),
    }));
    dynamic.push((elf::DT_NULL.0, 0));
    let dynamic_len = (dynamic.len() * ENTRY) as u64;

    let place = |offset: u64, len: u64, old: &elf::ProgramHeader64<LE>| elf::ProgramHeader64 {
        p_offset: U64::new(LE, at + offset),
        p_vaddr: U64::new(LE, start + offset),
        p_paddr: U64::new(LE, start + offset),
        p_filesz: U64::new(LE, len),
        p_memsz: U64::new(LE, len),
        ..*old
    };
    let mut headers = Vec::new();
    let last = parts
        .segments
        .iter()
        .rposition(|segment| segment.p_type(LE) == elf::PT_LOAD);
    for (index, segment) in parts.segments.iter().enumerate() {
        headers.push(match segment.p_type(LE) {
            elf::PT_PHDR => place(0, headers_len, segment),
            elf::PT_DYNAMIC => place(dynamic_at, dynamic_len, segment),
            _ => *segment,
        });
        if Some(index) == last {
            headers.push(elf::ProgramHeader64 {
                p_flags: U32::new(LE, elf::PF_R | elf::PF_W),
                p_align: U64::new(LE, PAGE),
                ..place(0, dynamic_at + dynamic_len, segment)
            });
        }
    }

    let mut file = bytes.to_vec();
    file.resize(to_usize(at), 0);
    file.extend(headers.iter().flat_map(pod::bytes_of));
    file.extend(strings);
    file.resize(to_usize(at + dynamic_at), 0);
    for (tag, value) in dynamic {
        file.extend(tag.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    let n = u16::try_from(headers.len()).map_err(|_| broken("it has too many segments"))?;
    // `e_phoff` and `e_phnum`.
    put(&mut file, 32..40, &at.to_le_bytes());
    put(&mut file, 56..58, pod::bytes_of(&U16::new(LE, n)));
    Ok(file)
}

/// The program without a name for what its dynamic symbol table calls `name`, so that nobody finds it there.
///
/// # Errors
/// As [`with_first`].
pub fn without_symbol(bytes: &[u8], name: &str) -> Result<Vec<u8>> {
    let parts = Parts::read(bytes)?;
    let strings = parts.strings()?;
    let table = parts
        .value(elf::DT_SYMTAB.0)
        .and_then(|at| parts.offset(at));
    let table = table.ok_or_else(|| broken("it has no dynamic symbols"))?;
    let mut file = bytes.to_vec();
    for index in 0..u64::from(parts.n_symbols()) {
        let at = to_usize(table + index * SYMBOL);
        let Some(symbol) = bytes.get(at..at + 4) else {
            return Err(broken("its dynamic symbols lie outside"));
        };
        let string = symbol
            .iter()
            .rev()
            .fold(0, |sum: usize, byte| sum << 8 | usize::from(*byte));
        let found = strings
            .get(string..)
            .and_then(|rest| rest.split(|byte| *byte == 0).next());
        if found == Some(name.as_bytes()) {
            put(&mut file, at..at + 4, &[0; 4]);
        }
    }
    Ok(file)
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let failed = |error: object::Error| broken(&error.to_string());
        let header = elf::FileHeader64::<LE>::parse(bytes).map_err(failed)?;
        let segments = header.program_headers(LE, bytes).map_err(failed)?;
        let table = segments
            .iter()
            .find(|segment| segment.p_type(LE) == elf::PT_DYNAMIC);
        let table = table.ok_or_else(|| broken("it has no dynamic table"))?;
        let table = table
            .data(LE, bytes)
            .map_err(|()| broken("its dynamic table lies outside"))?;
        let word = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let entries = table.chunks_exact(ENTRY).map(|entry| {
            let (tag, value) = entry.split_at(8);
            (word(tag).cast_signed(), word(value))
        });
        Ok(Self {
            bytes,
            segments,
            dynamic: entries
                .take_while(|(tag, _)| *tag != elf::DT_NULL.0)
                .collect(),
        })
    }

    fn value(&self, tag: i64) -> Option<u64> {
        let mut entries = self.dynamic.iter();
        entries
            .find(|(known, _)| *known == tag)
            .map(|(_, value)| *value)
    }

    /// Where an address lies in the file.
    fn offset(&self, address: u64) -> Option<u64> {
        let mut loads = self
            .segments
            .iter()
            .filter(|segment| segment.p_type(LE) == elf::PT_LOAD);
        loads.find_map(|load| {
            let inside = address.checked_sub(load.p_vaddr(LE))?;
            (inside < load.p_filesz(LE)).then(|| load.p_offset(LE).checked_add(inside))?
        })
    }

    fn from(&self, address: u64) -> Option<&'a [u8]> {
        self.bytes.get(to_usize(self.offset(address)?)..)
    }

    fn strings(&self) -> Result<&'a [u8]> {
        let at = self.value(elf::DT_STRTAB.0).and_then(|at| self.from(at));
        let len = self.value(elf::DT_STRSZ.0).map(to_usize);
        let strings = at.zip(len).and_then(|(bytes, len)| bytes.get(..len));
        strings.ok_or_else(|| broken("its strings lie outside"))
    }

    /// How many dynamic symbols there are: only the tables for looking them up say so.
    fn n_symbols(&self) -> u32 {
        let gnu = self.value(elf::DT_GNU_HASH.0).and_then(|at| self.from(at));
        let gnu =
            gnu.and_then(|bytes| GnuHashTable::<elf::FileHeader64<LE>>::parse(LE, bytes).ok());
        let gnu = gnu.and_then(|table| table.symbol_table_length(LE));
        let hash = self.value(elf::DT_HASH.0).and_then(|at| self.from(at));
        let hash = hash.and_then(|bytes| HashTable::<elf::FileHeader64<LE>>::parse(LE, bytes).ok());
        gnu.or(hash.map(|table| table.symbol_table_length()))
            .unwrap_or(0)
    }
}

fn broken(why: &str) -> Error {
    Error::input(format!("can't give the program another library: {why}"))
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX >> 1)
}

fn put(file: &mut [u8], range: Range<usize>, bytes: &[u8]) {
    if let Some(target) = file.get_mut(range) {
        target.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs;
    use crate::program::elf::ElfFacts;
    use crate::test_support::closure_of_c;
    use crate::tool::Invocation;

    #[test]
    fn program_still_runs_and_finds_the_library_first() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write_bytes(
            &at("first.c"),
            b"int puts(const char *s) { (void)s; return 7; }",
        )
        .unwrap();
        let source = "#include <stdio.h>\nint main(void) { return puts(\"\"); }";
        let library = Invocation::new("cc")
            .args([
                "-shared",
                "-fPIC",
                "-fno-builtin",
                "-Wl,-soname,libfirst.so",
                "-o",
            ])
            .args([at("libfirst.so"), at("first.c")]);
        assert!(library.run_captured(None).unwrap().status.success());
        for args in [
            &["-pie", "-fPIE"][..],
            &["-no-pie"],
            &["-pie", "-fPIE", "-Wl,--hash-style=sysv"],
        ] {
            let closure = closure_of_c(source, args);
            let patched = with_first(&closure.program.stripped, "libfirst.so").unwrap();
            let facts = ElfFacts::parse(&patched).unwrap();
            assert_eq!(facts.needed, ["libfirst.so", "libc.so.6"]);
            fs::write_bytes(&at("app"), &patched).unwrap();
            fs::make_program(&at("app")).unwrap();
            let run = Invocation::new(at("app")).set("LD_LIBRARY_PATH", folder.path());
            assert_eq!(
                run.run_captured(None).unwrap().status.code(),
                Some(7),
                "{args:?}"
            );
        }
    }

    #[test]
    fn hidden_symbol_is_found_no_more_and_others_are() {
        let source = "int other(void) { return 1; } int main(void) { return 0; }";
        for hash in ["-Wl,--hash-style=gnu", "-Wl,--hash-style=sysv"] {
            let program = closure_of_c(source, &["-pie", "-fPIE", "-rdynamic", hash]).program;
            assert!(program.facts.exports("main"));
            let hidden =
                ElfFacts::parse(&without_symbol(&program.stripped, "main").unwrap()).unwrap();
            assert!(!hidden.exports("main") && hidden.exports("other"));
        }
    }

    #[test]
    fn broken_program_is_an_error_and_never_a_panic() {
        let program = closure_of_c("int main(void) { return 0; }", &["-pie", "-fPIE"]).program;
        let bytes = program.stripped.to_vec();
        for at in 0..1024 {
            let mut copy = bytes.clone();
            copy[at] ^= 0xff;
            let _ = with_first(&copy, "libfirst.so");
            let _ = without_symbol(&copy, "main");
        }
        let static_pie = closure_of_c("int main(void) { return 0; }", &["-static"]).program;
        let error = with_first(&static_pie.stripped, "libfirst.so").unwrap_err();
        assert!(error.to_string().contains("no dynamic table"), "{error}");
    }
}
