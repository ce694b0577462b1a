//! The tests' one door to processes: a call with a time limit, and what came of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Seconds that a call may take on a quiet machine; five times as many where the environment has `CI`.
#[must_use]
pub fn patience(seconds: u64) -> Duration {
    let factor = if std::env::var_os("CI").is_some() {
        5
    } else {
        1
    };
    Duration::from_secs(seconds * factor)
}

/// A process to be: data until [`Call::run`].
#[derive(Debug, Clone)]
pub struct Call {
    program: OsString,
    args: Vec<OsString>,
    env: Option<BTreeMap<OsString, OsString>>,
    arg0: Option<String>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    seconds: u64,
}

/// How a process ended.
#[derive(Debug, Clone)]
pub struct Finished {
    what: String,
    /// Its status, or 128 and the number of the signal that ended it.
    pub status: i32,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: Vec<u8>,
}

impl Call {
    /// A call of this program, found by path or in `PATH`.
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: None,
            arg0: None,
            folder: None,
            stdin: Vec::new(),
            seconds: 120,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The whole environment, instead of the tests' own.
    #[must_use]
    pub fn full_env(mut self, env: BTreeMap<OsString, OsString>) -> Self {
        self.env = Some(env);
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env
            .get_or_insert_with(|| std::env::vars_os().collect())
            .insert(name.into(), value.into());
        self
    }

    /// What the process sees as its first argument, instead of the program's path.
    #[must_use]
    pub fn arg0(mut self, arg0: impl Into<String>) -> Self {
        self.arg0 = Some(arg0.into());
        self
    }

    /// The working folder.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// What it reads; nothing unless told.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// How long it may take, in seconds of a quiet machine.
    #[must_use]
    pub fn within(mut self, seconds: u64) -> Self {
        self.seconds = seconds;
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it can't be started or takes too long: both are the test's failure.
    #[must_use]
    pub fn run(&self) -> Finished {
        let handle = self.started(self.expression().stdout_capture().stderr_capture().start());
        let limit = patience(self.seconds);
        match handle.wait_timeout(limit) {
            Ok(Some(output)) => Finished {
                what: self.to_string(),
                status: status_number(output.status),
                stdout: output.stdout.clone(),
                stderr: output.stderr.clone(),
            },
            Ok(None) => {
                kill(&handle.pids());
                panic!("{self} was not done after {limit:?}")
            }
            Err(error) => panic!("{self}: {error}"),
        }
    }

    /// Starts it, to be read while it runs; what it writes to stderr is thrown away.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start_reading(&self) -> Reading {
        let reader = self.started(self.expression().stderr_null().reader());
        Reading {
            lines: BufReader::new(reader),
        }
    }

    /// Starts it, to be read while it runs, what it writes to stderr among the rest.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start_reading_both(&self) -> Reading {
        let reader = self.started(self.expression().stderr_to_stdout().reader());
        Reading {
            lines: BufReader::new(reader),
        }
    }

    fn started<T>(&self, result: std::io::Result<T>) -> T {
        result.unwrap_or_else(|error| {
            panic!("{self}: {error}; `cargo xtask test` installs what the tests need")
        })
    }

    fn expression(&self) -> duct::Expression {
        let mut expression = duct::cmd(&self.program, &self.args)
            .stdin_bytes(self.stdin.clone())
            .unchecked();
        if let Some(env) = &self.env {
            expression = expression.full_env(env);
        }
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        if let Some(arg0) = self.arg0.clone() {
            expression = expression.before_spawn(move |command| {
                command.arg0(&arg0);
                Ok(())
            });
        }
        expression
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())?;
        for arg in &self.args {
            write!(f, " {}", arg.display())?;
        }
        Ok(())
    }
}

/// A running process whose output is read.
pub struct Reading {
    lines: BufReader<duct::ReaderHandle>,
}

impl Reading {
    /// Its process id.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let pids = self.lines.get_ref().pids();
        *pids.first().expect("one process was started")
    }

    /// The next line that it prints, without its end.
    ///
    /// # Panics
    /// When it can't be read.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a pipe");
        line.trim_end().to_owned()
    }

    /// Reads lines until one is `wanted`; those before it.
    ///
    /// # Panics
    /// When the output ends before.
    pub fn until(&mut self, wanted: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            let mut line = String::new();
            let len = self.lines.read_line(&mut line).expect("a pipe");
            assert!(len > 0, "no line `{wanted}`, but {before:#?}");
            if line.trim_end() == wanted {
                return before;
            }
            before.push(line.trim_end().to_owned());
        }
    }

    /// How it ended, when it has.
    ///
    /// # Panics
    /// When its output can't be read.
    #[must_use]
    pub fn status(mut self) -> i32 {
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).expect("a pipe");
        let output = self.lines.get_ref().try_wait().expect("it was started");
        status_number(output.expect("its output has ended").status)
    }
}

fn kill(pids: &[u32]) {
    for pid in pids {
        if let Some(pid) = rustix::process::Pid::from_raw(pid.cast_signed()) {
            // It may have ended just now.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn status_number(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

impl Finished {
    /// Fails unless it ended with this status.
    ///
    /// # Panics
    /// When it ended with another one.
    #[track_caller]
    pub fn expect_status(&self, status: i32) -> &Self {
        assert!(self.status == status, "status {status} expected of {self}");
        self
    }

    /// Fails unless stdout is this text.
    ///
    /// # Panics
    /// When stdout is another one.
    #[track_caller]
    pub fn expect_stdout(&self, text: &str) -> &Self {
        assert!(
            self.stdout_text() == text,
            "stdout {text:?} expected of {self}"
        );
        self
    }

    /// Fails unless stderr has this text somewhere.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn expect_stderr_has(&self, text: &str) -> &Self {
        assert!(
            self.stderr_text().contains(text),
            "{text:?} on stderr expected of {self}"
        );
        self
    }

    /// What it wrote to stdout, as text.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it wrote to stderr, as text.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |text: String| text.chars().take(4000).collect::<String>();
        write!(
            f,
            "`{}`\nstatus: {}\nstdout:\n{}\nstderr:\n{}",
            self.what,
            self.status,
            cut(self.stdout_text()),
            cut(self.stderr_text())
        )
    }
}
