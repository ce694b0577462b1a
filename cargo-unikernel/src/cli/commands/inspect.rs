//! `cargo unikernel inspect`: what an image holds. Its program is read, not run.

use std::fmt::Write as _;
use std::path::PathBuf;

use unikernel_abi::VERSION;

use crate::archive::{Entry, EntryKind};
use crate::assemble::Image;
use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::Result;
use crate::program::Shape;
use crate::program::elf::ElfFacts;

/// What is looked at.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
}

/// Prints what it holds on standard output.
///
/// # Errors
/// When it can't be read, is no image, or its archive is damaged.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    let image = Image::open(&args.image)?;
    let archive = image.kernel.archive;
    let context = |error: crate::error::Error| {
        error.context(format!("looking into `{}`", image.path.display()))
    };
    let program = image.launch.name.to_string();
    let contents = (archive.look)(&image.path, image.archive, &program).map_err(context)?;
    let facts = contents.file.map(|bytes| ElfFacts::parse(&bytes));
    let facts = facts.transpose().map_err(context)?;
    let text =
        head(&image, facts.as_ref()) + &listing(archive.name, &contents.entries, image.archive.len);
    shell.data(text.trim_end())?;
    Ok(Exit::Done)
}

fn head(image: &Image, facts: Option<&ElfFacts>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12}{value}");
    };
    line("image", image.path.display().to_string());
    let (format, kernel) = (image.format.name, image.kernel.name);
    line("format", format!("{format}, {} bytes", image.len));
    line(
        "kernel",
        format!(
            "{kernel}, interface {VERSION}, code {:016x}",
            image.kernel_digest
        ),
    );
    line(
        "memory",
        format!("{} bytes at least", image.needed_memory()),
    );
    let launch = &image.launch;
    line("program", launch.name.to_string());
    if launch.program != launch.name {
        line("started by", launch.program.to_string());
    }
    for arg in &launch.args {
        line("argument", quoted(&arg.to_string_lossy()));
    }
    for (name, value) in &launch.env {
        line(
            "environment",
            quoted(&format!("{name}={}", value.display())),
        );
    }
    match facts {
        Some(facts) => {
            line("shape", Shape::of(facts).to_string());
            if let Some(interpreter) = &facts.interpreter {
                line("interpreter", quoted(interpreter));
            }
            for library in &facts.needed {
                line("needs", quoted(library));
            }
        }
        None => line("shape", "the archive does not hold the program".to_owned()),
    }
    text
}

/// A line for each entry: permissions, bytes, path.
fn listing(archive: &str, entries: &[Entry], len: u64) -> String {
    let mut text = format!(
        "archive     {archive}, {len} bytes, {} entries\n",
        entries.len()
    );
    for entry in entries {
        let (kind, len, target) = match &entry.kind {
            EntryKind::Folder => ('d', String::new(), String::new()),
            EntryKind::File(len) => ('-', len.to_string(), String::new()),
            EntryKind::Link(target) => ('l', String::new(), format!(" -> {}", quoted(target))),
        };
        let (mode, path) = (entry.permissions, quoted(&entry.path));
        let _ = writeln!(text, "{kind}{mode:04o}{len:>12}  {path}{target}");
    }
    text
}

/// Text of an image on the way to a terminal: what could steer that is escaped.
fn quoted(text: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(quoted("a\u{1b}[2Jb ö"), "a\\u{1b}[2Jb ö");
    }
}
