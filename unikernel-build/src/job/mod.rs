//! What a build script asks of the tool, and what the tool answers: one JSON document each way.
//!
//! `cargo-unikernel job` reads a [`Job`] on stdin and writes an [`Answer`] on stdout. Progress and compiler messages go to
//! stderr. A tool that does not know a job's version refuses it by number.

mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use text::version;

/// The version of this module's types.
pub const VERSION: u32 = 1;

/// C or C++ sources that shall become images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// [`VERSION`] of who asks.
    pub version: u32,
    /// Name of the image, and of the program in it (`/NAME`).
    pub name: String,
    /// What relative paths are relative to: the package's folder.
    pub folder: PathBuf,
    /// Where everything is written; nothing is written elsewhere.
    pub out: PathBuf,
    /// How the compiler is chosen and called.
    pub compiler: Compiler,
    /// Source files, each `.c`, `.cc`, `.cpp` or `.cxx`.
    pub sources: Vec<PathBuf>,
    /// Folders for `#include`.
    pub include: Vec<PathBuf>,
    /// Macros, with a value or without.
    pub define: BTreeMap<String, Option<String>>,
    /// Further flags of the compiler.
    pub flags: Vec<String>,
    /// Libraries to link with, as after `-l`.
    pub libs: Vec<String>,
    /// The kernel's name; the tool's default when missing.
    pub kernel: Option<String>,
    /// The form of linking; `auto` when missing.
    pub link: Option<String>,
    /// Image formats; the kernel's default when empty.
    pub formats: Vec<String>,
    /// The program's arguments, without `argv[0]`.
    pub args: Vec<String>,
    /// The program's environment, over the tool's defaults.
    pub env: BTreeMap<String, String>,
    /// Guest path = host file or folder.
    pub files: BTreeMap<String, PathBuf>,
}

/// What cargo tells a build script about the compilation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// `TARGET`.
    pub target: String,
    /// `OPT_LEVEL`. Debug information is always there: it stays out of the image, in a file beside it.
    pub opt_level: String,
}

/// The variable that holds the path of the image with this name: `UNIKERNEL_` and the name in upper case, with everything but
/// letters and digits as `_`.
#[must_use]
pub fn variable(name: &str) -> String {
    let part = name.chars().map(|c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => c.to_ascii_uppercase(),
        _ => '_',
    });
    "UNIKERNEL_".chars().chain(part).collect()
}

/// The tool's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The images lie there.
    Built(Built),
    /// They don't.
    Failed(Failed),
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Built {
    /// The images, in the order of the job's formats.
    pub images: Vec<PathBuf>,
    /// The unstripped program.
    pub program: PathBuf,
    /// Every file that went into it: sources, headers, libraries, files of the root tree.
    pub inputs: Vec<PathBuf>,
    /// Every environment variable that was looked at.
    pub variables: Vec<String>,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
}

/// Why nothing was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What was being done, on what, why it failed.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Files whose change is worth another try.
    pub inputs: Vec<PathBuf>,
    /// Variables whose change is worth another try.
    pub variables: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_variable_names() {
        assert_eq!(variable("my-broker.2"), "UNIKERNEL_MY_BROKER_2");
    }
}
