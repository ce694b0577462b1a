//! `builtin`: the kernel that comes with the tool.

use object::LittleEndian;
use object::elf::{EM_X86_64, FileHeader64};
use object::read::elf::FileHeader as _;
use object::{Object as _, ObjectSection as _};
use unikernel_abi::VERSION;
use unikernel_abi::boot::{self, BootBlock, BootBlockError};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Found, Handover, KernelFile, KernelTarget, MAX_LEN, Origin, Piece, Pieces, Streams};
use crate::archive::erofs;
use crate::error::{Error, Result};
use crate::image::{Parts, elf};
use crate::launch::{HostFacts, Launch};
use crate::program::Link;
use crate::root::RootTree;
use crate::support::Support;
use crate::{fs, store};

/// The kernel that comes with the tool.
pub(super) static KERNEL: KernelTarget = KernelTarget {
    name: "builtin",
    about: "the small kernel that comes with the tool: one Linux process, one CPU",
    archive: &erofs::ARCHIVE,
    formats: &[&elf::FORMAT],
    max_cpus: 1,
    memory: 2 << 20,
    c_link: Link::Pie,
    has_network: false,
    streams: Streams::Ports,
    views: &["/dev", "/proc", "/sys"],
    open,
    fit: |closure, _support| Ok(closure),
    is_reported: |_closure| true,
    files: || Ok(Vec::new()),
    handover,
    parts,
    find,
};

fn open(origin: &Origin) -> Result<Pieces> {
    match origin {
        Origin::Usual => pieces(embedded()?.into(), None),
        Origin::Stored(name) => {
            let kernel = store::find(KERNEL.name, Some(name))?;
            let part = kernel.part("kernel.elf")?;
            given(part.read()?.into(), part.path.clone())
        }
        Origin::File(path) => {
            let bytes = fs::read_at_most(path, MAX_LEN)?;
            given(bytes.into(), path.clone())
        }
    }
}

/// A kernel file that somebody gives, checked.
fn given(bytes: Arc<[u8]>, path: PathBuf) -> Result<Pieces> {
    if check(&bytes)? != BootBlock::default() {
        return Err(
            Error::input("it is a finished image: it holds an archive already")
                .hint("give the kernel alone; `cargo unikernel run --image FILE` boots an image"),
        );
    }
    pieces(bytes, Some(path))
}

/// The kernel file with these bytes, checked; one that was taken out of an image will do.
pub(super) fn pieces(bytes: Arc<[u8]>, path: Option<PathBuf>) -> Result<Pieces> {
    check(&bytes)?;
    Ok(Pieces {
        direct: Some(Piece {
            len: bytes.len() as u64,
            bytes,
            path,
        }),
        disk: None,
    })
}

#[cfg(feature = "builtin")]
fn embedded() -> Result<&'static [u8]> {
    Ok(include_bytes!(env!("UNIKERNEL_BUILTIN_KERNEL")))
}

/// The one in the store: it lives as long as the process, as the one that is compiled in does.
#[cfg(not(feature = "builtin"))]
fn embedded() -> Result<&'static [u8]> {
    let kernel = store::find(KERNEL.name, None).map_err(|error| {
        let hint = error.hint_text().unwrap_or_default().to_owned();
        error
            .context(
                "this `cargo-unikernel` was built without a kernel of its own (feature `builtin`)",
            )
            .hint(format!("give a kernel file with --kernel-file, or {hint}"))
    })?;
    Ok(kernel.part("kernel.elf")?.read()?.leak())
}

fn check(bytes: &[u8]) -> Result<BootBlock> {
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
    let block = match BootBlock::decode(section.data().map_err(broken)?) {
        Ok(block) => block,
        Err(BootBlockError::Version(version)) => {
            return Err(Error::input(format!(
                "it has version {version} of the boot interface, and this tool has version {VERSION}"
            )));
        }
        Err(BootBlockError::Magic | BootBlockError::Truncated) => {
            return Err(Error::input("it has no boot block where one should be"));
        }
    };
    if elf::has_pvh_note(&file)? {
        return Ok(block);
    }
    Err(Error::input(
        "it has no PVH note, so no machine would find its entry",
    ))
}

fn handover(launch: &Launch, host: Option<&HostFacts>) -> Result<Handover> {
    launch.encode(host).map(Handover::Record)
}

/// What the image at `path` holds; `None` when it is no ELF file.
fn find(path: &Path, head: &[u8]) -> Result<Option<Found>> {
    if !head.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    let contents = elf::read(path)?;
    let context = |error: Error| error.context(format!("`{}` can't be run", path.display()));
    Ok(Some(Found {
        launch: Launch::decode(&contents.launch).map_err(context)?,
        archive: contents.archive,
        kernel_digest: contents.kernel_digest,
        loaded_end: contents.end,
        support: Support::parse(&contents.support).map_err(context)?.into(),
    }))
}

fn parts(kernel: &KernelFile, root: &RootTree, launch: &Launch) -> Result<Parts> {
    let direct = kernel.direct();
    let direct = direct.ok_or_else(|| Error::internal("a kernel without a file"))?;
    Ok(Parts {
        disk: None,
        kernel: direct.bytes.clone(),
        archive: (kernel.target().archive.plan)(root)?,
        launch: launch.encode(None)?,
    })
}
