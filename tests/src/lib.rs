//! The words in which the tests are written.
//!
//! - [`project::Project`]: a temporary folder with files, thrown away at the end;
//! - [`example`]: a folder of `examples/`, copied to where it may be built;
//! - [`cli::Cli`]: the built `cargo-unikernel`, called as cargo calls it;
//! - [`guest::Guest`]: a program of `tests/guests`, natively and in a unikernel;
//! - [`native_first::check`]: Linux says what is right, the unikernel must do the same;
//! - [`osv::disk`]: disks for OSv, read by what its kernel reads;
//! - [`process::Call`]: the one door to processes, with a time limit;
//! - [`choice::Choice`]: which cases of the full tier are run;
//! - [`web_root::WebRoot`]: a web server on loopback, and what goes wrong with it;
//! - [`workspace`]: the files of this repository, for the tests that read them.
//!
//! A tool that a test needs and that is not installed is a failure that names it; `cargo xtask test` installs it.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests judge the tool from outside: its doors are not theirs"
)]

pub mod choice;
pub mod cli;
pub mod directives;
pub mod example;
pub mod guest;
pub mod image;
pub mod kernel_file;
pub mod native_first;
pub mod osv;
pub mod process;
pub mod project;
pub mod redact;
pub mod turns;
pub mod web_root;
pub mod workspace;
