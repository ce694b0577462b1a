//! From kernel, checked program and root tree to an image.

mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fs::{self, Written};
use crate::image::{self, ImageFormat, Span};
use crate::kernel::{self, KernelFile, KernelTarget, Streams};
use crate::launch::Launch;
use crate::lint::Linted;
use crate::program::Program;
use crate::root::{Node, RootTree};
use crate::support::Support;

/// What the program that was not stripped is called behind the dot.
const UNSTRIPPED: &str = "debug";

/// An image in a file.
#[derive(Debug, Clone)]
pub struct Image {
    /// Where it lies; absolute.
    pub path: PathBuf,
    /// Length of the file in bytes.
    pub len: u64,
    /// Its kernel.
    pub kernel: &'static KernelTarget,
    /// Its format.
    pub format: &'static ImageFormat,
    /// What it starts.
    pub launch: Launch,
    /// Where the archive lies in the file.
    pub archive: Span,
    /// The kernel file that a VMM starts directly, with the image as its disk; the image itself when `None`.
    pub started: Option<PathBuf>,
    /// First physical address behind what is loaded from it.
    pub loaded_end: u64,
    /// Tells its kernel from others.
    pub kernel_digest: u64,
    /// Its kernel's support statement, for names of system calls.
    pub support: Arc<Support>,
}

impl Image {
    /// The image at `path`, whoever made it.
    ///
    /// # Errors
    /// When the file can't be read, or is no whole image that the tool can run.
    pub fn open(path: &Path) -> Result<Self> {
        let path = fs::absolute(path)?;
        let (kernel, found) = kernel::found(&path)?;
        let format = match kernel.streams {
            Streams::Ports => &image::elf::FORMAT,
            Streams::Console { .. } => &image::raw::FORMAT,
        };
        Ok(Self {
            len: fs::len(&path)?,
            kernel,
            format,
            launch: found.launch,
            archive: found.archive,
            loaded_end: found.loaded_end,
            kernel_digest: found.kernel_digest,
            support: found.support,
            started: None,
            path,
        })
    }

    /// Has the VMM start the kernel's file directly, where it has one and the image is a disk.
    pub fn starts_with(&mut self, kernel: &KernelFile) {
        if self.format.name == image::raw::FORMAT.name {
            self.started = kernel.direct().and_then(|piece| piece.path.clone());
        }
    }

    /// Where the program lies that was not stripped; beside the image, for names and lines of what is reported.
    #[must_use]
    pub fn unstripped(&self) -> PathBuf {
        self.path.with_extension(UNSTRIPPED)
    }

    /// The least memory that a machine must have to boot it, in bytes: what is loaded, and what the kernel needs beside it.
    #[must_use]
    pub fn needed_memory(&self) -> u64 {
        self.loaded_end + self.kernel.memory
    }
}

/// Writes the image of a checked program to `out`, whose extension says the format, and the program that was not stripped beside
/// it. An image that is there already with the same bytes is left alone.
///
/// # Errors
/// When the image would be larger than `budget` bytes, the kernel can't be packed so, something is too large, a host file can't be read, or `out` can't be written.
pub fn assemble(
    kernel: &KernelFile,
    linted: &Linted,
    root: &RootTree,
    launch: &Launch,
    budget: Option<u64>,
    out: &Path,
) -> Result<(Image, Written)> {
    for path in [&launch.program, &launch.name] {
        if !matches!(root.get(path), Some(Node::File { .. })) {
            return Err(Error::internal(format!("the root tree has no `{path}`")));
        }
    }
    let (image, written) = write(kernel, root, launch, budget, out)?;
    write_unstripped(linted.program(), &image.unstripped())?;
    Ok((image, written))
}

/// Writes the program that was not stripped, which may be many times as long as the image: neither is read when it is remembered
/// that one was made of the other.
fn write_unstripped(program: &Program, out: &Path) -> Result<()> {
    let fingerprint = record::fingerprint_of(program);
    if record::is_of(out, fingerprint) {
        return Ok(());
    }
    // Read only when a change after that would be noticed.
    let settles = program.stamp.settles();
    fs::write_bytes(out, &program.unstripped()?)?;
    record::remember(out, settles.then_some(fingerprint))
}

/// Writes an image to `out`. Only a [`Linted`] is a reason to: callers have one, or are tests, or pack our own self-test.
pub(crate) fn write(
    kernel: &KernelFile,
    root: &RootTree,
    launch: &Launch,
    budget: Option<u64>,
    out: &Path,
) -> Result<(Image, Written)> {
    let extension = out.extension().unwrap_or_default();
    let format = kernel
        .target()
        .formats
        .iter()
        .find(|format| extension == format.extension);
    let format = format.ok_or_else(|| {
        Error::internal(format!(
            "kernel `{}` has no image format for `{}`",
            kernel.target().name,
            out.display()
        ))
    })?;
    let context = |error: Error| error.context(format!("making the image `{}`", out.display()));
    let parts = kernel.parts(root, launch).map_err(context)?;
    let fingerprint = record::fingerprint(&parts, format.name);
    if fingerprint.is_some_and(|fingerprint| record::is_of(out, fingerprint)) {
        check_budget(fs::len(out)?, budget).map_err(context)?;
        return Ok((Image::open(out)?, Written::Unchanged));
    }
    let plan = (format.plan)(&parts).map_err(context)?;
    check_budget(plan.len(), budget).map_err(context)?;
    let written =
        if fs::open(out).is_ok_and(|mut old| plan.is_content_of(&mut old).is_ok_and(|same| same)) {
            Written::Unchanged
        } else {
            fs::write_atomically(out, |file| plan.write(file)).map_err(context)?
        };
    record::remember(out, fingerprint)?;
    Ok((Image::open(out)?, written))
}

fn check_budget(len: u64, budget: Option<u64>) -> Result<()> {
    match budget {
        Some(budget) if len > budget => Err(Error::input(format!(
            "it would have {len} bytes, more than its budget of {budget}"
        ))
        .hint("`-v` lists what is packed")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn image_is_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let (image, written) = testing::image(folder.path(), &[0xf4]);
        assert_eq!(written, Written::Changed);
        assert_eq!(image.launch, testing::launch());
        assert_eq!(image.len, fs::len(&image.path).unwrap());
        assert_eq!(
            image.loaded_end % 4096,
            image.launch.encode(None).unwrap().len() as u64
        );
        let (again, written) = testing::image(folder.path(), &[0xf4]);
        assert_eq!(written, Written::Unchanged);
        assert_eq!(again.path, image.path);
        let (_, written) = testing::image(folder.path(), &[0x90]);
        assert_eq!(written, Written::Changed);
    }

    #[test]
    fn what_is_no_image_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.elf");
        fs::write_bytes(&path, b"text").unwrap();
        let error = Image::open(&path).unwrap_err().to_string();
        assert!(error.contains("text.elf` is no image"), "{error}");
    }
}
