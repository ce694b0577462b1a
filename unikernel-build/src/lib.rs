//! A build script's door to `cargo unikernel`: `cargo build` leaves a bootable image.
//!
//! ```no_run
//! // build.rs
//! fn main() {
//!     unikernel_build::Build::new()
//!         .file("src/hello.c")
//!         .emit("hello");
//! }
//! ```
//!
//! ```ignore
//! // src/main.rs, if `cargo run` shall boot it
//! include!(env!("UNIKERNEL_HELLO_MAIN"));
//! ```
//!
//! And that's it. The script compiles, links, lints and packs into `OUT_DIR`; `UNIKERNEL_HELLO` is the image's path in the
//! package's own code, and the instructions that make cargo build again when a source or a header changes are printed.
//!
//! The work is done by the installed tool `cargo-unikernel`, to which this crate speaks in [jobs](job): so lint and image code
//! run optimised, and no kernel is compiled in your build. It is looked for in the variable `CARGO_UNIKERNEL`, in `PATH`, and in
//! cargo's folder of installed programs.
#![forbid(unsafe_code)]
#![expect(
    clippy::needless_doctest_main,
    reason = "a build script is its main function"
)]

mod build;
mod env;
mod error;
mod generated;
mod instruction;
pub mod job;
mod json;
mod tool;

pub use build::Build;
pub use error::Error;

/// Links the package's own binaries so that they suit every kernel: `main` is exported, which OSv looks up by name.
///
/// For the build script of a Rust program that `cargo unikernel` packs. `cargo run` still starts it as before.
pub fn link_bins() {
    instruction::print(&["rustc-link-arg-bins=-Wl,--export-dynamic-symbol=main".to_owned()]);
}
