//! A simulated machine over std: each thread has one of its own, so that tests run side by side.
//!
//! Memory is counted frames on the heap, the program a script of closures, time a number that waiting advances. What stands above
//! the machine can't tell, except that it is never really interrupted. [`crate::testing`] is the tests' side of it.

extern crate std;

pub(crate) mod archive;
pub(crate) mod context;
pub(crate) mod cpu;
pub(crate) mod extended;
pub(crate) mod frame;
pub(crate) mod panic;
pub(crate) mod power;
pub(crate) mod random;
pub(crate) mod serial;
pub(crate) mod space;
pub(crate) mod state;
pub(crate) mod time;
pub(crate) mod user;
pub(crate) mod virtio;
