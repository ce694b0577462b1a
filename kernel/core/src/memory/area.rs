//! An area: a run of pages that were mapped together.

use alloc::rc::Rc;
use core::cell::RefCell;

use unikernel_machine::address::UserPage;
use unikernel_machine::space::Protection;

use super::Pages;
use crate::fs::contents::Contents;
use crate::fs::node::{Kind, Node};

/// What a run of pages is. The pages themselves are the key under which [`Areas`](super::areas::Areas) keeps it.
#[derive(Clone)]
pub(crate) struct Area {
    /// What the program may do with the pages.
    pub(crate) protection: Protection,
    /// Where their bytes come from.
    pub(crate) backing: Backing,
    /// What it is for.
    pub(crate) role: Role,
    /// Whether its pages must be there.
    pub(crate) locked: Locked,
    /// Whether pages of 2 MiB may be used.
    pub(crate) large: Large,
    /// Whether its memory was promised.
    pub(crate) promise: Promise,
}

/// Whether a mapping promises that its memory will be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// More than the machine has is refused.
    Checked,
    /// It is not (`MAP_NORESERVE`), whatever becomes of the mapping.
    None,
}

/// Whether an area's pages must stay in memory (mlock(2)). Nothing ever takes a page away here; what remains is when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Locked {
    /// They come when they are touched, and advice may take them away.
    #[default]
    No,
    /// They come at once.
    AtOnce,
    /// They come when they are touched (`MLOCK_ONFAULT`).
    OnFault,
}

/// Whether pages of 2 MiB may be used (madvise(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Large {
    /// While there is plenty of memory.
    #[default]
    Plenty,
    /// While there is some (`MADV_HUGEPAGE`).
    Asked,
    /// Never (`MADV_NOHUGEPAGE`).
    Never,
}

/// Where the bytes of an area's pages come from.
#[derive(Clone)]
pub(crate) enum Backing {
    /// Zeros.
    Anonymous,
    /// A file.
    File(FileBacking),
}

/// A part of a file.
#[derive(Clone)]
pub(crate) struct FileBacking {
    /// The file; its contents stay while it is mapped, even when it was unlinked.
    pub(crate) node: Rc<Node>,
    /// The page of the file that the area's first page is.
    pub(crate) first: u64,
    /// Who sees a write.
    pub(crate) sharing: Sharing,
}

impl FileBacking {
    /// Tells the file from all others that are mapped.
    pub(crate) fn identity(&self) -> usize {
        Rc::as_ptr(&self.node).addr()
    }

    /// Its bytes.
    pub(crate) fn contents(&self) -> Option<&RefCell<Contents>> {
        match &self.node.kind {
            Kind::File(contents) => Some(contents),
            _ => None,
        }
    }

    /// Which page of it a page of the area is that has these.
    pub(crate) fn index_of(&self, page: UserPage, pages: Pages) -> u64 {
        let index = page.number().saturating_sub(pages.start);
        self.first.saturating_add(index)
    }
}

/// Who sees what is written to a mapping of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Only this mapping: a page is copied when it is first written to.
    Private,
    /// The file. Holds whether the file was opened for writing, without which it may not become writable (mprotect(2)).
    Shared(MayWrite),
}

/// Whether a shared mapping may become writable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MayWrite {
    /// The file was opened for writing.
    Yes,
    /// It was not.
    No,
}

/// What an area is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Mapped by the program or for its files.
    Mapped,
    /// What `brk` moves.
    Heap,
    /// The first thread's stack, which grows downwards.
    Stack,
    /// Mapped by the program to grow downwards (`MAP_GROWSDOWN`).
    GrowsDown,
}

impl Area {
    /// Zeros with this protection.
    pub(crate) fn anonymous(protection: Protection) -> Self {
        Self::new(protection, Backing::Anonymous)
    }

    /// Pages of a file with this protection.
    pub(crate) fn of_file(protection: Protection, file: FileBacking) -> Self {
        Self::new(protection, Backing::File(file))
    }

    fn new(protection: Protection, backing: Backing) -> Self {
        Self {
            protection,
            backing,
            role: Role::Mapped,
            locked: Locked::No,
            large: Large::Plenty,
            promise: Promise::Checked,
        }
    }

    /// The area for its pages from the `skipped`th on.
    pub(crate) fn tail(&self, skipped: u64) -> Self {
        let mut tail = self.clone();
        if let Backing::File(file) = &mut tail.backing {
            file.first = file.first.saturating_add(skipped);
        }
        tail
    }

    /// All that does not differ from page to page, for a comparison at once.
    fn kind(&self) -> [u8; 6] {
        let sharing = match self.file().map(|file| file.sharing) {
            Some(Sharing::Shared(MayWrite::Yes)) => 0,
            Some(Sharing::Shared(MayWrite::No)) => 1,
            Some(Sharing::Private) => 2,
            None => 3,
        };
        [
            self.protection.bits(),
            self.role as u8,
            self.locked as u8,
            self.large as u8,
            self.promise as u8,
            sharing,
        ]
    }

    /// Whether `next`, directly behind this area of `count` pages, can be one area with it.
    pub(crate) fn continues_as(&self, count: u64, next: &Self) -> bool {
        self.kind() == next.kind()
            && match (self.file(), next.file()) {
                (Some(a), Some(b)) => {
                    Rc::ptr_eq(&a.node, &b.node) && a.first.saturating_add(count) == b.first
                }
                _ => true,
            }
    }

    /// The protection for a page of it that is there and was not written to. A page of a file is not writable until then: a
    /// private one is copied first, and of a shared one the file must learn that it changed.
    pub(crate) fn page_protection(&self) -> Protection {
        match &self.backing {
            // What can be written can be read: the hardware knows no other pages.
            Backing::File(_) if self.protection.contains(Protection::WRITE) => {
                self.protection.difference(Protection::WRITE) | Protection::READ
            }
            Backing::File(_) | Backing::Anonymous => self.protection,
        }
    }

    /// Whether it grows downwards.
    pub(crate) fn grows(&self) -> bool {
        matches!(self.role, Role::Stack | Role::GrowsDown)
    }

    /// Whether it is shared.
    pub(crate) fn is_shared(&self) -> bool {
        self.file()
            .is_some_and(|file| file.sharing != Sharing::Private)
    }

    /// Whether it may never be written to.
    pub(crate) fn is_never_writable(&self) -> bool {
        self.file()
            .is_some_and(|file| file.sharing == Sharing::Shared(MayWrite::No))
    }

    /// Whether its written pages take memory of their own, so that there must be some.
    pub(crate) fn takes_memory(&self) -> bool {
        !self.is_shared() && self.protection.contains(Protection::WRITE)
    }

    /// Whether so much memory as it has pages must be there before they are.
    pub(crate) fn is_promised(&self) -> bool {
        self.protection.contains(Protection::WRITE) && self.is_promised_if_writable()
    }

    /// As [`is_promised`](Self::is_promised), were it writable.
    pub(crate) fn is_promised_if_writable(&self) -> bool {
        !self.is_shared() && self.promise == Promise::Checked
    }

    /// The file behind it.
    pub(crate) fn file(&self) -> Option<&FileBacking> {
        match &self.backing {
            Backing::File(file) => Some(file),
            Backing::Anonymous => None,
        }
    }
}
