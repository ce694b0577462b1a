//! The built `cargo-unikernel`, called as cargo calls it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::process::{Call, Finished, Reading};
use crate::turns;
use crate::workspace;

/// The variables of the tests' own environment that a call of the tool sees.
const INHERITED: [&str; 8] = [
    "CARGO_HOME",
    "HOME",
    "LANG",
    "PATH",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "TMPDIR",
    "USER",
];

/// One call of the tool.
#[derive(Debug, Clone)]
pub struct Cli {
    call: Call,
}

impl Cli {
    /// `cargo unikernel` with these arguments, in this folder.
    #[must_use]
    pub fn new<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>) -> Self {
        let call = Call::new(executable())
            .full_env(environment())
            .folder(folder)
            .arg("unikernel")
            .args(args)
            .within(120);
        Self { call }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.call = self.call.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.call = self.call.args(args);
        self
    }

    /// What the program reads.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.call = self.call.stdin(bytes);
        self
    }

    /// One more environment variable of the tool.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.call = self.call.env(name, value);
        self
    }

    /// Runs it to its end; it may start a guest, so it waits for its turn.
    #[must_use]
    pub fn run(&self) -> Finished {
        let _turn = turns::take();
        self.call.run()
    }

    /// Starts it, to be read while it runs. The caller holds a [`turns::Turn`] if it starts a guest.
    #[must_use]
    pub fn start_reading(&self) -> Reading {
        self.call.start_reading()
    }

    /// The same with what it writes to stderr.
    #[must_use]
    pub fn start_reading_both(&self) -> Reading {
        self.call.start_reading_both()
    }
}

/// What the tool sees of the environment: nothing of the cargo that runs the tests.
#[must_use]
pub fn environment() -> BTreeMap<OsString, OsString> {
    INHERITED
        .into_iter()
        .filter_map(|name| Some((name.into(), std::env::var_os(name)?)))
        .collect()
}

/// The tool, built once, beside the tests' own executable.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn executable() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let messages = workspace::build_tool();
        let found = messages.iter().find_map(|message| {
            let executable = message.get("executable")?.as_str()?;
            executable
                .ends_with("/cargo-unikernel")
                .then(|| executable.into())
        });
        found.expect("cargo names the executable that it built")
    })
}
