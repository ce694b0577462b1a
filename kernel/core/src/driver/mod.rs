//! Drivers: what makes devices into the kernel's own notions. The machine's queues below, [`streams`] above.

pub(crate) mod console;
pub(crate) mod line;
pub(crate) mod streams;
