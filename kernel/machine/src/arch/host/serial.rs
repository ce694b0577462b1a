//! A serial line as two queues of bytes.

use super::std::cell::RefCell;
use super::std::collections::VecDeque;
use super::std::rc::Rc;
use super::std::vec::Vec;

/// The machine's end of a serial line.
#[derive(Debug, Clone, Default)]
pub struct Serial {
    pub(crate) sent: Rc<RefCell<Vec<u8>>>,
    pub(crate) coming: Rc<RefCell<VecDeque<u8>>>,
}

impl Serial {
    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.sent.borrow_mut().extend_from_slice(bytes);
    }

    /// The next byte that has come.
    pub fn try_read(&mut self) -> Option<u8> {
        self.coming.borrow_mut().pop_front()
    }
}
