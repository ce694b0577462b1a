//! Statics of a kernel that runs on one processor with interrupts off.

use core::cell::{RefCell, RefMut};

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
