//! The one printer: words for people on standard error, data on standard output.

use std::io::{self, Read, Write};

use anstream::ColorChoice;

use super::Exit;
use crate::error::{Error, Result};
use crate::progress::{Diagnostic, Progress, Weight};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors and warnings (`-q`).
    Quiet,
    /// What cargo would tell.
    #[default]
    Normal,
    /// What is run and what is packed, too (`-v`).
    Verbose,
}

/// The terminal, or what stands for it.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    verbosity: Verbosity,
    color: ColorChoice,
}

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[1;32m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[1;36m";
const BLUE: &str = "\x1b[1;34m";
const RESET: &str = "\x1b[0m";

impl Shell {
    /// A shell with this verbosity; `color` is `auto`, `always` or `never` (`auto` obeys `NO_COLOR` and `CLICOLOR_FORCE`).
    #[must_use]
    pub fn new(verbosity: Verbosity, color: &str) -> Self {
        let color = match color {
            "always" => ColorChoice::Always,
            "never" => ColorChoice::Never,
            _ => ColorChoice::Auto,
        };
        Self { verbosity, color }
    }

    /// How much is told.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Tells what clap has to say: help on standard output, misuse on standard error.
    #[must_use]
    pub fn usage(error: &clap::Error) -> Exit {
        // With nobody to read it there is nothing to be done.
        let _ = error.print();
        if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Done
        }
    }

    /// A line of data, on standard output.
    ///
    /// # Errors
    /// When it can't be written; a reader that has gone away is not an error.
    pub fn data(&self, line: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::input(format!(
                "can't write to standard output: {error}"
            ))),
            _ => Ok(()),
        }
    }

    /// All of standard input, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// When it can't be read, or is longer.
    pub fn input(&self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let n_read = io::stdin()
            .lock()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::input(format!("can't read standard input: {error}")))?;
        if n_read as u64 > limit {
            return Err(Error::input(format!(
                "standard input has more than the {limit} bytes that are allowed here"
            )));
        }
        Ok(bytes)
    }

    /// An error with its causes, place and hint; told whatever the verbosity.
    pub fn error(&self, error: &Error) {
        let mut messages = error.messages();
        let first = messages.next().unwrap_or_default();
        let mut text = format!("{RED}error{RESET}{BOLD}:{RESET} {first}\n");
        let causes: Vec<&str> = messages.collect();
        if !causes.is_empty() {
            text.push_str("\nCaused by:\n");
            for cause in causes {
                text.push_str(&format!("  {}\n", cause.replace('\n', "\n  ")));
            }
        }
        if let Some(snippet) = error.snippet_text() {
            text.push_str(&format!("{}\n", snippet.trim_end()));
        }
        if let Some(hint) = error.hint_text() {
            text.push_str(&format!("\n{CYAN}help{RESET}: {hint}\n"));
        }
        self.put(&text);
    }

    fn verb(&self, verb: &str, what: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.put(&format!("{GREEN}{verb:>12}{RESET} {what}\n"));
        }
    }

    /// Standard error that has gone away leaves nobody to tell.
    fn put(&self, text: &str) {
        let mut stderr = anstream::AutoStream::new(io::stderr(), self.choice()).lock();
        let _ = stderr.write_all(text.as_bytes());
    }

    fn choice(&self) -> ColorChoice {
        match self.color {
            ColorChoice::Auto => anstream::AutoStream::choice(&io::stderr()),
            choice => choice,
        }
    }
}

impl Progress for Shell {
    fn started(&self, verb: &str, what: &str) {
        self.verb(verb, what);
    }

    fn finding(&self, diagnostic: &Diagnostic) {
        if self.verbosity > Verbosity::Quiet || diagnostic.weight > Weight::Note {
            self.put(&rendered(diagnostic));
        }
    }

    fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.put(&format!("{CYAN}note{RESET}: {text}\n"));
        }
    }

    fn detail(&self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.put(&format!("{}\n", text.trim_end_matches('\n')));
        }
    }

    fn finished(&self, verb: &str, what: &str) {
        self.verb(verb, what);
    }

    fn pass_through(&self, text: &str) {
        self.put(text);
    }

    fn shows_builds(&self) -> bool {
        self.verbosity > Verbosity::Quiet
    }

    fn machine(&self, line: &str) {
        // Whoever closed the pipe has seen enough; a full disk shows when the last line is written.
        let _ = self.data(line);
    }
}

/// A diagnostic as rustc would print it.
fn rendered(diagnostic: &Diagnostic) -> String {
    let (color, word) = match diagnostic.weight {
        Weight::Note => (CYAN, "note"),
        Weight::Warning => (YELLOW, "warning"),
        Weight::Error => (RED, "error"),
    };
    let rule = diagnostic
        .rule
        .map_or_else(String::new, |rule| format!("[{rule}]"));
    let mut text = format!(
        "{color}{word}{rule}{RESET}{BOLD}: {}{RESET}\n",
        diagnostic.message
    );
    if let Some(place) = &diagnostic.place {
        text.push_str(&format!("  {BLUE}-->{RESET} {place}\n"));
    }
    for note in &diagnostic.notes {
        text.push_str(&format!("   {BLUE}={RESET} {BOLD}note{RESET}: {note}\n"));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("   {BLUE}={RESET} {BOLD}help{RESET}: {help}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostic_has_the_shape_of_rustc() {
        let text = rendered(&Diagnostic {
            weight: Weight::Error,
            rule: Some("UK010"),
            message: "library `libz.so.1` is not found".to_owned(),
            place: Some("/usr/bin/prog".to_owned()),
            notes: vec!["looked in /lib".to_owned()],
            help: Some("install it".to_owned()),
        });
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            plain,
            "error[UK010]: library `libz.so.1` is not found\n  --> /usr/bin/prog\n   = note: looked in /lib\n   = help: install it\n"
        );
    }
}
