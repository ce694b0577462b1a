//! What happened to files' pages that are mapped: a file notes it, and the address space follows before the program sees memory
//! again.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ops::Range;

use super::area::{Area, FileBacking, Sharing};
use super::{AddressSpace, Pages};
use crate::fs::node::Node;

/// More changes than this are joined: it bounds what one system call can leave behind.
const MAX_CHANGES: usize = 64;

/// Changes that mappings have not followed yet. Cloning gives the same list.
#[derive(Clone, Default)]
pub(crate) struct Changes(Rc<Noted>);

#[derive(Default)]
struct Noted {
    list: RefCell<Vec<Change>>,
    /// Whether there may be something to settle: every system call looks at it.
    is_open: Cell<bool>,
}

/// What happened to some pages of a file.
struct Change {
    file: usize,
    pages: Range<u64>,
    what: What,
}

/// What can happen to a file's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Its bytes lie in another frame now.
    Moved,
    /// It was cut off: not even a private copy stays (mmap(2): SIGBUS).
    Cut,
}

/// A file's way to tell; a file that was never mapped has none.
#[derive(Clone)]
pub(crate) struct Watch {
    changes: Changes,
    file: usize,
}

impl Watch {
    /// Notes what happened to pages of the file.
    pub(crate) fn note(&self, pages: Range<u64>, what: What) {
        self.changes.0.is_open.set(true);
        let mut changes = self.changes.0.list.borrow_mut();
        if let Some(last) = changes.last_mut()
            && (last.file, last.what, last.pages.end) == (self.file, what, pages.start)
        {
            last.pages.end = pages.end;
            return;
        }
        let full = changes.len() >= MAX_CHANGES;
        let alike = |change: &&mut Change| (change.file, change.what) == (self.file, what);
        if let Some(change) = changes.iter_mut().find(alike).filter(|_| full) {
            // What was cut off stays so to the end; what was moved may be looked at too often.
            change.pages.start = change.pages.start.min(pages.start);
            change.pages.end = change.pages.end.max(pages.end);
            return;
        }
        changes.push(Change {
            file: self.file,
            pages,
            what,
        });
    }
}

impl AddressSpace {
    /// Whether there is nothing to follow and nothing to tell: nearly always.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        !self.changes.0.is_open.get()
    }

    /// Says so, when the mappings have followed and before somebody tells.
    pub(crate) fn set_settled(&self) {
        self.changes.0.is_open.set(false);
    }

    /// Lets a file that is mapped tell what happens to its pages.
    pub(super) fn watch(&self, area: &Area) {
        if let Some(file) = area.file()
            && let Some(contents) = file.contents()
        {
            contents.borrow_mut().set_watch(Watch {
                changes: self.changes.clone(),
                file: file.identity(),
            });
        }
    }

    /// Lets the mappings follow what happened to the files.
    #[inline]
    pub(crate) fn follow_files(&mut self) {
        if !self.is_settled() {
            self.follow_changes();
        }
    }

    #[cold]
    fn follow_changes(&mut self) {
        for change in self.changes.0.list.take() {
            let Self { areas, space, .. } = self;
            areas.of_file(change.file, |pages, area| {
                let run = |file| Some((file, mapped_at(pages, file, &change.pages)?));
                let Some((file, run)) = area.file().and_then(run) else {
                    return;
                };
                if change.what == What::Cut || file.sharing != Sharing::Private {
                    space.unmap_range(run.range());
                } else {
                    // What of a private mapping still is the archive's or zeros, and not a copy.
                    space.unmap_constant(run.range());
                }
            });
        }
    }

    /// Notes that a shared page of a file is written to from now on.
    pub(super) fn note_written(&mut self, node: &Rc<Node>) {
        if !self.written.iter().any(|known| Rc::ptr_eq(known, node)) {
            self.written.push(node.clone());
            self.changes.0.is_open.set(true);
        }
    }

    /// Whether files were written to by their mappings.
    pub(crate) fn has_written(&self) -> bool {
        !self.written.is_empty()
    }

    /// The files that were written to by their mappings since the last call.
    pub(crate) fn take_written(&mut self) -> Vec<Rc<Node>> {
        core::mem::take(&mut self.written)
    }
}

/// Where in an area's pages those of its file are.
fn mapped_at(area: Pages, file: &FileBacking, pages: &Range<u64>) -> Option<Pages> {
    let at = |page: u64| {
        area.start
            .saturating_add(page.saturating_sub(file.first))
            .min(area.end)
    };
    Pages::new(at(pages.start), at(pages.end))
}
