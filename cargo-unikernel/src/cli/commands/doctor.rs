//! `cargo unikernel doctor`: what is there, what is missing, and what to do about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::{Error, Result};
use crate::kernel::{KERNELS, KernelFile, Origin};
use crate::program::cargo;
use crate::progress::{Diagnostic, Progress, Weight};
use crate::tool::{self, Invocation};
use crate::{env, fs};

/// How long a tool may take to tell its version.
const LIMIT: Duration = Duration::from_secs(10);

/// Nothing is to be said.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// What is there, or what is wrong.
    found: std::result::Result<String, Error>,
    /// Whether nothing goes without it.
    needed: bool,
}

/// Looks at everything, and tells.
///
/// # Errors
/// When standard output can't be written.
pub fn run(_args: &Args, shell: &Shell) -> Result<Exit> {
    let mut missing = false;
    for check in checks() {
        match check.found {
            Ok(text) => shell.data(&format!("ok       {}: {text}", check.name))?,
            Err(error) => {
                let word = if check.needed { "missing" } else { "note   " };
                missing |= check.needed;
                shell.data(&format!("{word}  {}: {error}", check.name))?;
                if let Some(hint) = error.hint_text() {
                    shell.data(&format!("         {hint}"))?;
                }
            }
        }
    }
    if let Some(diagnostic) = foreign_binary() {
        shell.finding(&diagnostic);
    }
    Ok(if missing {
        Exit::MissingTool
    } else {
        Exit::Done
    })
}

fn checks() -> Vec<Check> {
    let cargo = cargo::program();
    let mut checks = vec![
        needed("cargo", version(&cargo.to_string_lossy())),
        needed("rustc", version("rustc")),
        needed("C compiler", version(&compiler())),
        needed("qemu-system-x86_64", version("qemu-system-x86_64")),
        Check {
            name: "accelerator",
            found: accelerator(),
            needed: false,
        },
    ];
    checks.extend(KERNELS.iter().map(|kernel| {
        let found = KernelFile::open(kernel, &Origin::Usual);
        Check {
            name: kernel.name,
            found: found.map(|file| format!("kernel, {} bytes", file.content_len())),
            needed: false,
        }
    }));
    checks
}

fn needed(name: &'static str, found: Result<String>) -> Check {
    Check {
        name,
        found,
        needed: true,
    }
}

/// The compiler that C files are built with.
fn compiler() -> String {
    let given = env::text("CC").ok().flatten();
    let word = given.and_then(|line| line.split_whitespace().next().map(str::to_owned));
    word.unwrap_or_else(|| "cc".to_owned())
}

/// Path and first line of `--version`.
fn version(name: &str) -> Result<String> {
    let path = tool::find(name)?;
    let captured = Invocation::new(&path)
        .arg("--version")
        .run_captured(Some(LIMIT))?;
    let text = String::from_utf8_lossy(&captured.stdout).into_owned();
    let line = text.lines().next().unwrap_or_default();
    if !captured.status.success() {
        return Err(Error::missing_tool(format!(
            "`{} --version` failed: {}",
            path.display(),
            captured.status
        )));
    }
    Ok(format!("{line} ({})", path.display()))
}

fn accelerator() -> Result<String> {
    let device = Path::new("/dev/kvm");
    if !fs::exists(device) {
        return Err(Error::input(
            "no /dev/kvm: guests are emulated, which is slower",
        ));
    }
    fs::open(device).map_err(|error| {
        error.hint("`usermod -aG kvm USER` lets a user open it; without it guests are emulated")
    })?;
    Ok("/dev/kvm is there; `run --accel auto` tries it out before it is used".to_owned())
}

/// A `cargo-unikernel` in `PATH` that is not this program: the name on crates.io is another project's.
fn foreign_binary() -> Option<Diagnostic> {
    let found = tool::find("cargo-unikernel").ok()?;
    let own: PathBuf = fs::own_program().ok()?;
    if fs::canonical(&found).ok()? == own {
        return None;
    }
    Some(Diagnostic {
        weight: Weight::Warning,
        rule: None,
        message: "`cargo unikernel` starts another program than this one".to_owned(),
        place: Some(found.display().to_string()),
        notes: vec![
            format!("this one is `{}`", own.display()),
            "the package `cargo-unikernel` on crates.io is another project".to_owned(),
        ],
        help: Some(
            "install this one with `cargo install --path cargo-unikernel`, or remove the other"
                .to_owned(),
        ),
    })
}
