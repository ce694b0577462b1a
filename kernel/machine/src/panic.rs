//! What the kernel does when it finds itself broken: it reports and ends the machine.

pub use crate::arch::panic::set_panic_reporter;
