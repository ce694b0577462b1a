//! A `Unikernel.toml` that is being written: values, and comments for what has no counterpart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Range;

use super::boot;
use super::fields::{Fields, Text};
use crate::progress::{Diagnostic, Weight};
use crate::suggestion::did_you_mean;
use crate::yaml::File;

/// What is known of the manifest so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Lines of comment above all.
    pub(super) comments: Vec<String>,
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) layers: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    /// Host paths by guest path.
    pub(super) files: BTreeMap<String, String>,
    pub(super) command: Option<String>,
    pub(super) binary: Binary,
    /// Keys of `[net]`.
    pub(super) net: BTreeMap<&'static str, String>,
    pub(super) findings: Vec<Diagnostic>,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Binary {
    /// Nothing says which.
    #[default]
    Unknown,
    /// A host path.
    At(String),
    /// One that Capstan's base image or a package brings: its name there.
    Elsewhere(String),
}

/// Options of OSv that the tool sets itself.
const OURS: [&str; 5] = ["console", "noinit", "nopci", "power-off-on-abort", "rootfs"];

impl Draft {
    /// Something that has no counterpart: told, and left as a comment.
    pub(super) fn lost(&mut self, file: &File, span: &Range<usize>, message: &str, help: &str) {
        self.told(file, span, Weight::Warning, message, help);
    }

    /// Keys that nobody knows, each as something that has no counterpart.
    pub(super) fn unknown(&mut self, file: &File, fields: Fields<'_>, known: &[&str]) {
        for (key, _) in fields.rest() {
            let message = format!("unknown key `{}`: Capstan passes over it too", key.text);
            self.lost(file, &key.span, &message, &did_you_mean(&key.text, known));
        }
    }

    /// Something that the user should know; what is more than a note is left as a comment, too.
    pub(super) fn told(
        &mut self,
        file: &File,
        span: &Range<usize>,
        weight: Weight,
        message: &str,
        help: &str,
    ) {
        let mut finding = file.diagnostic(weight, span, message);
        finding.help = Some(help.to_owned()).filter(|help| !help.is_empty());
        self.findings.push(finding);
        if weight > Weight::Note {
            let place = format!("{}:{}", file.name.display(), file.line(span));
            self.comments.push(format!("{place}: {message}"));
        }
    }

    /// Takes a command line over, but for its program, which comes back as it is written.
    pub(super) fn boot(&mut self, file: &File, line: &Text) -> Option<Text> {
        let boot = boot::parse(&line.text);
        for (name, value) in &boot.options {
            let shown = match value {
                Some(value) => format!("--{name}={value}"),
                None => format!("--{name}"),
            };
            let mut span = file.word(&line.span, &shown);
            if span == line.span {
                // A value with escaped blanks is written in another way.
                span = file.word(&line.span, &format!("--{name}"));
            }
            self.option(file, &span, &shown, name, value.as_deref());
        }
        if let Some(rest) = &boot.rest {
            let separator = rest.get(..1).unwrap_or_default();
            let span = file.word(&line.span, separator);
            self.lost(
                file,
                &span,
                &format!("an image starts one program, and these are more: `{rest}`"),
                "make an image of each, with a manifest of its own",
            );
        }
        if boot.is_open {
            let span = file.word(&line.span, "\"");
            let message = "a `\"` that nothing closes: the rest of the line is one word";
            self.lost(
                file,
                &span,
                message,
                "close it, or write `\\\"` for the letter",
            );
        }
        let mut words = boot.words.into_iter();
        let program = words.next()?;
        self.args = words.collect();
        let replaced = self.args.iter().filter(|arg| arg.contains('$')).cloned();
        for arg in replaced.collect::<BTreeSet<String>>() {
            let span = file.word(&line.span, &arg);
            let message = format!("`{arg}` is an argument as it stands: `$` replaces nothing here");
            let help = "write the value itself, or let the program read its environment";
            self.lost(file, &span, &message, help);
        }
        let span = file.word(&line.span, &program);
        Some(Text {
            text: program,
            span,
        })
    }

    /// Takes an option of OSv over, which is `shown` as it is written.
    fn option(
        &mut self,
        file: &File,
        span: &Range<usize>,
        shown: &str,
        name: &str,
        value: Option<&str>,
    ) {
        let pair = value.and_then(|value| value.split_once('='));
        match (name, pair, value) {
            _ if shown.contains('"') => self.lost(
                file,
                span,
                &format!("`{shown}` is left out: in options of OSv quotes hold nothing together"),
                "a backslash keeps a blank: --env=NAME=two\\ words",
            ),
            // `K?=V` is for a script: set if it is not set yet.
            ("env", Some((key, value)), _) => {
                let key = key.trim_end_matches('?').to_owned();
                self.env.insert(key, value.to_owned());
            }
            ("ip", _, Some(value)) if self.address(value) => {}
            ("defaultgw", _, Some(value)) if value.parse::<Ipv4Addr>().is_ok() => {
                self.net.insert("gateway", value.to_owned());
            }
            ("nameserver", _, Some(value)) if value.parse::<Ipv4Addr>().is_ok() => {
                self.net.insert("dns", value.to_owned());
            }
            ("cwd", _, Some(folder)) => self.lost(
                file,
                span,
                &format!("`{shown}`: the program starts in `/`"),
                &format!("give it absolute paths, or an argument that makes it go to `{folder}`"),
            ),
            (name, ..) if OURS.contains(&name) => self.told(
                file,
                span,
                Weight::Note,
                &format!(
                    "`{shown}` is left out: the tool says it to OSv itself where it is needed"
                ),
                "",
            ),
            _ => self.lost(
                file,
                span,
                &format!("`{shown}` has no counterpart"),
                "options of OSv are not passed on",
            ),
        }
    }

    /// `eth0,ADDRESS,MASK`; whether it was understood, and is the only one.
    fn address(&mut self, value: &str) -> bool {
        let parts: Vec<&str> = value.split(',').collect();
        let [_, address, mask] = &parts[..] else {
            return false;
        };
        let (Ok(address), Ok(mask)) = (address.parse::<Ipv4Addr>(), mask.parse::<Ipv4Addr>())
        else {
            return false;
        };
        let prefix = mask.to_bits().leading_ones();
        if self.net.contains_key("address") || mask.to_bits().count_ones() != prefix {
            return false;
        }
        self.net.insert("address", format!("{address}/{prefix}"));
        true
    }
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    texts.join(", ")
}

/// A comment takes no control characters, and ends with its line.
fn comment(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    format!(
        "# {}",
        text.chars().map(plain).collect::<String>().trim_end()
    )
}

/// What is to be filled in where the program is not known.
const GAP: &str = "# binary = \"...\"";

/// Longest list that stands on one line.
const MAX_LINE: usize = 100;

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.comments {
            writeln!(f, "{}", comment(line))?;
        }
        if !self.comments.is_empty() {
            writeln!(f)?;
        }
        writeln!(f, "name = {}\nkernel = \"osv\"", quoted(&self.name))?;
        let args = list(&self.args);
        if args.len() > MAX_LINE {
            let lines = self
                .args
                .iter()
                .map(|arg| format!("    {},\n", quoted(arg)));
            writeln!(f, "args = [\n{}]", lines.collect::<String>())?;
        } else if !args.is_empty() {
            writeln!(f, "args = [{args}]")?;
        }
        if !self.layers.is_empty() {
            writeln!(f, "layers = [{}]", list(&self.layers))?;
        }
        let table = |f: &mut fmt::Formatter<'_>, name: &str, of: &BTreeMap<String, String>| {
            if !of.is_empty() {
                writeln!(f, "\n[{name}]")?;
            }
            of.iter()
                .try_for_each(|(key, value)| writeln!(f, "{} = {}", key_of(key), quoted(value)))
        };
        table(f, "env", &self.env)?;
        table(f, "files", &self.files)?;
        writeln!(f, "\n[build]")?;
        if let Some(command) = &self.command {
            writeln!(f, "command = {}", quoted(command))?;
        }
        match &self.binary {
            Binary::At(path) => writeln!(f, "binary = {}", quoted(path))?,
            Binary::Elsewhere(program) => {
                let what = format!("`{program}` is no file of the project: name the ELF here");
                writeln!(f, "{}\n{GAP}", comment(&what))?;
            }
            Binary::Unknown => {
                let what = "nothing says what is started: name the ELF here";
                writeln!(f, "{}\n{GAP}", comment(what))?;
            }
        }
        if !self.net.is_empty() {
            writeln!(f, "\n[net]")?;
        }
        let mut net = self.net.iter();
        net.try_for_each(|(key, value)| writeln!(f, "{key} = {}", quoted(value)))
    }
}

/// A key as TOML writes it: bare where that is possible, and always on one line.
fn key_of(key: &str) -> String {
    let table = toml::Table::from_iter([(key.to_owned(), toml::Value::from(0))]);
    let line = table.to_string();
    line.trim_end()
        .trim_end_matches("= 0")
        .trim_end()
        .to_owned()
}
