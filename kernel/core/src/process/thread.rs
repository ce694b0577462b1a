//! A thread of the program. There is one so far; what is a thread's own stands here, not in the kernel's state.

use unikernel_machine::address::UserAddr;
use unikernel_machine::context::Context;

use super::signal::frame::Trap;
use super::signal::stack::SignalStack;

/// A process id: that of the only process, and the thread id of its first thread.
pub(crate) const PROCESS_ID: u32 = 1;

/// The longest name of a thread, without its NUL (`PR_SET_NAME`).
pub(crate) const MAX_NAME: usize = 15;

/// What a thread owns.
pub(crate) struct Thread {
    /// Its registers.
    pub(crate) context: Context,
    /// Where to write 0 when it ends (set_tid_address(2)).
    pub(crate) clear_at_exit: UserAddr,
    /// The list of the locks that it holds (get_robust_list(2)): address and length.
    pub(crate) robust_list: (u64, u64),
    /// Its name, with zeros behind it.
    pub(crate) name: [u8; MAX_NAME + 1],
    /// Its alternate signal stack (sigaltstack(2)).
    pub(crate) signal_stack: SignalStack,
    /// Whether the host was told where it is.
    pub(crate) is_stack_told: bool,
    /// Its last trap.
    pub(crate) trap: Trap,
    /// The number of the system call that a signal interrupted, until it is settled whether the call is made again.
    pub(crate) interrupted: Option<u64>,
}

impl Thread {
    /// A thread that starts with these registers.
    pub(crate) fn new(context: Context, name: &[u8]) -> Self {
        let mut thread = Self {
            context,
            clear_at_exit: UserAddr(0),
            robust_list: (0, 0),
            name: [0; MAX_NAME + 1],
            signal_stack: SignalStack::NONE,
            is_stack_told: false,
            trap: Trap::default(),
            interrupted: None,
        };
        thread.set_name(name);
        thread
    }

    /// Sets its name, cut off at [`MAX_NAME`] bytes or its first NUL.
    pub(crate) fn set_name(&mut self, name: &[u8]) {
        self.name = [0; MAX_NAME + 1];
        for (to, from) in self.name.iter_mut().take(MAX_NAME).zip(name) {
            if *from == 0 {
                break;
            }
            *to = *from;
        }
    }
}
