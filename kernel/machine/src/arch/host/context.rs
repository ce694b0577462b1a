//! A program that is a script.

use super::state;
use crate::context::{Context, Event};

/// Takes the script's next step; whether it makes a system call.
pub(crate) fn run(context: &mut Context) -> bool {
    let step = state::with(|state| state.program.pop_front());
    let step = step.expect("the test's script for the program goes on");
    let event = step(context);
    state::with(|state| state.event = event);
    event == Event::Syscall
}

/// What the last step came to.
pub(crate) fn event(_: &Context) -> Event {
    state::with(|state| state.event)
}
