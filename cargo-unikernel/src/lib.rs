//! `cargo unikernel`: a C or Rust program becomes a bootable unikernel image.
//!
//! Each stage is a value, and a stage function takes values and returns a value:
//!
//! ```text
//! Manifest -> Built (ELF) -> Closure -> Linted -> RootTree -> Image -> Outcome
//! ```

pub mod error;
pub mod root;
