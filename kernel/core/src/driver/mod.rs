//! Drivers: what makes devices into the kernel's own notions. The machine's queues below, [`streams`] above;
//! [`entropy`] for [`crate::random`].

pub(crate) mod console;
pub(crate) mod entropy;
pub(crate) mod line;
pub(crate) mod streams;
