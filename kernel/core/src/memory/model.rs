//! Random operations on an address space, against a list that keeps each page apart.

use alloc::rc::Rc;
use alloc::vec::Vec;
use std::vec;

use unikernel_machine::address::UserAddr;
use unikernel_machine::frame::usage;
use unikernel_machine::space::Protection;

use super::advise::LockedPages;
use super::area::{Area, Backing, FileBacking, Large, Locked, MayWrite, Promise, Sharing};
use super::layout::{Layout, numbers};
use super::place::Place;
use super::protect::{From, READ_WRITE};
use super::remap::{Left, Target};
use super::{AddressSpace, PAGE, Pages};
use crate::errno::Errno;
use crate::fs::contents::Contents;
use crate::fs::node::{Kind, Node};
use crate::testing::{node, operations};

/// Where the pages lie that are played with.
const FIRST: u64 = 0x1_0000;
/// How many.
const PAGES: usize = 96;
/// Pages that the file has at most.
const FILE: usize = 24;

/// A page as the program sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Page {
    protection: Protection,
    locked: Locked,
    large: Large,
    promise: Promise,
    bytes: Bytes,
}

/// Where a page's first byte is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bytes {
    Own(u8),
    Private { page: usize, copy: Option<u8> },
    Shared { page: usize },
}

/// The model: pages one by one, and the first byte of each of the file's.
struct Model {
    pages: Vec<Option<Page>>,
    file: Vec<u8>,
}

impl Page {
    /// Whether one area can hold this page and the next.
    fn continues_as(&self, next: &Self) -> bool {
        let follows = match (self.bytes, next.bytes) {
            (Bytes::Own(_), Bytes::Own(_)) => true,
            (Bytes::Private { page: a, .. }, Bytes::Private { page: b, .. })
            | (Bytes::Shared { page: a }, Bytes::Shared { page: b }) => a + 1 == b,
            _ => false,
        };
        follows
            && (self.protection, self.locked, self.large, self.promise)
                == (next.protection, next.locked, next.large, next.promise)
    }
}

impl Model {
    /// The runs of pages that must be areas: as few as there can be.
    fn runs(&self) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (index, page) in self.pages.iter().enumerate() {
            let Some(page) = page else {
                continue;
            };
            match runs.last_mut() {
                Some((_, end))
                    if *end == index
                        && self.pages[index - 1]
                            .is_some_and(|before| before.continues_as(page)) =>
                {
                    *end += 1;
                }
                _ => runs.push((index, index + 1)),
            }
        }
        runs
    }

    /// Does something with each page of a run up to the first that is refused or not mapped.
    fn each(
        &mut self,
        run: (usize, usize),
        mut act: impl FnMut(&mut Page) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        self.pages[run.0..run.1]
            .iter_mut()
            .try_for_each(|page| act(page.as_mut().ok_or(Errno::ENOMEM)?))
    }

    /// As [`each`](Self::each), but what is not mapped is passed over and told at the end.
    fn each_there(
        &mut self,
        run: (usize, usize),
        mut act: impl FnMut(&mut Page) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let pages = &mut self.pages[run.0..run.1];
        pages.iter_mut().flatten().try_for_each(&mut act)?;
        if pages.iter().all(Option::is_some) {
            Ok(())
        } else {
            Err(Errno::ENOMEM)
        }
    }

    fn read(&self, index: usize) -> Result<u8, Errno> {
        let page = self.pages[index].ok_or(Errno::EFAULT)?;
        if page.protection.is_empty() {
            return Err(Errno::EFAULT);
        }
        match page.bytes {
            Bytes::Own(byte) => Ok(byte),
            Bytes::Private {
                copy: Some(byte), ..
            } => Ok(byte),
            Bytes::Private { page, .. } | Bytes::Shared { page } => {
                self.file.get(page).copied().ok_or(Errno::EFAULT)
            }
        }
    }

    fn write(&mut self, index: usize, byte: u8) -> Result<(), Errno> {
        let size = self.file.len();
        let page = self.pages[index].as_mut().ok_or(Errno::EFAULT)?;
        if !page.protection.contains(Protection::WRITE) {
            return Err(Errno::EFAULT);
        }
        match &mut page.bytes {
            Bytes::Own(own) => *own = byte,
            Bytes::Private { page, copy } if copy.is_some() || *page < size => *copy = Some(byte),
            Bytes::Shared { page } if *page < size => self.file[*page] = byte,
            Bytes::Private { .. } | Bytes::Shared { .. } => return Err(Errno::EFAULT),
        }
        Ok(())
    }

    fn truncate(&mut self, size: usize) {
        self.file.resize(size, 0);
        for page in self.pages.iter_mut().flatten() {
            if let Bytes::Private { page, copy } = &mut page.bytes
                && *page >= size
            {
                *copy = None;
            }
        }
    }

    /// mremap(2) to `target`.
    fn remap(
        &mut self,
        (start, end): (usize, usize),
        count: usize,
        target: usize,
        left: Left,
    ) -> Result<(), Errno> {
        let moved = count.min(end - start);
        let overlaps = target < end && start < target + count;
        if overlaps
            || (left == Left::Mapped && moved != end - start)
            || (left == Left::Mapped && count != end - start)
        {
            return Err(Errno::EINVAL);
        }
        let within = |(first, behind): &(usize, usize)| *first <= start && end <= *behind;
        if !self.runs().iter().any(within) {
            return Err(Errno::EFAULT);
        }
        let last = self.pages[start..start + moved].to_vec();
        for index in start + moved..end {
            self.pages[index] = None;
        }
        let mut page = self.pages[start].ok_or(Errno::EFAULT)?;
        for step in 0..count {
            page = match last.get(step) {
                Some(Some(page)) => *page,
                _ => page.next(),
            };
            self.pages[target + step] = Some(page);
        }
        for index in start..start + moved {
            self.pages[index] = self.pages[index]
                .filter(|_| left == Left::Mapped)
                .map(|page| {
                    let bytes = match page.bytes {
                        Bytes::Own(_) => Bytes::Own(0),
                        Bytes::Private { page, .. } => Bytes::Private { page, copy: None },
                        shared @ Bytes::Shared { .. } => shared,
                    };
                    Page {
                        bytes,
                        locked: Locked::No,
                        ..page
                    }
                });
        }
        Ok(())
    }
}

impl Page {
    /// The page behind it when its mapping grows.
    fn next(&self) -> Self {
        let bytes = match self.bytes {
            Bytes::Own(_) => Bytes::Own(0),
            Bytes::Private { page, .. } => Bytes::Private {
                page: page + 1,
                copy: None,
            },
            Bytes::Shared { page } => Bytes::Shared { page: page + 1 },
        };
        Self { bytes, ..*self }
    }
}

/// The operations' source of numbers.
struct Random<F>(F);

impl<F: FnMut() -> u64> Random<F> {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from((self.0)() % end as u64).unwrap()
    }

    fn run(&mut self) -> (usize, usize) {
        let start = self.below(PAGES - 1);
        let len = 1 + self.below((PAGES - start).min(20));
        (start, start + len)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn address(index: usize) -> u64 {
    (FIRST + index as u64) * PAGE
}

fn bytes(pages: usize) -> u64 {
    pages as u64 * PAGE
}

fn contents<T>(file: &Rc<Node>, act: impl FnOnce(&mut Contents) -> T) -> T {
    let Kind::File(contents) = &file.kind else {
        unreachable!("the node is a file");
    };
    act(&mut contents.borrow_mut())
}

fn area(file: &Rc<Node>, page: &Page) -> Area {
    let backed = |first: usize, sharing| {
        let node = file.clone();
        let first = first as u64;
        Area::of_file(
            page.protection,
            FileBacking {
                node,
                first,
                sharing,
            },
        )
    };
    let area = match page.bytes {
        Bytes::Own(_) => Area::anonymous(page.protection),
        Bytes::Private { page, .. } => backed(page, Sharing::Private),
        Bytes::Shared { page } => backed(page, Sharing::Shared(MayWrite::Yes)),
    };
    Area {
        promise: page.promise,
        ..area
    }
}

/// What both gave.
type Results = (Result<(), Errno>, Result<(), Errno>);

/// The protections that are picked from.
const PROTECTIONS: [Protection; 7] = [
    Protection::empty(),
    Protection::READ,
    READ_WRITE,
    READ_WRITE,
    READ_WRITE,
    Protection::READ.union(Protection::EXECUTE),
    Protection::all(),
];

/// Maps something at a fixed place.
fn map<F: FnMut() -> u64>(
    random: &mut Random<F>,
    space: &mut AddressSpace,
    model: &mut Model,
    file: &Rc<Node>,
    run: (usize, usize),
) -> Results {
    let (at, count) = (address(run.0), run.1 - run.0);
    let protection = random.pick(&PROTECTIONS);
    let first = random.below(FILE);
    let bytes_of = random.pick(&[
        Bytes::Own(0),
        Bytes::Own(0),
        Bytes::Private {
            page: first,
            copy: None,
        },
        Bytes::Shared { page: first },
    ]);
    let page = Page {
        protection,
        locked: Locked::No,
        large: Large::Plenty,
        promise: random.pick(&[Promise::Checked, Promise::Checked, Promise::None]),
        bytes: bytes_of,
    };
    let is_taken = model.pages[run.0..run.1].iter().any(Option::is_some);
    let if_free = random.below(4) == 0;
    let place = if if_free {
        Place::FixedIfFree(at)
    } else {
        Place::Fixed(at)
    };
    let found = space.map(place, bytes(count), area(file, &page));
    if if_free && is_taken {
        (found.map(drop), Err(Errno::EEXIST))
    } else {
        let all = core::iter::successors(Some(page), |page| Some(page.next()));
        for (slot, page) in model.pages[run.0..run.1].iter_mut().zip(all) {
            *slot = Some(page);
        }
        (found.map(drop), Ok(()))
    }
}

/// Cuts the file off, makes it longer, or writes to it.
fn change_file<F: FnMut() -> u64>(
    random: &mut Random<F>,
    model: &mut Model,
    file: &Rc<Node>,
) -> Results {
    if random.below(2) == 0 {
        let size = random.below(FILE);
        model.truncate(size);
        return (contents(file, |file| file.truncate(bytes(size))), Ok(()));
    }
    let page = random.below(FILE);
    let byte = 1 + u8::try_from(random.below(255)).unwrap();
    if page >= model.file.len() {
        model.truncate(page + 1);
        contents(file, |file| file.truncate(bytes(page + 1))).unwrap();
    }
    model.file[page] = byte;
    let written = contents(file, |file| file.write(bytes(page), &[byte]));
    (written.map(drop), Ok(()))
}

/// One random operation on both; panics where the results differ.
fn operate<F: FnMut() -> u64>(
    random: &mut Random<F>,
    space: &mut AddressSpace,
    model: &mut Model,
    file: &Rc<Node>,
) {
    let run = random.run();
    let (at, count) = (address(run.0), run.1 - run.0);
    let pages = Pages::new(FIRST + run.0 as u64, FIRST + run.1 as u64).unwrap();
    let (found, expected) = match random.below(15) {
        0..=2 => map(random, space, model, file, run),
        3 => {
            model.pages[run.0..run.1].fill(None);
            (space.unmap_bytes(at, bytes(count)), Ok(()))
        }
        4 | 5 => {
            let protection = random.pick(&PROTECTIONS);
            let expected = model.each(run, |page| {
                page.protection = protection;
                Ok(())
            });
            let found = space.protect(at, bytes(count), protection, From::Address);
            (found, expected)
        }
        6 => {
            let locked = random.pick(&[Locked::No, Locked::No, Locked::OnFault]);
            let expected = model.each(run, |page| {
                page.locked = locked;
                Ok(())
            });
            (space.lock(pages, locked), expected)
        }
        7 => {
            let expected = model.each_there(run, |page| {
                if page.locked != Locked::No {
                    return Err(Errno::EINVAL);
                }
                match &mut page.bytes {
                    Bytes::Own(byte) => *byte = 0,
                    Bytes::Private { copy, .. } => *copy = None,
                    Bytes::Shared { .. } => {}
                }
                Ok(())
            });
            (space.forget(pages, LockedPages::Refused), expected)
        }
        8 => {
            let large = random.pick(&[Large::Plenty, Large::Plenty, Large::Never]);
            let expected = model.each_there(run, |page| {
                page.large = large;
                Ok(())
            });
            (space.use_large(pages, large), expected)
        }
        9 => change_file(random, model, file),
        10 => {
            let to = random.below(PAGES - 20);
            let new_count = 1 + random.below(20);
            let left = random.pick(&[Left::Unmapped, Left::Unmapped, Left::Mapped]);
            let found = space.remap(
                at,
                bytes(count),
                bytes(new_count),
                Target::Fixed(address(to)),
                left,
            );
            (found.map(drop), model.remap(run, new_count, to, left))
        }
        _ => {
            let byte = 1 + u8::try_from(random.below(255)).unwrap();
            let expected = model.write(run.0, byte);
            (space.write(UserAddr(at), &[byte]), expected)
        }
    };
    assert_eq!(found, expected, "at {run:?}");
}

/// Compares areas and bytes.
fn compare(space: &mut AddressSpace, model: &Model) {
    let index = |page: u64| usize::try_from(page - FIRST).unwrap();
    let found: Vec<(usize, usize)> = space
        .areas()
        .map(|(pages, _)| (index(pages.start), index(pages.end)))
        .collect();
    assert_eq!(found, model.runs());
    for (pages, area) in space.areas() {
        let page = model.pages[index(pages.start)].expect("the runs agree");
        assert_eq!(area.protection, page.protection);
        assert_eq!(
            matches!(area.backing, Backing::Anonymous),
            matches!(page.bytes, Bytes::Own(_))
        );
    }
    for index in 0..PAGES {
        let mut byte = [0];
        let found = space
            .read(UserAddr(address(index)), &mut byte)
            .map(|()| byte[0]);
        assert_eq!(found, model.read(index), "page {index}");
    }
}

#[test]
fn address_space_agrees_with_a_list_of_pages() {
    let free = usage().free;
    for seed in 0..4 {
        let mut random = Random(numbers(seed));
        let mut space = AddressSpace::new(Layout::new(numbers(7))).unwrap();
        let file = node();
        let mut model = Model {
            pages: vec![None; PAGES],
            file: Vec::new(),
        };
        for step in 0..operations(6000) / 4 {
            operate(&mut random, &mut space, &mut model, &file);
            if step.is_multiple_of(4) {
                compare(&mut space, &model);
            }
        }
        drop(space);
        drop(file);
        assert_eq!(usage().free, free, "seed {seed}: frames were lost");
    }
}
