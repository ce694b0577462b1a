//! `cargo unikernel build`: prints the images' paths on standard output, and nothing else there.

use std::time::Instant;

use crate::cli::messages::{self, Artifacts};
use crate::cli::shell::Shell;
use crate::cli::{BuildOptions, Exit, Global};
use crate::error::Result;
use crate::manifest::Project;
use crate::pipeline;
use crate::program::cargo::Wanted;
use crate::progress::{Overheard, Progress};

/// What is built, and into what.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    build: BuildOptions,
    /// Stop before the image is written, and tell what would be in it
    #[arg(long, help_heading = "Image")]
    dry_run: bool,
}

/// Builds.
///
/// # Errors
/// Whatever a stage refuses.
pub fn run(args: &Args, global: &Global, shell: &Shell) -> Result<Exit> {
    let start = Instant::now();
    let project = Project::load(args.build.request(global, Wanted::All)?)?;
    if args.dry_run {
        for planned in pipeline::plan(&project, shell)? {
            for path in &planned.paths {
                shell.note(&format!(
                    "would write `{}` with\n{}",
                    path.display(),
                    planned.root.listing().trim_end()
                ));
            }
        }
        return Ok(Exit::Done);
    }
    let artifacts = Artifacts::default();
    let heard = Overheard {
        outside: shell,
        finding: &|_| {},
        machine: &|line| artifacts.keep(line),
    };
    for made in pipeline::build(&project, &heard)? {
        let image = &made.image;
        shell.finished(
            "Finished",
            &format!(
                "image `{}` for {} ({}, {})",
                made.manifest.name,
                image.kernel.name,
                image.format.name,
                size(image.len)
            ),
        );
        if args.build.json() {
            shell.data(&artifacts.message(&made).to_string())?;
            shell.data(&messages::image(&made, start.elapsed())?.to_string())?;
        } else {
            shell.data(&image.path.display().to_string())?;
        }
    }
    Ok(Exit::Done)
}

/// A length for people: `1.2 MiB`.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..0x400 => return format!("{bytes} B"),
        0x400..0x10_0000 => (1 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let tenths = bytes / (unit / 10).max(1);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_for_people() {
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size((3 << 20) / 2), "1.5 MiB");
        assert_eq!(size(8 << 30), "8.0 GiB");
    }
}
