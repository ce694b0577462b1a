//! Names and lines of a program's code, from the ELF that was not stripped; its callers, from the unwind tables ([`unwind`]).

mod call;
pub mod unwind;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian};
use object::read::ReadCache;
use object::{Object as _, ObjectSection as _, ObjectSegment as _, ObjectSymbol as _};

use crate::archive::erofs::read::Reader;
use crate::assemble::Image;
use crate::error::Result;
use crate::fs;
use crate::root::{Node, RootPath, RootTree};

/// Longest ELF that is read for its symbols, in bytes.
const MAX_LEN: u64 = 2 << 30;

/// Which ELF on the host has the symbols of which file in the guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    host: BTreeMap<String, PathBuf>,
    /// The image that has the files as the guest sees them, for those that are not on the host.
    image: Option<PathBuf>,
}

/// What is known about a place in the code, for one of the functions that it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The function's name, demangled.
    pub function: Option<String>,
    /// Source file and line: `src/main.rs:7`.
    pub line: Option<String>,
}

/// Where the compiler says that Rust's own library comes from: as it was built, and as rustup installs it.
const LIBRARY: [&str; 2] = ["/rustc/", "/rustlib/src/rust/library/"];

impl Location {
    /// Whether it is a line of somebody's program, and not of Rust's own library.
    #[must_use]
    pub fn is_users(&self) -> bool {
        let [built, installed] = LIBRARY;
        self.line
            .as_ref()
            .is_some_and(|line| !line.starts_with(built) && !line.contains(installed))
    }
}

impl Symbols {
    /// The host files in a root tree, each its own symbols.
    #[must_use]
    pub fn of_tree(root: &RootTree) -> Self {
        let files = root.iter().filter_map(|(path, node)| match node {
            Node::File { source, .. } => Some((path.to_string(), source.host_path()?.to_owned())),
            Node::Folder { .. } | Node::Link { .. } => None,
        });
        Self {
            host: files.collect(),
            image: None,
        }
    }

    /// The program of an image, as far as what was not stripped lies beside it, and the files in the image.
    #[must_use]
    pub fn of_image(image: &Image) -> Self {
        let program = (image.launch.name.to_string(), image.unstripped());
        Self {
            host: BTreeMap::from([program]),
            image: Some(image.path.clone()),
        }
    }

    /// Says that the ELF `host` has the symbols of `guest`; later wins.
    pub fn insert(&mut self, guest: &RootPath, host: PathBuf) {
        self.host.insert(guest.to_string(), host);
    }

    /// The ELF of a guest's file; `None` when there is none that can be read.
    fn bytes(&self, module: &str) -> Option<Vec<u8>> {
        let on_host = self.host.get(module);
        let on_host = on_host.and_then(|path| fs::read_at_most(path, MAX_LEN).ok());
        on_host.or_else(|| in_image(self.image.as_deref()?, module).ok()?)
    }

    /// The ELF with the symbols of the guest's file `module`.
    #[must_use]
    pub fn file(&self, module: &str) -> Option<&Path> {
        self.host.get(module).map(PathBuf::as_path)
    }

    /// What is known about the place `offset` bytes behind the load address of the guest's file `module`: the function that it
    /// stands in, and behind it those that the function was inlined into. Nothing when there are no symbols. Symbols that can't
    /// be read are none: they explain an end, and must not hide it behind another error.
    #[must_use]
    pub fn locate(&self, module: &str, offset: u64) -> Vec<Location> {
        self.try_locate(module, offset).unwrap_or_default()
    }

    fn try_locate(&self, module: &str, offset: u64) -> Option<Vec<Location>> {
        let bytes = self.bytes(module)?;
        let file = object::File::parse(&*bytes).ok()?;
        let base = base(&file)?;
        let address = base.checked_add(offset)?;
        let mut segments = file.segments();
        segments.find(|segment| address.wrapping_sub(segment.address()) < segment.size())?;
        let mut found = lines(&file, address).unwrap_or_default();
        if found.is_empty() {
            found.push(Location::default());
        }
        if let Some(outermost) = found.last_mut()
            && outermost.function.is_none()
        {
            outermost.function = symbol(&file, address);
        }
        found.retain(|location| location.function.is_some() || location.line.is_some());
        Some(found)
    }
}

/// The address that an ELF gives to its own first byte in memory.
fn base(file: &object::File<'_>) -> Option<u64> {
    file.segments().map(|segment| segment.address()).min()
}

/// A file out of an image's archive.
fn in_image(image: &Path, file: &str) -> Result<Option<Vec<u8>>> {
    let span = crate::image::elf::read(image)?.archive;
    let cache = ReadCache::new(BufReader::new(fs::open(image)?));
    let reader = Reader::open(&cache, span)?;
    let entries = reader.list()?;
    let entry = entries.iter().find(|entry| entry.path == file);
    entry
        .map(|entry| reader.content(entry, MAX_LEN))
        .transpose()
}

/// Functions and lines from the DWARF sections, innermost first.
fn lines<'a>(file: &object::File<'a>, address: u64) -> Option<Vec<Location>> {
    let section = |id: addr2line::gimli::SectionId| -> Result<_, addr2line::gimli::Error> {
        let section = file.section_by_name(id.name());
        let bytes = section.and_then(|section| section.uncompressed_data().ok());
        // Compressed sections, which no distribution's compiler writes unasked, are left out.
        let bytes = match bytes {
            Some(Cow::Borrowed(bytes)) => bytes,
            Some(Cow::Owned(_)) | None => &[],
        };
        Ok(EndianSlice::new(bytes, LittleEndian))
    };
    let context = Context::from_dwarf(Dwarf::load(section).ok()?).ok()?;
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    let mut found = Vec::new();
    while let Ok(Some(frame)) = frames.next() {
        let name = frame.function.as_ref();
        let at = frame.location.as_ref();
        found.push(Location {
            function: name.and_then(|name| Some(name.demangle().ok()?.into_owned())),
            line: at.and_then(|at| Some(format!("{}:{}", at.file?, at.line?))),
        });
    }
    Some(found)
}

/// The name of the function that holds `address`, from the symbol table.
fn symbol(file: &object::File<'_>, address: u64) -> Option<String> {
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let functions = symbols
        .filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text);
    let mut holders = functions.filter(|symbol| {
        let start = symbol.address();
        start <= address && address - start < symbol.size().max(1)
    });
    let name = holders.next()?.name().ok()?.to_owned();
    Some(addr2line::demangle_auto(name.into(), None).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Invocation;

    const SOURCE: &str = "\
int value;
int inner(int n) {
    value = n;
    return n;
}
int main(void) { return inner(0); }
";

    fn compiled(flags: &[&str]) -> (tempfile::TempDir, Symbols, u64) {
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("a.c"), folder.path().join("a"));
        fs::write_bytes(&source, SOURCE.as_bytes()).unwrap();
        let cc = Invocation::new("cc")
            .args(flags)
            .arg("-o")
            .args([&program, &source]);
        assert!(cc.run_captured(None).unwrap().status.success());
        let bytes = fs::read(&program).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let inner = file.symbols().find(|symbol| symbol.name() == Ok("inner"));
        let base = file
            .segments()
            .map(|segment| segment.address())
            .min()
            .unwrap();
        let offset = inner.unwrap().address() - base;
        let mut symbols = Symbols::default();
        symbols.insert(&RootPath::parse("/a").unwrap(), program);
        (folder, symbols, offset)
    }

    #[test]
    fn function_and_line_with_debug_information() {
        for flags in [&["-g", "-pie", "-fPIE"][..], &["-g", "-static", "-no-pie"]] {
            let (_folder, symbols, offset) = compiled(flags);
            let found = symbols.locate("/a", offset);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].function.as_deref(), Some("inner"));
            assert!(found[0].line.as_ref().unwrap().ends_with("a.c:2"));
        }
    }

    #[test]
    fn function_alone_without_it() {
        let (_folder, symbols, offset) = compiled(&[]);
        let found = symbols.locate("/a", offset + 1);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].function.as_deref(), Some("inner"));
        assert_eq!(found[0].line, None);
    }

    #[test]
    fn unknown_module_and_address_are_nothing() {
        let (_folder, symbols, _) = compiled(&[]);
        assert_eq!(symbols.locate("/b", 0), []);
        assert_eq!(symbols.locate("/a", u64::MAX), []);
        assert_eq!(symbols.locate("/a", 0), []);
    }

    #[test]
    fn rusts_own_library_is_not_the_users() {
        let check = |line: &str, expected: bool| {
            let location = Location {
                function: None,
                line: Some(line.to_owned()),
            };
            assert_eq!(location.is_users(), expected, "{line}");
        };
        check(
            "/rustc/59807616e1fa/library/core/src/ptr/mod.rs:2101",
            false,
        );
        check(
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/rt.rs:3",
            false,
        );
        check("src/main.rs:7", true);
        check("/home/me/rustc/main.c:7", true);
        assert!(!Location::default().is_users());
    }
}
