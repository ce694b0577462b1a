//! Statics of a kernel that runs on one processor with interrupts off.

use core::cell::{RefCell, RefMut};
use core::ops::Deref;

/// A value that the whole kernel shares.
///
/// Borrowing it twice at a time panics: a trap inside the kernel that wanted what the kernel is changing shows itself.
pub(crate) struct OneCpu<T>(RefCell<T>);

// SAFETY: the kernel runs on one processor, and never with interrupts on while it runs Rust code.
unsafe impl<T> Sync for OneCpu<T> {}

impl<T> OneCpu<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    pub(crate) fn borrow(&self) -> RefMut<'_, T> {
        self.0.borrow_mut()
    }
}

/// A value that the whole kernel shares and that is never borrowed for a change: what changes in it is in cells.
pub(crate) struct Shared<T>(T);

// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
