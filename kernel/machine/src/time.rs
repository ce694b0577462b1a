//! Time as the processor counts it: ticks of the time-stamp counter, and one alarm.

pub use crate::arch::time::{entry_ticks, set_alarm, ticks, tsc_hz_hint};
