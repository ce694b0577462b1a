//! Frames on the heap, counted.

use super::std::boxed::Box;
use super::std::cell::RefCell;
use super::std::ops::Range;
use super::std::rc::Rc;
use super::std::vec::Vec;

use super::state;
use crate::address::{PAGE_SIZE, PhysAddr};
use crate::frame::{LARGE, Usage};

/// One reference to a page of memory.
#[derive(Debug, Clone)]
pub struct Frame(Page);

/// 512 frames.
#[derive(Debug)]
pub struct LargeFrame(pub(super) Vec<Frame>);

#[derive(Debug, Clone)]
enum Page {
    Memory(Rc<Memory>),
    Archive(&'static [u8]),
}

#[derive(Debug)]
struct Memory(RefCell<Box<[u8; PAGE_SIZE]>>);

impl Drop for Memory {
    fn drop(&mut self) {
        state::with(|state| state.frames_used -= 1);
    }
}

impl LargeFrame {
    /// Frames of zeros, or `None` when too few are left.
    #[must_use]
    pub fn zeroed() -> Option<Self> {
        (0..LARGE)
            .map(|_| Frame::zeroed())
            .collect::<Option<_>>()
            .map(Self)
    }
}

/// What all share who only read zeros.
static ZEROS: [u8; PAGE_SIZE] = [0; PAGE_SIZE];

impl Frame {
    /// The frame of zeros that all share who only read: constant.
    #[must_use]
    pub fn zeros() -> Option<Self> {
        Some(Self::of_archive(&ZEROS))
    }

    /// Whether all its bytes are 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        let mut bytes = [1; PAGE_SIZE];
        self.read(0, &mut bytes);
        bytes == [0; PAGE_SIZE]
    }

    /// Whether it is never written, whatever a mapping asks for.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(self.0, Page::Archive(_))
    }

    /// A frame full of zeros, or `None` when all are taken.
    #[must_use]
    pub fn zeroed() -> Option<Self> {
        state::with(|state| {
            if state.frames_used == state.frames_total {
                return None;
            }
            state.frames_used += 1;
            let memory = Memory(RefCell::new(Box::new([0; PAGE_SIZE])));
            Some(Self(Page::Memory(Rc::new(memory))))
        })
    }

    /// A new frame with the same bytes, or `None` when all are taken.
    #[must_use]
    pub fn copied(&self) -> Option<Self> {
        let copy = Self::zeroed()?;
        let mut bytes = [0; PAGE_SIZE];
        self.read(0, &mut bytes);
        copy.write(0, &bytes);
        Some(copy)
    }

    pub(crate) fn of_archive(page: &'static [u8]) -> Self {
        Self(Page::Archive(page))
    }

    /// Copies bytes from `offset` on to `target`, as far as the page goes.
    pub fn read(&self, offset: usize, target: &mut [u8]) {
        let offset = offset.min(PAGE_SIZE);
        let len = target.len().min(PAGE_SIZE - offset);
        match &self.0 {
            Page::Memory(memory) => {
                target[..len].copy_from_slice(&memory.0.borrow()[offset..offset + len]);
            }
            Page::Archive(page) => {
                target[..len].copy_from_slice(&page[offset..offset + len]);
            }
        }
    }

    /// Copies `source` to `offset`, as far as the page goes. Nothing happens to a page of the archive.
    pub fn write(&self, offset: usize, source: &[u8]) {
        let offset = offset.min(PAGE_SIZE);
        let len = source.len().min(PAGE_SIZE - offset);
        if let Page::Memory(memory) = &self.0 {
            memory.0.borrow_mut()[offset..offset + len].copy_from_slice(&source[..len]);
        }
    }

    /// Overwrites a part of the page with zeros, as far as the page goes.
    pub fn fill_zero(&self, range: Range<usize>) {
        let end = range.end.min(PAGE_SIZE);
        let start = range.start.min(end);
        self.write(start, &[0; PAGE_SIZE][start..end]);
    }

    /// Whether somebody else owns a reference too, or it is a page of the archive.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        match &self.0 {
            Page::Memory(memory) => Rc::strong_count(memory) > 1,
            Page::Archive(_) => true,
        }
    }

    /// A number that no other page has at the same time.
    #[must_use]
    pub fn address(&self) -> PhysAddr {
        PhysAddr(match &self.0 {
            Page::Memory(memory) => Rc::as_ptr(memory).addr() as u64,
            Page::Archive(page) => page.as_ptr().addr() as u64,
        })
    }
}

/// How much of the simulated memory is taken.
#[must_use]
pub fn usage() -> Usage {
    state::with(|state| Usage {
        total: state.frames_total,
        free: state.frames_total - state.frames_used,
    })
}
