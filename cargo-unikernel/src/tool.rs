//! The door to processes: what is to be started is data first.
//!
//! An [`Invocation`] can be compared, shown (`-v`, `--dry-run`) and pasted into a shell. The standard output of what is run
//! never reaches ours, because ours is for data: it is captured, or goes to standard error.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::{env, fs};

/// A program to start, with all that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program: a path, or a name to look up in `PATH`.
    pub program: PathBuf,
    /// Its arguments, without its own name.
    pub args: Vec<OsString>,
    /// Changes to the environment that it inherits: a value, or `None` to take the variable away.
    pub env: BTreeMap<String, Option<OsString>>,
    /// The folder it runs in; ours when `None`.
    pub folder: Option<PathBuf>,
}

/// What a captured run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// All of its standard error.
    pub stderr: Vec<u8>,
}

impl Invocation {
    /// Starts `program` without arguments, in our folder and environment.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            folder: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.to_owned(), Some(value.into()));
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.env.insert(name.to_owned(), None);
        self
    }

    /// Runs it in `folder`.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs it to its end; both of its output streams go to our standard error.
    ///
    /// # Errors
    /// When it can't be started. How it ended is the answer, not an error.
    pub fn run_streamed(&self) -> Result<ExitStatus> {
        let expression = self.expression().stdin_null().stdout_to_stderr();
        let output = expression.run().map_err(|error| self.not_started(&error))?;
        Ok(output.status)
    }

    /// Runs it to its end, or kills it when `limit` has passed, and keeps what it wrote.
    ///
    /// # Errors
    /// When it can't be started, or the limit passed.
    pub fn run_captured(&self, limit: Option<Duration>) -> Result<Captured> {
        let expression = self
            .expression()
            .stdin_null()
            .stdout_capture()
            .stderr_capture();
        let handle = expression
            .start()
            .map_err(|error| self.not_started(&error))?;
        let waited = match limit {
            Some(limit) => handle.wait_timeout(limit),
            None => handle.wait().map(Some),
        };
        let output = waited.map_err(|error| self.not_started(&error))?;
        let Some(output) = output.cloned() else {
            // It is ended either way; that it had just ended by itself is no failure.
            let _ = handle.kill();
            return Err(Error::input(format!(
                "`{}` did not end within {} s and was killed",
                self.program.display(),
                limit.unwrap_or_default().as_secs()
            )));
        };
        Ok(Captured {
            status: output.status,
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }

    /// Runs it to its end and hands each line of its standard output to `line`; its standard error is ours.
    ///
    /// # Errors
    /// When it can't be started, or what `line` says (the program is then killed).
    pub fn run_lines(&self, line: impl FnMut(&str) -> Result<()>) -> Result<ExitStatus> {
        self.read_lines(&self.expression(), line)
    }

    /// Runs it to its end and keeps the last `n_lines` of what it wrote to both of its streams, in the order that they came.
    ///
    /// # Errors
    /// When it can't be started. How it ended is in the answer.
    pub fn run_tail(&self, n_lines: usize) -> Result<(ExitStatus, Vec<String>)> {
        let mut tail = VecDeque::new();
        let status = self.read_lines(&self.expression().stderr_to_stdout(), |line| {
            tail.push_back(line.to_owned());
            if tail.len() > n_lines {
                tail.pop_front();
            }
            Ok(())
        })?;
        Ok((status, tail.into()))
    }

    fn read_lines(
        &self,
        expression: &duct::Expression,
        mut line: impl FnMut(&str) -> Result<()>,
    ) -> Result<ExitStatus> {
        let reader = expression
            .stdin_null()
            .reader()
            .map_err(|error| self.not_started(&error))?;
        for text in BufReader::new(&reader).split(b'\n') {
            let text = text.map_err(|error| self.not_started(&error))?;
            if let Err(error) = line(&String::from_utf8_lossy(&text)) {
                let _ = reader.kill();
                return Err(error);
            }
        }
        let output = reader
            .try_wait()
            .map_err(|error| self.not_started(&error))?;
        let output =
            output.ok_or_else(|| Error::internal("a program's output ended before it did"))?;
        Ok(output.status)
    }

    /// The same as a command of the standard library, for who needs more than a run to its end: the caller starts it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door to processes")]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn expression(&self) -> duct::Expression {
        // As a word and not as a path: a path without a slash would mean the working folder to `duct`, not `PATH`.
        let mut expression = duct::cmd(self.program.as_os_str(), &self.args).unchecked();
        for (name, value) in &self.env {
            expression = match value {
                Some(value) => expression.env(name, value),
                None => expression.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        expression
    }

    /// The error for a start that failed with `cause`.
    #[must_use]
    pub fn not_started(&self, cause: &std::io::Error) -> Error {
        // The same error for a program that is not there and for a folder that is not.
        if let Some(Err(error)) = self.folder.as_deref().map(fs::metadata) {
            return error.context(format!("can't start `{}`", self.program.display()));
        }
        if cause.kind() == std::io::ErrorKind::NotFound {
            return missing(&self.program.display().to_string());
        }
        fs::failed("start", &self.program, cause)
    }
}

impl fmt::Display for Invocation {
    /// A line for a POSIX shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "cd {} && ", quoted(folder.as_os_str()))?;
        }
        let removed = self.env.iter().filter(|(_, value)| value.is_none());
        let mut words: Vec<String> = removed.map(|(name, _)| format!("-u {name}")).collect();
        if !words.is_empty() {
            words.insert(0, "env".to_owned());
        }
        let set = self.env.iter().filter_map(|(n, v)| Some((n, v.as_ref()?)));
        words.extend(set.map(|(name, value)| format!("{name}={}", quoted(value))));
        words.push(quoted(self.program.as_os_str()));
        words.extend(self.args.iter().map(|arg| quoted(arg)));
        f.write_str(&words.join(" "))
    }
}

/// A word for a POSIX shell: as it is when nothing in it means anything there, else in single quotes.
pub(crate) fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./,:=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The path of a program in `PATH`; a name with a slash is taken as it is.
///
/// # Errors
/// When there is none: a missing tool, with the package that has it.
pub fn find(name: &str) -> Result<PathBuf> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return if is_program(&path) {
            Ok(path)
        } else {
            Err(missing(name))
        };
    }
    env::search_path()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
        .ok_or_else(|| missing(name))
}

/// Whether a program can be started from this path.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// The error for a program that is not there.
#[must_use]
pub fn missing(name: &str) -> Error {
    let error = Error::missing_tool(format!("`{name}` is not installed or not in PATH"));
    let base = Path::new(name).file_name().unwrap_or_default();
    match base.to_str().and_then(package) {
        Some(package) => error.hint(format!(
            "on Debian or Ubuntu: apt-get install --no-install-recommends {package}"
        )),
        None if base == "cargo" || base == "rustc" => {
            error.hint("install Rust as https://rustup.rs says")
        }
        None => error,
    }
}

/// The Debian package that has a program.
fn package(program: &str) -> Option<&'static str> {
    Some(match program {
        "qemu-system-x86_64" => "qemu-system-x86",
        "qemu-img" => "qemu-utils",
        "cc" | "gcc" => "gcc libc6-dev",
        "c++" | "g++" => "g++",
        "clang" => "clang",
        "musl-gcc" => "musl-tools",
        "make" => "make",
        "go" => "golang-go",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn shown_fit_for_a_shell() {
        let invocation = Invocation::new("/usr/bin/cc")
            .args(["-o", "a b", "it's", "", "-Wl,-z,now"])
            .set("LC_ALL", "C")
            .unset("CFLAGS")
            .folder("/src");
        assert_eq!(
            invocation.to_string(),
            r"cd /src && env -u CFLAGS LC_ALL=C /usr/bin/cc -o 'a b' 'it'\''s' '' -Wl,-z,now"
        );
    }

    #[test]
    fn missing_tool_names_its_package() {
        let error = missing("qemu-system-x86_64");
        assert_eq!(error.kind(), Kind::MissingTool);
        assert!(error.hint_text().unwrap().ends_with("qemu-system-x86"));
    }

    #[test]
    fn captured_output_and_status() {
        let invocation = Invocation::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]);
        let captured = invocation.run_captured(None).unwrap();
        assert_eq!(captured.status.code(), Some(3));
        assert_eq!(captured.stdout, b"out\n");
        assert_eq!(captured.stderr, b"err\n");
    }

    #[test]
    fn endless_program_is_killed() {
        let invocation = Invocation::new("sleep").arg("60");
        let error = invocation
            .run_captured(Some(Duration::from_millis(50)))
            .unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn lines_come_one_by_one() {
        let mut lines = Vec::new();
        let invocation = Invocation::new("sh").args(["-c", "echo a; echo b; exit 1"]);
        let status = invocation
            .run_lines(|line| {
                lines.push(line.to_owned());
                Ok(())
            })
            .unwrap();
        assert_eq!(lines, ["a", "b"]);
        assert_eq!(status.code(), Some(1));
    }

    #[test]
    fn last_lines_of_both_streams_are_kept() {
        let line = "echo a; echo b >&2; echo c; echo d >&2; exit 4";
        let invocation = Invocation::new("sh").args(["-c", line]);
        let (status, lines) = invocation.run_tail(3).unwrap();
        assert_eq!(lines, ["b", "c", "d"]);
        assert_eq!(status.code(), Some(4));
    }

    #[test]
    fn unknown_program_is_a_missing_tool() {
        let error = Invocation::new("no-such-program-here")
            .run_streamed()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::MissingTool);
    }
}
