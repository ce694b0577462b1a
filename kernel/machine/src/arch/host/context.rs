//! A program that is a script.

use super::state;
use crate::context::{Context, Event};

/// Takes the script's next step.
pub(crate) fn run(context: &mut Context) -> Event {
    let step = state::with(|state| state.program.pop_front());
    let step = step.expect("the test's script for the program goes on");
    step(context)
}
