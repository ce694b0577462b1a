//! What a build of a cargo package with nothing to do costs on top of cargo's own.

use std::path::Path;

use super::Figure;
use super::assemble::shortest;
use crate::call::Call;
use crate::error::Result;

/// Runs `cargo unikernel build` and `cargo build` in a package where nothing has changed.
pub(super) fn measure(folder: &Path, tool: &Path) -> Result<Figure> {
    let here = folder.join("again");
    let cargo = |args: &[&str]| {
        Call::new("cargo", args)
            .args(&["--quiet", "--offline"])
            .env("PATH", path_with(tool))
            .without_env("CARGO_TARGET_DIR")
    };
    let made = Call::new("cargo", ["new", "--quiet", "--vcs", "none"]).arg(&here);
    made.run()?;
    let ours = || {
        cargo(&["unikernel", "build"])
            .folder(&here)
            .text()
            .map(drop)
    };
    let plain = || cargo(&["build"]).folder(&here).text().map(drop);
    ours()?;
    plain()?;
    let (ours, plain) = (shortest(|| Ok(()), ours)?, shortest(|| Ok(()), plain)?);
    Ok(Figure {
        what: "`cargo unikernel build` of a package when nothing has changed, over `cargo build`",
        target: 50.0,
        unit: "ms",
        value: ours.saturating_sub(plain).as_secs_f64() * 1000.0,
        parts: format!("{ours:?} against {plain:?}"),
    })
}

/// `PATH` with the tool's folder in front, so that cargo finds this one.
fn path_with(tool: &Path) -> std::ffi::OsString {
    let folder = tool.parent().unwrap_or(tool).to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}
