//! What the simulated machine of a thread remembers.

use super::std::boxed::Box;
use super::std::cell::RefCell;
use super::std::collections::VecDeque;

use crate::context::{Context, Event};

/// One step of the simulated program: changes registers and says why it stopped.
pub(crate) type ProgramStep = Box<dyn FnOnce(&mut Context) -> Event>;

/// The state of a thread's machine.
pub(crate) struct State {
    /// Frames that may be handed out at the same time.
    pub(crate) frames_total: usize,
    /// Frames that are handed out.
    pub(crate) frames_used: usize,
    /// The time-stamp counter.
    pub(crate) ticks: u64,
    /// When the alarm goes off.
    pub(crate) alarm: Option<u64>,
    /// What the program does next.
    pub(crate) program: VecDeque<ProgramStep>,
    /// What its last step came to.
    pub(crate) event: Event,
    /// What happens during each wait.
    pub(crate) happenings: VecDeque<Box<dyn FnOnce()>>,
    /// The last random number, or `None` for a machine without entropy.
    pub(crate) entropy: Option<u64>,
}

super::std::thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::new()) };
}

impl State {
    const fn new() -> Self {
        Self {
            frames_total: 4096,
            frames_used: 0,
            ticks: 1_000_000,
            alarm: None,
            program: VecDeque::new(),
            event: Event::Interrupt,
            happenings: VecDeque::new(),
            entropy: Some(0x9e37_79b9_7f4a_7c15),
        }
    }
}

/// Works on the state of this thread's machine. `f` must not call back into the machine.
pub(crate) fn with<T>(f: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| f(&mut state.borrow_mut()))
}
