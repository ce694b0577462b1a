//! The architecture that the crate is built for.
//!
//! An architecture provides exactly these items; the modules of the crate with the same names say what each does and re-export
//! them. A missing one does not compile.
//!
//! | module | items |
//! |---|---|
//! | `archive` | `Archive` |
//! | `context` | `run(&mut Context) -> Event` |
//! | `cpu` | `wait()` |
//! | `extended` | `len`, `components`, `save`, `load` |
//! | `frame` | `Frame`, `LargeFrame`, `usage() -> Usage` |
//! | `panic` | `set_panic_reporter(Box<dyn FnMut(&core::fmt::Arguments<'_>)>)` |
//! | `power` | `off(u8) -> !` |
//! | `random` | `fill(&mut [u8]) -> Result<(), NoEntropy>` |
//! | `serial` | `Serial` |
//! | `space` | `Space` |
//! | `time` | `ticks`, `entry_ticks`, `set_alarm`, `tsc_hz_hint` |
//! | `user` | `read`, `write`, `zero`, `read_u32` |
//! | `virtio` | `VirtioDevice`, `Queue` |

#[cfg(feature = "freestanding")]
mod x86_64;
#[cfg(feature = "freestanding")]
pub(crate) use x86_64::*;

#[cfg(not(feature = "freestanding"))]
mod host;
#[cfg(not(feature = "freestanding"))]
pub(crate) use host::*;
