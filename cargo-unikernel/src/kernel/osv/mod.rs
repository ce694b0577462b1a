//! `osv`: OSv, which is the C library of what it runs. It does not come with the tool.

mod command_line;
mod disk;
mod elf;
mod files;
mod fit;

use std::path::Path;

use super::{Found, Handover, KernelFile, KernelTarget, LastWords, Streams};
use crate::archive::rofs;
use crate::error::{Error, Result};
use crate::image::{Parts, raw};
use crate::launch::{HostFacts, Launch};
use crate::program::Link;
use crate::root::RootTree;

/// OSv.
pub(super) static KERNEL: KernelTarget = KernelTarget {
    name: "osv",
    about: "OSv: the kernel is the C library, and programs are shared objects or position-independent executables",
    archive: &rofs::ARCHIVE,
    formats: &[&raw::FORMAT],
    max_cpus: 64,
    // What hello needs beside the kernel, on a machine that starts the kernel directly.
    memory: 5 << 20,
    c_link: Link::Shared,
    has_network: true,
    streams: Streams::Console {
        starts_behind: "Cmdline: ",
        last_words: &LAST_WORDS,
    },
    // Other folders are mounted by the file `/etc/fstab`, which may be another one.
    views: &["/dev"],
    open: files::open,
    fit: fit::fit,
    is_reported: fit::has_shim,
    files: files::defaults,
    handover,
    parts,
    find,
};

/// OSv's `abort` (`runtime.cc`); the reasons are those of `arch/x64/exceptions.cc`, `arch/x64/mmu.cc`, `core/mmu.cc`.
static LAST_WORDS: LastWords = LastWords {
    head: "[backtrace]",
    frames: &["0x"],
    reasons: &[
        ("DUMMY_HANDLER for invalid_opcode aborting", 4),
        ("DUMMY_HANDLER for breakpoint aborting", 5),
        ("DUMMY_HANDLER for debug_exception aborting", 5),
        ("DUMMY_HANDLER for alignment_check aborting", 7),
        ("DUMMY_HANDLER for segment_not_present aborting", 7),
        ("DUMMY_HANDLER for stack_fault aborting", 7),
        ("DUMMY_HANDLER for math_fault aborting", 8),
        ("DUMMY_HANDLER for overflow aborting", 11),
        ("DUMMY_HANDLER for bound_range_exceeded aborting", 11),
        ("general protection fault", 11),
        ("trying to execute null pointer", 11),
        ("page fault outside application", 11),
        ("__stack_chk_fail(): Stack overflow detected", 6),
        ("Aborted", 6),
    ],
};

fn parts(kernel: &KernelFile, root: &RootTree, launch: &Launch) -> Result<Parts> {
    let line = command_line::compose(launch)?;
    let archive = (kernel.target().archive.plan)(root)?;
    // Ours is entered ten times sooner where the processor is emulated.
    let disk = match (kernel.direct(), kernel.disk()) {
        (Some(direct), _) => disk::own(direct, &line, archive.clone())?,
        (None, Some(loader)) => disk::stock(loader, &line, archive.clone())?,
        (None, None) => return Err(Error::internal("a kernel without a file")),
    };
    let file = kernel.direct().or(kernel.disk());
    Ok(Parts {
        kernel: file.map(|file| file.bytes.clone()).unwrap_or_default(),
        archive,
        launch: line,
        disk: Some(disk),
    })
}

/// OSv has nothing that says more of a host than its command line. One that is too long for a direct start lies on a disk.
fn handover(launch: &Launch, _host: Option<&HostFacts>) -> Result<Handover> {
    let composed = command_line::compose(launch)?;
    let mut line = b"--console=serial ".to_vec();
    line.extend(&composed);
    if line.len() < command_line::MAX_DIRECT_LEN {
        return Ok(Handover::CommandLine(line));
    }
    let why = format!(
        "the command line has {} bytes, and OSv started directly reads {}",
        line.len(),
        command_line::MAX_DIRECT_LEN - 1
    );
    Ok(Handover::Disk {
        at: disk::LINE,
        bytes: [composed, vec![0]].concat(),
        why,
    })
}

/// What the disk at `path` holds; `None` when it is no disk for OSv.
fn find(path: &Path, head: &[u8]) -> Result<Option<Found>> {
    if !disk::begins(head) {
        return Ok(None);
    }
    let contents = disk::read(path)?;
    let digest = twox_hash::XxHash64::oneshot(0, &contents.kernel);
    // The kernel in memory: its own length, or that of the longest that is known.
    let kernel_len = elf::Elf::parse_head(&contents.kernel).unwrap_or(8 << 20);
    Ok(Some(Found {
        launch: command_line::launch(&contents.line)?,
        archive: contents.archive,
        kernel_digest: digest,
        loaded_end: elf::START + kernel_len,
        support: super::support_of(KERNEL.name)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn line_too_long_for_a_direct_start_goes_to_a_disk() {
        let mut launch = testing::launch();
        let handed = |launch: &Launch| handover(launch, None);
        launch.args = vec!["short".into()];
        let Handover::CommandLine(line) = handed(&launch).unwrap() else {
            panic!("short, and not given directly");
        };
        let room = command_line::MAX_DIRECT_LEN - 1 - (line.len() - "short".len());
        launch.args = vec!["a".repeat(room).into()];
        assert!(matches!(handed(&launch), Ok(Handover::CommandLine(_))));
        launch.args = vec!["a".repeat(room + 1).into()];
        let Handover::Disk { at, bytes, .. } = handed(&launch).unwrap() else {
            panic!("too long, and given directly");
        };
        assert_eq!((at, bytes.last()), (0x200, Some(&0)));
        assert!(bytes.starts_with(b"--rootfs=rofs"));
        launch.args = vec!["a".repeat(command_line::MAX_LEN).into()];
        assert!(handed(&launch).is_err());
    }
}
