//! Maps a program and its interpreter as `execve(2)` would.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use unikernel_machine::address::UserAddr;
use unikernel_machine::space::Protection;

use super::elf::{self, Elf, ElfError};
use super::{Name, StartError};
use crate::errno::Errno;
use crate::fs::contents::{Contents, Piece};
use crate::fs::node::{Kind, Node};
use crate::fs::path::Remaining;
use crate::fs::tree::Tree;
use crate::fs::walk::{LastLink, Scope};
use crate::memory::area::{Area, FileBacking, Sharing};
use crate::memory::place::Place;
use crate::memory::{AddressSpace, PAGE};

/// A loaded program.
#[derive(Clone)]
pub(crate) struct Loaded {
    /// The program's file.
    pub(crate) node: Rc<Node>,
    /// Where the first instruction is: the interpreter's, or the program's own.
    pub(crate) start: u64,
    /// The program's own first instruction (`AT_ENTRY`).
    pub(crate) entry: u64,
    /// What was added to the program's own addresses.
    pub(crate) base: u64,
    /// Where the interpreter was loaded, or 0 (`AT_BASE`).
    pub(crate) interpreter_base: u64,
    /// Where the program headers are (`AT_PHDR`).
    pub(crate) headers: u64,
    /// How many there are (`AT_PHNUM`).
    pub(crate) header_count: u16,
}

/// A file that shall be loaded.
struct Source<'a> {
    path: &'a [u8],
    node: Rc<Node>,
    elf: Elf,
}

/// Loads the program at `path`.
pub(crate) fn load(
    tree: &Tree,
    memory: &mut AddressSpace,
    path: &[u8],
) -> Result<Loaded, StartError> {
    let program = Source::open(tree, path)?;
    let (first, count) = program.elf.span();
    let place = memory.layout().program.saturating_sub(first);
    let place = if program.elf.is_fixed { 0 } else { place };
    let base = place.saturating_mul(PAGE);
    program.map(memory, base)?;
    let end = base.saturating_add(first.saturating_add(count).saturating_mul(PAGE));
    memory.start_heap(end);
    let entry = base.saturating_add(program.elf.entry);
    let mut loaded = Loaded {
        node: program.node.clone(),
        start: entry,
        entry,
        base,
        interpreter_base: 0,
        headers: base.saturating_add(program.elf.headers),
        header_count: program.elf.header_count,
    };
    if let Some(path) = program.interpreter()? {
        let interpreter = Source::open(tree, &path)?;
        if interpreter.elf.interpreter.is_some() {
            return Err(StartError::Elf(
                Name::new(&path),
                ElfError::NestedInterpreter,
            ));
        }
        let (first, count) = interpreter.elf.span();
        let room = memory
            .find_room(count.saturating_mul(PAGE))
            .map_err(|_| StartError::Memory)?;
        let base = room.saturating_sub(first.saturating_mul(PAGE));
        interpreter.map(memory, base)?;
        loaded.interpreter_base = base;
        loaded.start = base.saturating_add(interpreter.elf.entry);
    }
    Ok(loaded)
}

impl<'a> Source<'a> {
    fn open(tree: &Tree, path: &'a [u8]) -> Result<Self, StartError> {
        let failed = |errno| StartError::File("opening", Name::new(path), errno);
        let walked = Remaining::new(Vec::from(path))
            .and_then(|remaining| tree.walk(&Scope::of_tree(tree), remaining, LastLink::Follow));
        let node = walked
            .and_then(|walked| walked.existing())
            .map_err(failed)?;
        let Kind::File(contents) = &node.kind else {
            return Err(failed(Errno::EACCES));
        };
        let elf = read_elf(contents).map_err(|error| StartError::Elf(Name::new(path), error))?;
        Ok(Self { path, node, elf })
    }

    fn interpreter(&self) -> Result<Option<Vec<u8>>, StartError> {
        let Some((offset, len)) = self.elf.interpreter else {
            return Ok(None);
        };
        let path = self
            .file()
            .and_then(|contents| read_exact(contents, offset, len));
        let path = path.and_then(|path| path.split(|byte| *byte == 0).next().map(Vec::from));
        let error = StartError::Elf(Name::new(self.path), ElfError::Interpreter);
        path.filter(|path| !path.is_empty()).map(Some).ok_or(error)
    }

    fn file(&self) -> Option<&RefCell<Contents>> {
        match &self.node.kind {
            Kind::File(contents) => Some(contents),
            _ => None,
        }
    }

    /// Maps all segments at `base`.
    fn map(&self, memory: &mut AddressSpace, base: u64) -> Result<(), StartError> {
        for (index, segment) in self.elf.segments.iter().enumerate() {
            self.map_segment(memory, base, segment)
                .map_err(|errno| match errno {
                    Errno::ENOMEM => StartError::Memory,
                    _ => StartError::Elf(Name::new(self.path), ElfError::Segment(index)),
                })?;
        }
        Ok(())
    }

    fn map_segment(
        &self,
        memory: &mut AddressSpace,
        base: u64,
        segment: &elf::Segment,
    ) -> Result<(), Errno> {
        let address = base.checked_add(segment.address).ok_or(Errno::EINVAL)?;
        let skew = address % PAGE;
        let start = address.saturating_sub(skew);
        let file_end = address.saturating_add(segment.file_len);
        let end = address.saturating_add(segment.memory_len);
        let mapped_end = if segment.file_len > 0 {
            let file = FileBacking {
                node: self.node.clone(),
                first: segment.offset / PAGE,
                sharing: Sharing::Private,
            };
            let area = Area::of_file(segment.protection, file);
            let len = segment.file_len.saturating_add(skew);
            memory.map(Place::FixedIfFree(start), len, area)?;
            file_end.div_ceil(PAGE).saturating_mul(PAGE)
        } else {
            start
        };
        if end > mapped_end {
            let area = Area::anonymous(segment.protection);
            memory.map(
                Place::FixedIfFree(mapped_end),
                end.saturating_sub(mapped_end),
                area,
            )?;
        }
        // To the page's end, as Linux does: the dynamic loader's first allocations take what is left of its last page.
        let rest_of_page = mapped_end.saturating_sub(file_end);
        let has_zeros =
            segment.file_len > 0 && segment.memory_len > segment.file_len && rest_of_page > 0;
        if has_zeros && segment.protection.contains(Protection::WRITE) {
            let rest = usize::try_from(rest_of_page).map_err(|_| Errno::EINVAL)?;
            memory.write(UserAddr(file_end), &vec![0; rest])?;
        }
        Ok(())
    }
}

fn read_elf(contents: &RefCell<Contents>) -> Result<Elf, ElfError> {
    let header = read_exact(contents, 0, elf::HEADER).ok_or(ElfError::Magic)?;
    let (offset, count) = elf::program_headers(&header)?;
    let len = usize::from(count).saturating_mul(elf::PROGRAM_HEADER);
    let headers = read_exact(contents, offset, len).ok_or(ElfError::Truncated)?;
    let elf = elf::read(&header, &headers)?;
    let size = contents.borrow().size();
    let beyond = elf
        .segments
        .iter()
        .position(|segment| segment.offset.saturating_add(segment.file_len) > size);
    match beyond {
        Some(_) => Err(ElfError::Truncated),
        None => Ok(elf),
    }
}

/// The bytes `offset..offset + len` of a file, if it has them all.
fn read_exact(contents: &RefCell<Contents>, offset: u64, len: usize) -> Option<Vec<u8>> {
    let contents = contents.borrow();
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        let at = offset.checked_add(bytes.len() as u64)?;
        match contents.piece(at, len.saturating_sub(bytes.len()))? {
            Piece::Archive(piece) => bytes.extend_from_slice(piece),
            Piece::Memory(frame, start, count) => {
                let mut piece = vec![0; count];
                frame.read(start, &mut piece);
                bytes.extend_from_slice(&piece);
            }
            Piece::Zeros(count) => bytes.resize(bytes.len().saturating_add(count), 0),
        }
    }
    Some(bytes)
}
