//! The bare minimum: a PVH kernel of a few instructions that writes one byte.

use std::path::Path;

use super::line;
use crate::call::Call;
use crate::error::{Error, Result};

/// Writes `!` to COM1 and stops.
const SOURCE: &str = "    .section .note.Xen,\"a\",@note
    .balign 4
    .long 4, 8, 18
    .asciz \"Xen\"
    .quad _start
    .text
    .code32
    .globl _start
_start:
    mov $0x3f8, %dx
    mov $'!', %al
    out %al, %dx
1:  hlt
    jmp 1b
";

/// A shell command that boots it on the machine that `like` describes, its serial line on the shell's stdout.
pub(super) fn build(folder: &Path, like: &str) -> Result<String> {
    let kernel = folder.join("bare");
    let source = folder.join("bare.s");
    std::fs::write(&source, SOURCE)
        .map_err(|error| Error::failed(format!("writing `{}`: {error}", source.display())))?;
    let flags = [
        "-nostdlib",
        "-static",
        "-no-pie",
        "-Wl,--build-id=none",
        "-Wl,-Ttext-segment=0x100000",
    ];
    Call::new("gcc", flags)
        .arg("-o")
        .arg(&kernel)
        .arg(&source)
        .run()?;
    line::like(like, &kernel)
}
