//! Where things lie, and the tool that was built.

use std::path::{Path, PathBuf};

use cargo_metadata::Message;

use crate::call::Call;
use crate::error::{Error, Result};

/// The folder of the whole repository.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// The tool as cargo built it.
pub(crate) struct Built {
    /// The program `cargo-unikernel`.
    pub(crate) tool: PathBuf,
    /// The kernel file that is compiled into it.
    pub(crate) kernel: PathBuf,
}

/// Which of cargo's profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// The developer's.
    Dev,
    /// The one that is installed.
    Release,
}

/// Builds the tool.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(profile: Profile) -> Result<Built> {
    let profile: &[&str] = match profile {
        Profile::Dev => &[],
        Profile::Release => &["--release"],
    };
    let args = [
        "build",
        "--package",
        "cargo-unikernel",
        "--bin",
        "cargo-unikernel",
    ];
    let messages = Call::new(cargo(), args)
        .args(profile)
        .args(&["--message-format", "json-render-diagnostics"])
        .folder(root());
    let output = messages.stdout_with_terminal()?;
    let mut tool = None;
    let mut kernel = None;
    for message in Message::parse_stream(output.as_slice()).map_while(std::result::Result::ok) {
        match message {
            Message::CompilerArtifact(artifact) if artifact.target.name == "cargo-unikernel" => {
                tool = artifact.executable.map(PathBuf::from).or(tool);
            }
            Message::BuildScriptExecuted(script)
                if script.package_id.repr.contains("cargo-unikernel") =>
            {
                let mut named = script.env.into_iter();
                let named = named.find(|(name, _)| name == "UNIKERNEL_BUILTIN_KERNEL");
                let path = named.map(|(_, value)| PathBuf::from(value));
                kernel = path.filter(|path| is_elf(path)).or(kernel);
            }
            _ => {}
        }
    }
    match (tool, kernel) {
        (Some(tool), Some(kernel)) => Ok(Built { tool, kernel }),
        _ => Err(Error::failed(
            "cargo does not name the tool and its kernel file",
        )),
    }
}

fn is_elf(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF"))
}
