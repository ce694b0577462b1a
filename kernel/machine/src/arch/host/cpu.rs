//! Waiting is what makes time pass.

use super::state;

/// Lets the next happening happen, or else the alarm go off.
///
/// # Panics
/// When neither is there: the wait would never end.
pub fn wait() {
    let happening = state::with(|state| {
        let happening = state.happenings.pop_front();
        if happening.is_none() {
            let alarm = state.alarm.take().expect("something will end the wait");
            state.ticks = state.ticks.max(alarm);
        }
        happening
    });
    if let Some(happening) = happening {
        happening();
    }
}
