//! Kernels: what boots, and what it wants from an image.
//!
//! How to add one: a file here with a `static` [`KernelTarget`] of facts and pure functions, and its line in [`KERNELS`].

mod builtin;
mod origin;
mod osv;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::LittleEndian;
use object::read::elf::ElfFile64;

pub use origin::{Origin, split};

use crate::archive::Archive;
use crate::closure::Closure;
use crate::error::{Error, Result};
use crate::fs;
use crate::image::{ImageFormat, Parts, Span, elf};
use crate::launch::{HostFacts, Launch};
use crate::lint::Linted;
use crate::program::Link;
use crate::root::RootTree;
use crate::root::plan::Wanted;
use crate::support::{self, Support};

/// Longest kernel file that is read, in bytes.
pub(crate) const MAX_LEN: u64 = 256 << 20;

/// A kernel that images can be made for.
#[derive(Debug)]
pub struct KernelTarget {
    /// Its name, as `--kernel` takes it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// How it wants the root tree.
    pub archive: &'static Archive,
    /// What it can be packed as; the first is the default.
    pub formats: &'static [&'static ImageFormat],
    /// How many CPUs it can use.
    pub max_cpus: u32,
    /// Memory that it needs beside the image as it is loaded, in bytes: below that it does not get to the program.
    pub memory: u64,
    /// How C programs are linked when nobody says how.
    pub c_link: Link,
    /// Whether it has a network.
    pub has_network: bool,
    /// How its programs speak with the host.
    pub streams: Streams,
    /// Folders of the guest that show what the kernel knows, and nothing of what the root tree has there.
    pub views: &'static [&'static str],
    /// Opens and checks a kernel; an error says what to do where there is none.
    open: fn(&Origin) -> Result<Pieces>,
    /// What the kernel makes of a program and its libraries.
    fit: fn(Closure, &Support) -> Result<Closure>,
    /// Whether the end of this program will be reported.
    is_reported: fn(&Closure) -> bool,
    /// Files that it wants in each root tree, with the reason.
    files: fn() -> Result<Wanted>,
    /// How what is given for a run reaches it.
    handover: fn(&Launch, Option<&HostFacts>) -> Result<Handover>,
    /// What the image is made of.
    parts: fn(&KernelFile, &RootTree, &Launch) -> Result<Parts>,
    /// What the image at a path, which begins with these bytes, holds; `None` when it is none of this kernel's.
    find: fn(&Path, &[u8]) -> Result<Option<Found>>,
}

/// How a kernel's programs speak with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// Four streams, each by a port of its own ([`unikernel_abi::stream`]).
    Ports,
    /// A console on the first serial line for all that is written, and reports by I/O port.
    Console {
        /// What the last line of the kernel's own begins with, before the program's first.
        starts_behind: &'static str,
        /// What it writes when it gives up.
        last_words: &'static LastWords,
    },
}

/// What a kernel writes on its console when it gives up, and what that means for the program.
#[derive(Debug, PartialEq, Eq)]
pub struct LastWords {
    /// The line behind the reason: nothing comes after it but lines that begin with one of `frames`, and empty ones.
    pub head: &'static str,
    /// What those begin with.
    pub frames: &'static [&'static str],
    /// Parts of reasons, and the signals that end a program on Linux for that (signal(7)); what is nearest to the cause first.
    pub reasons: &'static [(&'static str, u8)],
}

/// How what is given for one run reaches the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// A launch record, as a module beside the kernel.
    Record(Vec<u8>),
    /// The kernel's command line.
    CommandLine(Vec<u8>),
    /// Bytes of the image that are others for this run: it is started from a copy, which boots itself.
    Disk {
        /// Where they lie in the image.
        at: u64,
        /// The bytes.
        bytes: Vec<u8>,
        /// Why the kernel is not started directly.
        why: String,
    },
}

/// The files of a kernel; there is at least one.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    /// What a VMM starts directly.
    pub direct: Option<Piece>,
    /// What a disk begins with.
    pub disk: Option<Piece>,
}

/// A file of a kernel.
#[derive(Debug, Clone)]
pub struct Piece {
    /// What was read of it: all of it, or as much as tells that it is a kernel.
    pub bytes: Arc<[u8]>,
    /// Length of all of it in bytes.
    pub len: u64,
    /// Where it lies; `None` when it came with the tool, and then all of it was read.
    pub path: Option<PathBuf>,
}

/// What is found in an image.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it starts.
    pub launch: Launch,
    /// Where the archive lies in the file.
    pub archive: Span,
    /// Tells kernels apart.
    pub kernel_digest: u64,
    /// First physical address behind what is loaded.
    pub loaded_end: u64,
    /// What the kernel supports.
    pub support: Arc<Support>,
}

/// All kernels, by name.
pub static KERNELS: &[&KernelTarget] = &[&builtin::KERNEL, &osv::KERNEL];

/// The kernel that `KIND` or `KIND/NAME` means.
///
/// # Errors
/// When there is no such kind; the error names those that there are.
pub fn find(word: &str) -> Result<&'static KernelTarget> {
    let (name, _) = split(word);
    let found = KERNELS.iter().find(|kernel| kernel.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = KERNELS
            .iter()
            .map(|kernel| format!("`{}`", kernel.name))
            .collect();
        Error::input(format!("there is no kernel `{name}`"))
            .hint(format!("kernels: {}", names.join(", ")))
    })
}

/// The names of all kernels that the tool knows the support of, sorted: not all of them can be packed.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let packed = KERNELS.iter().map(|kernel| kernel.name);
    let known = support::KERNELS.iter().map(|(name, _)| *name);
    let names: BTreeSet<&str> = packed.chain(known).collect();
    names.into_iter().collect()
}

/// What the kernel with this name supports: the tool's data, or what the kernel file that comes with the tool states.
///
/// # Errors
/// When there is no such kernel, or no file of it.
pub fn support_of(name: &str) -> Result<Arc<Support>> {
    if let Some(support) = Support::of_kernel(name) {
        return support;
    }
    let target = KERNELS.iter().find(|kernel| kernel.name == name);
    let target = target.ok_or_else(|| {
        Error::input(format!("there is no kernel `{name}`"))
            .hint(format!("kernels: {}", names().join(", ")))
    })?;
    KernelFile::open(target, &Origin::Usual)?.support()
}

impl KernelTarget {
    /// What this kernel makes of a program that the lint let pass.
    ///
    /// # Errors
    /// When the program can't be made to suit it.
    pub fn fit(&self, linted: Linted, support: &Support) -> Result<Linted> {
        linted.fit(|closure| self.fitted(closure, support))
    }

    /// What this kernel makes of a program and its libraries.
    ///
    /// # Errors
    /// As [`KernelTarget::fit`].
    pub(crate) fn fitted(&self, closure: Closure, support: &Support) -> Result<Closure> {
        (self.fit)(closure, support)
    }

    /// Whether the end of this program will be reported.
    #[must_use]
    pub fn is_reported(&self, linted: &Linted) -> bool {
        (self.is_reported)(linted.closure())
    }

    /// Files that it wants in each root tree, with the reason.
    ///
    /// # Errors
    /// Internal, when a path is none.
    pub fn files(&self) -> Result<Wanted> {
        (self.files)()
    }

    /// How what is given for a run reaches it.
    ///
    /// # Errors
    /// When it can't be said to this kernel.
    pub fn handover(&self, launch: &Launch, host: Option<&HostFacts>) -> Result<Handover> {
        (self.handover)(launch, host)
    }
}

/// What the image at `path` holds, and for which kernel.
///
/// # Errors
/// When it can't be read, or is no whole image of any kernel's.
pub fn found(path: &Path) -> Result<(&'static KernelTarget, Found)> {
    const HEAD: u64 = 512;
    let mut head = Vec::new();
    let file = fs::open(path)?;
    file.take(HEAD)
        .read_to_end(&mut head)
        .map_err(|error| fs::failed("read", path, &error))?;
    for kernel in KERNELS {
        if let Some(found) = (kernel.find)(path, &head)? {
            return Ok((kernel, found));
        }
    }
    Err(Error::input(format!(
        "`{}` is no image that can be run: it is neither an ELF file nor a disk of a kernel that is known",
        path.display()
    )))
}

/// A kernel whose files were checked.
#[derive(Debug, Clone)]
pub struct KernelFile {
    target: &'static KernelTarget,
    pieces: Pieces,
}

impl KernelFile {
    /// The kernel of this kind from there.
    ///
    /// # Errors
    /// When it can't be read, is no kernel of this kind, is of another version, or there is none.
    pub fn open(target: &'static KernelTarget, origin: &Origin) -> Result<Self> {
        let pieces = (target.open)(origin).map_err(|error| match origin {
            Origin::File(path) => error.context(format!(
                "`{}` can't be used as kernel `{}`",
                path.display(),
                target.name
            )),
            Origin::Usual | Origin::Stored(_) => error,
        })?;
        Ok(Self { target, pieces })
    }

    /// The kernel whose self-test shows whether the machine works: the one in the image at `path`. Only `builtin` has one, so the
    /// one that comes with the tool stands in for others.
    ///
    /// # Errors
    /// When the file can't be read, has no kernel in it that can be packed again, or none comes with the tool.
    pub fn for_self_test(target: &'static KernelTarget, path: &Path) -> Result<Self> {
        let own = &builtin::KERNEL;
        if target.name != own.name {
            return Self::open(own, &Origin::Usual);
        }
        Ok(Self {
            target,
            pieces: builtin::pieces(elf::kernel_of(path)?.into(), None)?,
        })
    }

    /// Which kernel it is.
    #[must_use]
    pub fn target(&self) -> &'static KernelTarget {
        self.target
    }

    /// What a VMM starts directly.
    #[must_use]
    pub fn direct(&self) -> Option<&Piece> {
        self.pieces.direct.as_ref()
    }

    /// What a disk begins with.
    #[must_use]
    pub fn disk(&self) -> Option<&Piece> {
        self.pieces.disk.as_ref()
    }

    /// Bytes of its files.
    #[must_use]
    pub fn content_len(&self) -> u64 {
        let pieces = [self.direct(), self.disk()];
        pieces.into_iter().flatten().map(|piece| piece.len).sum()
    }

    /// What it supports: its support statement ([`unikernel_abi::support`]), or the data that comes with the tool.
    ///
    /// # Errors
    /// When it has none, or one that can't be read.
    pub fn support(&self) -> Result<Arc<Support>> {
        if let Some(support) = Support::of_kernel(self.target.name) {
            return support;
        }
        let bytes = self.direct().map_or(&[][..], |piece| &piece.bytes);
        let file = ElfFile64::<LittleEndian>::parse(bytes)
            .map_err(|error| Error::input(format!("the kernel file is broken: {error}")))?;
        Support::parse(&elf::support_text(&file)?).map(Arc::new)
    }

    /// What an image of this kernel, root tree and launch is made of.
    ///
    /// # Errors
    /// When the root tree or the launch can't be written down for it.
    pub fn parts(&self, root: &RootTree, launch: &Launch) -> Result<Parts> {
        (self.target.parts)(self, root, launch)
    }
}

#[cfg(test)]
mod tests {
    use unikernel_abi::VERSION;

    use super::*;
    use crate::testing;

    fn opened(bytes: &[u8]) -> Result<KernelFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        fs::write_bytes(&path, bytes).unwrap();
        KernelFile::open(&builtin::KERNEL, &Origin::File(path))
    }

    #[test]
    fn unknown_kernel_names_the_known_ones() {
        let error = find("bulitin").unwrap_err();
        assert!(error.hint_text().unwrap().contains("`builtin`"));
        assert_eq!(find("builtin").unwrap().name, "builtin");
        assert_eq!(find("osv/mine").unwrap().name, "osv");
    }

    #[test]
    #[cfg(feature = "builtin")]
    fn kernel_that_comes_with_the_tool_can_be_packed() {
        let kernel = KernelFile::open(&builtin::KERNEL, &Origin::Usual).unwrap();
        assert_eq!(kernel.direct().unwrap().path, None);
        assert!(kernel.support().unwrap().by_name("write").is_some());
    }

    #[test]
    #[cfg(not(feature = "builtin"))]
    fn without_a_kernel_of_its_own_the_tool_says_so() {
        let error = KernelFile::open(&builtin::KERNEL, &Origin::Usual).unwrap_err();
        assert!(error.hint_text().unwrap().contains("--kernel-file"));
    }

    #[test]
    fn support_is_known_of_kernels_without_a_file() {
        assert_eq!(names(), ["builtin", "nanos", "osv"]);
        assert!(support_of("osv").unwrap().symbol("printf").is_some());
        assert!(
            support_of("ovs")
                .unwrap_err()
                .hint_text()
                .unwrap()
                .contains("osv")
        );
    }

    #[test]
    fn support_statement_names_system_calls() {
        let kernel = opened(&testing::kernel(&[0xf4])).unwrap();
        let support = kernel.support().unwrap();
        assert_eq!(support.by_number(57).unwrap().name, "fork");
        assert_eq!(support.by_number(58), None);
    }

    #[test]
    fn what_is_no_kernel_says_why() {
        let check = |change: fn(&mut Vec<u8>), expected: &str| {
            let mut bytes = testing::kernel(&[0xf4]);
            change(&mut bytes);
            let error = opened(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(|bytes| bytes.clear(), "no ELF");
        check(|bytes| bytes[18] = 3, "x86-64");
        // The boot block's version.
        check(
            |bytes| bytes[4096 + 32 + 8] = 9,
            &format!("version 9 of the boot interface, and this tool has version {VERSION}"),
        );
        check(|bytes| bytes[4096 + 32] = b'X', "no boot block");
        check(|bytes| bytes[4096 + 8] = 17, "no PVH note");
    }

    #[test]
    fn finished_image_is_no_kernel() {
        let folder = tempfile::tempdir().unwrap();
        let (image, _) = testing::image(folder.path(), &[0xf4]);
        let error = KernelFile::open(&builtin::KERNEL, &Origin::File(image.path)).unwrap_err();
        assert!(error.to_string().contains("finished image"), "{error}");
    }
}
