//! `cargo unikernel`: a C or Rust program becomes a bootable unikernel image.
//!
//! Each stage is a value, and a stage function takes values and returns a value:
//!
//! ```text
//! Manifest -> Built (ELF) -> Closure -> Linted -> RootTree -> Image -> Outcome
//! ```

// Doors: nothing else in the crate touches the world.
pub mod env;
pub mod error;
pub mod fs;
pub mod place;
pub mod progress;
pub mod snippet;
pub mod suggestion;
pub mod tool;
pub mod web;
pub mod yaml;

// Stages and what they are made of, in dependency order.
pub mod program;
pub mod support;

pub mod root;

pub mod archive;
pub mod image;
pub mod launch;
pub mod network;
pub mod store;

pub mod closure;
pub mod lint;

pub mod assemble;
pub mod kernel;
pub mod symbols;
pub mod sys;
pub mod vmm;

// On top: these know all of the above, none of the above knows them.
pub mod capstan;
pub mod cli;
pub mod manifest;
pub mod pipeline;
pub mod template;

#[cfg(test)]
mod test_support;
#[cfg(test)]
mod testing;
