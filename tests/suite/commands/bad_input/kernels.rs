//! Kernel files that are none, or of another version.

use std::fs;

use super::{MAIN, check};
use crate::commands::c_program;

#[test]
fn kernel_files() {
    let project = c_program(MAIN).file("text", "hello");
    let kernel = fs::read(tests::kernel_file::path()).expect("a kernel file");
    check(
        &project,
        &["program.c", "--kernel-file", "nothing"],
        &["can't open `nothing`: no such file"],
    );
    check(
        &project,
        &["program.c", "--kernel-file", "text"],
        &["`text` can't be used as kernel `builtin`", "it is no ELF"],
    );
    project.write("cut", &kernel[..kernel.len() / 2]);
    check(
        &project,
        &["program.c", "--kernel-file", "cut"],
        &[
            "`cut` can't be used as kernel `builtin`",
            "as an ELF it is broken",
        ],
    );
    check(
        &project,
        &["program.c", "--kernel-file", "/bin/true"],
        &["`/bin/true` can't be used", "it has no boot block"],
    );
    let Some(version) = version_offset(&kernel) else {
        panic!("the kernel file has no boot block");
    };
    let mut other = kernel;
    other[version] = 99;
    project.write("other", other);
    check(
        &project,
        &["program.c", "--kernel-file", "other"],
        &[
            "`other` can't be used",
            "version 99 of the boot interface, and this tool has version",
        ],
    );
}

/// Where the version of the boot block stands in a kernel file.
fn version_offset(kernel: &[u8]) -> Option<usize> {
    let elf = goblin::elf::Elf::parse(kernel).expect("a kernel file is an ELF");
    let section = elf.section_headers.iter().find(|section| {
        elf.shdr_strtab.get_at(section.sh_name) == Some(unikernel_abi::boot::SECTION)
    })?;
    Some(usize::try_from(section.sh_offset).ok()? + 8)
}
