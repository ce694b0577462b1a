//! The mounted archive: its files' bytes, and its pages as frames that a program can map.

use alloc::boxed::Box;

use unikernel_machine::archive::Archive;
use unikernel_machine::frame::Frame;

use super::erofs::{Erofs, ErofsError, Extent, Inode, Nid, directory::Entry};

/// The archive and its reader; there is at most one.
pub(crate) struct Mounted {
    archive: Archive,
    erofs: Erofs,
}

impl Mounted {
    /// Mounts the archive, for as long as the machine runs.
    pub(crate) fn new(archive: Archive) -> Result<&'static Self, ErofsError> {
        let erofs = Erofs::mount(archive.bytes())?;
        Ok(Box::leak(Box::new(Self { archive, erofs })))
    }

    /// The inode of the root directory.
    pub(crate) fn root(&self) -> Result<Inode, ErofsError> {
        self.erofs.root()
    }

    /// The inode at `nid`.
    pub(crate) fn inode(&self, nid: Nid) -> Result<Inode, ErofsError> {
        self.erofs.inode(nid)
    }

    /// What `name` names in `directory`.
    pub(crate) fn find(
        &self,
        directory: &Extent,
        name: &[u8],
    ) -> Result<Option<Entry>, ErofsError> {
        self.erofs.find(directory, name)
    }

    /// The first name of `directory` at `place` or behind it, and its place.
    pub(crate) fn at_or_behind(
        &self,
        directory: &Extent,
        place: u64,
    ) -> Result<Option<(u64, Entry)>, ErofsError> {
        self.erofs.at_or_behind(directory, place)
    }

    /// Contents from `offset` on: at most `len` bytes, as far as they lie in one piece.
    pub(crate) fn contents(&self, extent: &Extent, offset: u64, len: u64) -> &'static [u8] {
        self.erofs.contents(extent, offset, len)
    }

    /// The frame that is the file's page `index` as it lies in the archive, where it does.
    pub(crate) fn frame(&self, extent: &Extent, index: u64) -> Option<Frame> {
        self.archive.frame(self.erofs.page_in_place(extent, index)?)
    }
}
