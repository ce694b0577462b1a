//! The root archive in the direct map, where it is read-only.

use super::frame::archive_frame;
use crate::frame::Frame;

/// The image's root archive.
#[derive(Debug)]
pub struct Archive {
    bytes: &'static [u8],
}

impl Archive {
    /// The archive with these bytes, which begin where [`archive_frame`]'s first page does.
    pub(super) fn new(bytes: &'static [u8]) -> Self {
        Self { bytes }
    }

    /// All its bytes.
    #[must_use]
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// Its page with this number, to be mapped; `None` behind its last whole page.
    #[must_use]
    pub fn frame(&self, page: usize) -> Option<Frame> {
        archive_frame(page)
    }
}
