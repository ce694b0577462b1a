//! The process: its thread, signals, faults, waiting, and who made a system call.

pub(crate) mod fault;
mod maps;
pub(crate) mod place;
pub(crate) mod run;
pub(crate) mod signal;
mod stack_report;
pub(crate) mod thread;
pub(crate) mod timers;
pub(crate) mod wait;
