//! Names and lines of a program's code, from the ELF that was not stripped.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian};
use object::{Object as _, ObjectSection as _, ObjectSegment as _, ObjectSymbol as _};

use crate::assemble::Image;
use crate::error::Result;
use crate::fs;
use crate::root::{Node, RootPath, RootTree};

/// Longest ELF that is read for its symbols, in bytes.
const MAX_LEN: u64 = 2 << 30;

/// Which ELF on the host has the symbols of which file in the guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols(BTreeMap<String, PathBuf>);

/// What is known about a place in the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The function's name, demangled.
    pub function: Option<String>,
    /// Source file and line: `src/main.rs:7`.
    pub line: Option<String>,
}

impl Symbols {
    /// The host files in a root tree, each its own symbols.
    #[must_use]
    pub fn of_tree(root: &RootTree) -> Self {
        let files = root.iter().filter_map(|(path, node)| match node {
            Node::File { source, .. } => Some((path.to_string(), source.host_path()?.to_owned())),
            Node::Folder { .. } | Node::Link { .. } => None,
        });
        Self(files.collect())
    }

    /// The program of an image, as far as what was not stripped lies beside it.
    #[must_use]
    pub fn of_image(image: &Image) -> Self {
        Self(BTreeMap::from([(
            image.launch.name.to_string(),
            image.unstripped(),
        )]))
    }

    /// Says that the ELF `host` has the symbols of `guest`; later wins.
    pub fn insert(&mut self, guest: &RootPath, host: PathBuf) {
        self.0.insert(guest.to_string(), host);
    }

    /// The ELF with the symbols of the guest's file `module`.
    #[must_use]
    pub fn file(&self, module: &str) -> Option<&Path> {
        self.0.get(module).map(PathBuf::as_path)
    }

    /// What is known about the place `offset` bytes behind the load address of the guest's file `module`; `None` when there are
    /// no symbols. Symbols that can't be read are none: they explain an end, and must not hide it behind another error.
    #[must_use]
    pub fn locate(&self, module: &str, offset: u64) -> Option<Location> {
        let bytes = read(self.0.get(module)?).ok()?;
        let file = object::File::parse(&*bytes).ok()?;
        let base = file.segments().map(|segment| segment.address()).min()?;
        let address = base.checked_add(offset)?;
        let mut segments = file.segments();
        segments.find(|segment| address.wrapping_sub(segment.address()) < segment.size())?;
        let (function, line) = line(&file, address).unwrap_or_default();
        let function = function.or_else(|| symbol(&file, address));
        (function.is_some() || line.is_some()).then_some(Location { function, line })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read_at_most(path, MAX_LEN)
}

/// Function and line from the DWARF sections.
fn line<'a>(file: &object::File<'a>, address: u64) -> Option<(Option<String>, Option<String>)> {
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
    let mut function = None;
    // Innermost first: the line is the innermost's, and so is the name that explains it.
    let mut line = None;
    while let Ok(Some(frame)) = frames.next() {
        if function.is_none() {
            let name = frame.function.as_ref();
            function = name.and_then(|name| Some(name.demangle().ok()?.into_owned()));
        }
        let location = frame.location.as_ref();
        if line.is_none() {
            line = location.and_then(|at| Some(format!("{}:{}", at.file?, at.line?)));
        }
    }
    Some((function, line))
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
            let location = symbols.locate("/a", offset).unwrap();
            assert_eq!(location.function.as_deref(), Some("inner"));
            assert!(location.line.unwrap().ends_with("a.c:2"));
        }
    }

    #[test]
    fn function_alone_without_it() {
        let (_folder, symbols, offset) = compiled(&[]);
        let location = symbols.locate("/a", offset + 1).unwrap();
        assert_eq!(location.function.as_deref(), Some("inner"));
        assert_eq!(location.line, None);
    }

    #[test]
    fn unknown_module_and_address_are_none() {
        let (_folder, symbols, _) = compiled(&[]);
        assert_eq!(symbols.locate("/b", 0), None);
        assert_eq!(symbols.locate("/a", u64::MAX), None);
        assert_eq!(symbols.locate("/a", 0), None);
    }
}
