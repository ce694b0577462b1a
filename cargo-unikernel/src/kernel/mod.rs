//! Kernels: what boots, and what it wants from an image.
//!
//! How to add one: a file here with a `static` [`KernelTarget`] of facts and pure functions, and its line in [`KERNELS`].

mod builtin;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::LittleEndian;
use object::read::elf::ElfFile64;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::fs;
use crate::image::{ImageFormat, Parts, elf};
use crate::launch::Launch;
use crate::root::RootTree;
use crate::support::{self, Support};

/// Longest kernel file that is read, in bytes.
const MAX_LEN: u64 = 256 << 20;

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
    /// The kernel file that comes with the tool; an error says what to do where there is none.
    embedded: fn() -> Result<&'static [u8]>,
    /// Whether these bytes are a kernel file of this kernel, and one that the tool can pack.
    check: fn(&[u8]) -> Result<()>,
    /// What the image is made of.
    parts: fn(&KernelFile, &RootTree, &Launch) -> Result<Parts>,
}

/// All kernels, by name.
pub static KERNELS: &[&KernelTarget] = &[&builtin::KERNEL];

/// The kernel with this name.
///
/// # Errors
/// When there is none; the error names those that there are.
pub fn find(name: &str) -> Result<&'static KernelTarget> {
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
pub fn support_of(name: &str) -> Result<Support> {
    if let Some(support) = Support::of_kernel(name) {
        return support;
    }
    let target = KERNELS.iter().find(|kernel| kernel.name == name);
    let target = target.ok_or_else(|| {
        Error::input(format!("there is no kernel `{name}`"))
            .hint(format!("kernels: {}", names().join(", ")))
    })?;
    KernelFile::open(target, None)?.support()
}

/// A kernel file whose format and version were checked.
#[derive(Debug, Clone)]
pub struct KernelFile {
    target: &'static KernelTarget,
    bytes: Arc<[u8]>,
    path: Option<PathBuf>,
}

impl KernelFile {
    /// The kernel file at `kernel_file`, or the one that comes with the tool.
    ///
    /// # Errors
    /// When it can't be read, is no kernel file of this kernel, is of another version, or none comes with the tool.
    pub fn open(target: &'static KernelTarget, kernel_file: Option<&Path>) -> Result<Self> {
        let bytes: Arc<[u8]> = match kernel_file {
            Some(path) => fs::read_at_most(path, MAX_LEN)?.into(),
            None => (target.embedded)()?.into(),
        };
        (target.check)(&bytes).map_err(|error| match kernel_file {
            Some(path) => error.context(format!(
                "`{}` can't be used as kernel `{}`",
                path.display(),
                target.name
            )),
            None => error.context(format!(
                "the kernel `{}` that comes with the tool",
                target.name
            )),
        })?;
        Ok(Self {
            target,
            bytes,
            path: kernel_file.map(Path::to_owned),
        })
    }

    /// The kernel that the image at `path` was made with.
    ///
    /// # Errors
    /// When the file can't be read, or has no kernel in it that can be packed again.
    pub fn of_image(target: &'static KernelTarget, path: &Path) -> Result<Self> {
        let bytes: Arc<[u8]> = elf::kernel_of(path)?.into();
        (target.check)(&bytes)?;
        Ok(Self {
            target,
            bytes,
            path: None,
        })
    }

    /// Which kernel it is.
    #[must_use]
    pub fn target(&self) -> &'static KernelTarget {
        self.target
    }

    /// Where it was read from; `None` for the one that comes with the tool.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Its support statement ([`unikernel_abi::support`]).
    ///
    /// # Errors
    /// When it has none, or one that can't be read.
    pub fn support(&self) -> Result<Support> {
        let file = ElfFile64::<LittleEndian>::parse(&*self.bytes)
            .map_err(|error| Error::input(format!("the kernel file is broken: {error}")))?;
        Support::parse(&elf::support_text(&file)?)
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
    use super::*;
    use crate::testing;

    fn opened(bytes: &[u8]) -> Result<KernelFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        fs::write_bytes(&path, bytes).unwrap();
        KernelFile::open(&builtin::KERNEL, Some(&path))
    }

    #[test]
    fn unknown_kernel_names_the_known_ones() {
        let error = find("bulitin").unwrap_err();
        assert!(error.hint_text().unwrap().contains("`builtin`"));
        assert_eq!(find("builtin").unwrap().name, "builtin");
    }

    #[test]
    #[cfg(feature = "builtin")]
    fn kernel_that_comes_with_the_tool_can_be_packed() {
        let kernel = KernelFile::open(&builtin::KERNEL, None).unwrap();
        assert_eq!(kernel.path(), None);
        assert!(kernel.support().unwrap().by_name("write").is_some());
    }

    #[test]
    #[cfg(not(feature = "builtin"))]
    fn without_a_kernel_of_its_own_the_tool_says_so() {
        let error = KernelFile::open(&builtin::KERNEL, None).unwrap_err();
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
            "version 9 of the boot interface, and this tool has version 1",
        );
        check(|bytes| bytes[4096 + 32] = b'X', "no boot block");
        check(|bytes| bytes[4096 + 8] = 17, "no PVH note");
    }
}
