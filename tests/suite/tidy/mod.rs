//! What the sources must not do; the invariants of `ARCHITECTURE.md` name these tests.

mod architecture;
mod budget;
mod dependencies;
mod doors;
mod files;
mod source;
mod unsafety;
mod words;
