//! Reading of a library what facts are made of: its code, which is most of it, holds none.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};

use super::read::Header;
use crate::error::Result;
use crate::fs;

/// Where headers are looked for.
const HEAD: usize = 4096;

/// Entries of the dynamic table that are addresses of other tables.
const TABLES: [elf::DynamicTag; 8] = [
    elf::DT_STRTAB,
    elf::DT_SYMTAB,
    elf::DT_HASH,
    elf::DT_GNU_HASH,
    elf::DT_RELA,
    elf::DT_JMPREL,
    elf::DT_VERNEED,
    elf::DT_VERDEF,
];

/// The bytes of a file of at most `limit` bytes; where a segment has nothing but code they are zeros. All that
/// [`super::ElfFacts::parse`] looks at is there.
///
/// # Errors
/// When it can't be read, is no regular file, or is longer.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = fs::open_at_most(path, limit)?;
    let failed = |error: io::Error| fs::failed("read", path, &error);
    let len = file.metadata().map_err(failed)?.len();
    // Pages that nobody writes to take no memory.
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    let spans = beside_code(&file, &mut bytes);
    let spans = spans.unwrap_or_else(|| std::iter::once(0..bytes.len()).collect());
    for span in spans {
        if let Some(part) = bytes.get_mut(span.clone()) {
            file.read_exact_at(part, span.start as u64)
                .map_err(failed)?;
        }
    }
    Ok(bytes)
}

/// Where there is more than code, beside headers and dynamic table, which are read here; `None` when that is not known.
fn beside_code(file: &File, bytes: &mut [u8]) -> Option<Vec<Range<usize>>> {
    let head = bytes.get_mut(..HEAD)?;
    file.read_exact_at(head, 0).ok()?;
    let header = Header::parse(&*head).ok()?;
    let segments = header.program_headers(LE, &*head).ok()?.to_vec();
    let mut spans = Vec::new();
    let mut code = Vec::new();
    for segment in &segments {
        let at = segment.p_offset(LE);
        let end = at.checked_add(segment.p_filesz(LE))?;
        let span = usize::try_from(at).ok()?..usize::try_from(end).ok()?;
        let is_code = segment.p_flags(LE).0 & elf::PF_X.0 != 0;
        match segment.p_type(LE) {
            elf::PT_LOAD if is_code => {
                let start = segment.p_vaddr(LE);
                code.push(start..start.checked_add(segment.p_memsz(LE))?);
            }
            elf::PT_LOAD | elf::PT_INTERP => spans.push(span),
            elf::PT_DYNAMIC => {
                file.read_exact_at(bytes.get_mut(span)?, at).ok()?;
            }
            _ => {}
        }
    }
    let dynamic = segments.iter().find_map(|s| s.dynamic(LE, &*bytes).ok()?)?;
    let is_in_code = |entry: &elf::Dyn64<LE>| {
        let address = entry.val(LE);
        TABLES.contains(&entry.tag(LE)) && code.iter().any(|code| code.contains(&address))
    };
    // Linkers that make one segment of tables and code are old, and this reader then reads it all.
    (!dynamic.iter().any(is_in_code)).then_some(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::MAX_LEN;
    use crate::program::elf::ElfFacts;
    use crate::test_support::closure_of_c;

    #[test]
    fn facts_are_those_of_the_whole_file() {
        let closure = closure_of_c(
            "#include <math.h>\nint main(int n, char **v) { return sin(n); }",
            &["-Wl,--no-as-needed", "-lm"],
        );
        let own = fs::own_program().unwrap();
        let libraries = closure.libraries.iter().map(|library| library.host.clone());
        let mut n_zeros = 0;
        for path in libraries.chain([own]) {
            let (read, whole) = (read(&path, MAX_LEN).unwrap(), fs::read(&path).unwrap());
            assert_eq!(read.len(), whole.len(), "{}", path.display());
            assert_eq!(
                ElfFacts::parse(&read).unwrap(),
                ElfFacts::parse(&whole).unwrap()
            );
            n_zeros += usize::from(read != whole);
        }
        assert!(n_zeros > 0, "all of all files was read");
    }

    #[test]
    fn tables_in_the_code_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app");
        let closure = closure_of_c("int main(void) { return 0; }", &["-Wl,-z,noseparate-code"]);
        fs::write_bytes(&path, &closure.program.stripped).unwrap();
        let facts = ElfFacts::parse(&read(&path, MAX_LEN).unwrap()).unwrap();
        assert_eq!(facts, ElfFacts::parse(&fs::read(&path).unwrap()).unwrap());
        assert!(!facts.imports.is_empty());
    }

    #[test]
    fn what_is_no_elf_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        for text in [&b""[..], b"text", &[b'x'; 10_000], b"\x7fELF"] {
            fs::write_bytes(&path, text).unwrap();
            assert_eq!(read(&path, MAX_LEN).unwrap(), text);
        }
    }
}
