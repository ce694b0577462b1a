//! An area: a run of pages that were mapped together.

use alloc::rc::Rc;

use unikernel_machine::space::Protection;

use crate::fs::node::Node;

/// What a run of pages is. The pages themselves are the key under which [`Areas`](super::areas::Areas) keeps it.
#[derive(Clone)]
pub(crate) struct Area {
    /// What the program may do with the pages.
    pub(crate) protection: Protection,
    /// Where their bytes come from.
    pub(crate) backing: Backing,
    /// What it is for.
    pub(crate) role: Role,
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
    /// The first thread's stack: it grows downwards when touched below, down to this page.
    Stack {
        /// The lowest page that it may grow to.
        lowest: u64,
    },
}

impl Area {
    /// Zeros with this protection.
    pub(crate) fn anonymous(protection: Protection) -> Self {
        Self {
            protection,
            backing: Backing::Anonymous,
            role: Role::Mapped,
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

    /// Whether `next`, directly behind this area of `count` pages, can be one area with it.
    pub(crate) fn continues_as(&self, count: u64, next: &Self) -> bool {
        if self.protection != next.protection || self.role != next.role {
            return false;
        }
        match (&self.backing, &next.backing) {
            (Backing::Anonymous, Backing::Anonymous) => true,
            (Backing::File(a), Backing::File(b)) => {
                Rc::ptr_eq(&a.node, &b.node)
                    && a.sharing == b.sharing
                    && a.first.checked_add(count) == Some(b.first)
            }
            _ => false,
        }
    }

    /// The protection for a page of it that is there. A private page of a file is not writable until it was copied.
    pub(crate) fn page_protection(&self) -> Protection {
        match &self.backing {
            // What can be written can be read: the hardware knows no other pages.
            Backing::File(file)
                if file.sharing == Sharing::Private
                    && self.protection.contains(Protection::WRITE) =>
            {
                self.protection.difference(Protection::WRITE) | Protection::READ
            }
            Backing::File(_) | Backing::Anonymous => self.protection,
        }
    }

    /// Whether its written pages take memory of their own, so that there must be some.
    pub(crate) fn takes_memory(&self) -> bool {
        let is_private = match &self.backing {
            Backing::Anonymous => true,
            Backing::File(file) => file.sharing == Sharing::Private,
        };
        is_private && self.protection.contains(Protection::WRITE)
    }

    /// The file behind it.
    pub(crate) fn file(&self) -> Option<&FileBacking> {
        match &self.backing {
            Backing::File(file) => Some(file),
            Backing::Anonymous => None,
        }
    }
}
