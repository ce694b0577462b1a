//! An archive in static bytes.

use super::frame::Frame;
use crate::address::PAGE_SIZE;

/// The root archive: read-only bytes.
#[derive(Debug)]
pub struct Archive(pub(crate) &'static [u8]);

impl Archive {
    /// All its bytes.
    #[must_use]
    pub fn bytes(&self) -> &'static [u8] {
        self.0
    }

    /// Its page with this number; `None` when that lies beyond the end or is not whole.
    #[must_use]
    pub fn frame(&self, page: usize) -> Option<Frame> {
        let start = page.checked_mul(PAGE_SIZE)?;
        Some(Frame::of_archive(
            self.0.get(start..start.checked_add(PAGE_SIZE)?)?,
        ))
    }
}
