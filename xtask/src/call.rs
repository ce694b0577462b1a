//! The tasks' one door to processes.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::error::{Error, Result};

/// A process to be.
pub(crate) struct Call {
    command: Command,
}

impl Call {
    /// A call of this program with these arguments.
    pub(crate) fn new<A: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        Self { command }
    }

    /// One more argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: &[A]) -> Self {
        self.command.args(args);
        self
    }

    /// In this folder.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With this environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without this environment variable.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it on the terminal; anything but status 0 is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let status = self.command.status().map_err(|error| self.failed(&error))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failed(&status))
        }
    }

    /// Runs it and keeps what it writes.
    pub(crate) fn output(mut self) -> Result<Output> {
        self.command.output().map_err(|error| self.failed(&error))
    }

    /// Runs it and gives its stdout; anything but status 0 is an error that shows its stderr.
    pub(crate) fn text(mut self) -> Result<String> {
        let output = self.command.output().map_err(|error| self.failed(&error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(self.failed(&format!("{}\n{said}", output.status)))
    }

    /// Runs it with stderr on the terminal and gives its stdout; anything but status 0 is an error.
    pub(crate) fn stdout_with_terminal(mut self) -> Result<Vec<u8>> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let child = self.command.spawn().map_err(|error| self.failed(&error))?;
        let output = child
            .wait_with_output()
            .map_err(|error| self.failed(&error))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(self.failed(&output.status))
        }
    }

    /// Runs it, printing each line of its stdout as it comes and showing it to `see`. Gives whether its status was 0.
    pub(crate) fn watch(mut self, mut see: impl FnMut(&str)) -> Result<bool> {
        self.command.stdout(Stdio::piped());
        let mut child = self.command.spawn().map_err(|error| self.failed(&error))?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n') {
                let line = line.map_err(|error| self.failed(&error))?;
                let line = String::from_utf8_lossy(&line).into_owned();
                println!("{line}");
                see(&line);
            }
        }
        let status = child.wait().map_err(|error| self.failed(&error))?;
        Ok(status.success())
    }

    /// The process itself, for who has to watch it while it runs.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    fn failed(&self, why: &dyn fmt::Display) -> Error {
        Error::failed(format!("`{self}`: {why}"))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.command.get_program().display())?;
        for arg in self.command.get_args() {
            write!(f, " {}", arg.display())?;
        }
        Ok(())
    }
}

/// Whether a program of this name is in `PATH`.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
