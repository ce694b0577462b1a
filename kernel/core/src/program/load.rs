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
    let (interpreter_base, start) = match program.interpreter()? {
        None => (0, entry),
        Some(path) => load_interpreter(tree, memory, &path)?,
    };
    Ok(Loaded {
        node: program.node,
        start,
        entry,
        base,
        interpreter_base,
        headers: base.saturating_add(program.elf.headers),
        header_count: program.elf.header_count,
    })
}

/// Loads the interpreter at `path`: what was added to its addresses, and its first instruction.
fn load_interpreter(
    tree: &Tree,
    memory: &mut AddressSpace,
    path: &[u8],
) -> Result<(u64, u64), StartError> {
    let interpreter = Source::open(tree, path)?;
    if interpreter.elf.interpreter.is_some() {
        let error = ElfError::NestedInterpreter;
        return Err(StartError::Elf(Name::new(path), error));
    }
    let (first, count) = interpreter.elf.span();
    let room = memory
        .find_room(count.saturating_mul(PAGE))
        .map_err(|_| StartError::Memory)?;
    let base = room.saturating_sub(first.saturating_mul(PAGE));
    interpreter.map(memory, base)?;
    Ok((base, base.saturating_add(interpreter.elf.entry)))
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
        let elf = read_elf(&contents.borrow())
            .map_err(|error| StartError::Elf(Name::new(path), error))?;
        Ok(Self { path, node, elf })
    }

    fn interpreter(&self) -> Result<Option<Vec<u8>>, StartError> {
        let Some((offset, len)) = self.elf.interpreter else {
            return Ok(None);
        };
        let mut path = vec![0; len];
        let read = self
            .file()
            .and_then(|contents| read_exact(&contents.borrow(), offset, &mut path));
        path.truncate(path.iter().position(|byte| *byte == 0).unwrap_or(len));
        if read.is_none() || path.is_empty() {
            let error = ElfError::Interpreter;
            return Err(StartError::Elf(Name::new(self.path), error));
        }
        Ok(Some(path))
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
        let has_zeros = segment.memory_len > segment.file_len && rest_of_page > 0;
        if has_zeros && segment.protection.contains(Protection::WRITE) {
            let rest = usize::try_from(rest_of_page).map_err(|_| Errno::EINVAL)?;
            memory.write(UserAddr(file_end), &vec![0; rest])?;
        }
        Ok(())
    }
}

fn read_elf(contents: &Contents) -> Result<Elf, ElfError> {
    let mut header = [0; elf::HEADER];
    read_exact(contents, 0, &mut header).ok_or(ElfError::Magic)?;
    let header = elf::Header::read(&header)?;
    let mut headers = vec![0; header.len()];
    read_exact(contents, header.offset, &mut headers).ok_or(ElfError::Truncated)?;
    elf::read(&header, &headers, contents.size())
}

/// Reads the bytes of a file from `offset` on, if it has them all.
fn read_exact(contents: &Contents, mut offset: u64, mut target: &mut [u8]) -> Option<()> {
    while !target.is_empty() {
        let count = match contents.piece(offset, target.len())? {
            Piece::Archive(bytes) => {
                target.get_mut(..bytes.len())?.copy_from_slice(bytes);
                bytes.len()
            }
            Piece::Memory(frame, start, count) => {
                frame.read(start, target.get_mut(..count)?);
                count
            }
            Piece::Zeros(count) => {
                target.get_mut(..count)?.fill(0);
                count
            }
        };
        offset = offset.checked_add(count as u64)?;
        target = target.get_mut(count..)?;
    }
    Some(())
}
