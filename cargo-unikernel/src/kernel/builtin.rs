//! `builtin`: the kernel that comes with the tool.

use object::LittleEndian;
use object::elf::{EM_X86_64, FileHeader64};
use object::read::elf::FileHeader as _;
use object::{Object as _, ObjectSection as _};
use unikernel_abi::VERSION;
use unikernel_abi::boot::{self, BootBlock, BootBlockError};

use super::{KernelFile, KernelTarget};
use crate::archive::erofs;
use crate::error::{Error, Result};
use crate::image::{Parts, elf};
use crate::launch::Launch;
use crate::root::RootTree;

/// The kernel that comes with the tool.
pub(super) static KERNEL: KernelTarget = KernelTarget {
    name: "builtin",
    about: "the small kernel that comes with the tool: one Linux process with threads, one CPU",
    archive: &erofs::ARCHIVE,
    formats: &[&elf::FORMAT],
    max_cpus: 1,
    memory: 2 << 20,
    embedded,
    check,
    parts,
};

#[cfg(feature = "builtin")]
fn embedded() -> Result<&'static [u8]> {
    Ok(include_bytes!(env!("UNIKERNEL_BUILTIN_KERNEL")))
}

/// The one in the store: it lives as long as the process, as the one that is compiled in does.
#[cfg(not(feature = "builtin"))]
fn embedded() -> Result<&'static [u8]> {
    let kernel = crate::store::find(KERNEL.name, None).map_err(|error| {
        let hint = error.hint_text().unwrap_or_default().to_owned();
        error
            .context(
                "this `cargo-unikernel` was built without a kernel of its own (feature `builtin`)",
            )
            .hint(format!("give a kernel file with --kernel-file, or {hint}"))
    })?;
    Ok(kernel.part("kernel.elf")?.read()?.leak())
}

fn check(bytes: &[u8]) -> Result<()> {
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return Err(Error::input("it is no ELF of 64 bits, lowest byte first"));
    }
    let broken = |error: object::Error| Error::input(format!("as an ELF it is broken: {error}"));
    let header = FileHeader64::<LittleEndian>::parse(bytes).map_err(broken)?;
    if header.e_machine(LittleEndian) != EM_X86_64 {
        return Err(Error::input("it is not for x86-64"));
    }
    let file = object::read::elf::ElfFile64::<LittleEndian>::parse(bytes).map_err(broken)?;
    let section = file.section_by_name(boot::SECTION).ok_or_else(|| {
        Error::input(format!(
            "it has no boot block (section `{}`)",
            boot::SECTION
        ))
    })?;
    match BootBlock::decode(section.data().map_err(broken)?) {
        Ok(_) => {}
        Err(BootBlockError::Version(version)) => {
            return Err(Error::input(format!(
                "it has version {version} of the boot interface, and this tool has version {VERSION}"
            )));
        }
        Err(BootBlockError::Magic | BootBlockError::Truncated) => {
            return Err(Error::input("it has no boot block where one should be"));
        }
    }
    if elf::has_pvh_note(&file)? {
        return Ok(());
    }
    Err(Error::input(
        "it has no PVH note, so no machine would find its entry",
    ))
}

fn parts(kernel: &KernelFile, root: &RootTree, launch: &Launch) -> Result<Parts> {
    Ok(Parts {
        kernel: kernel.bytes().clone(),
        archive: (kernel.target().archive.plan)(root)?,
        launch: launch.encode(None)?,
    })
}
