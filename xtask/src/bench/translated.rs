//! The blocks of guest code that TCG has to translate before a program's first write: most of that time goes there.

use std::fmt;
use std::path::Path;

use super::line;
use crate::error::{Error, Result};

/// Where the kernel lies: the last 2 GiB.
const KERNEL: u64 = 0xffff_ffff_8000_0000;

/// The firmware, and its window below 4 GiB; programs lie elsewhere.
const FIRMWARE: [std::ops::Range<u64>; 2] = [0..0x10_0000, 0xfff0_0000..0x1_0000_0000];

/// How many blocks QEMU translated, by whose they are.
#[derive(Default)]
pub(super) struct Blocks {
    firmware: usize,
    kernel: usize,
    program: usize,
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            firmware,
            kernel,
            program,
        } = self;
        let all = firmware + kernel + program;
        write!(
            f,
            "QEMU translates {all} blocks of code, {kernel} of the kernel, {program} of the program"
        )
    }
}

/// Those of the guest of this shell command until it prints its first byte.
pub(super) fn until_first_byte(folder: &Path, line: &str) -> Result<Blocks> {
    let log = folder.join("translated.log");
    line::until_bytes(&format!("{line} -d in_asm -D {}", log.display()), 1)?;
    let text = std::fs::read(&log)
        .map_err(|error| Error::failed(format!("reading `{}`: {error}", log.display())))?;
    Ok(count(&String::from_utf8_lossy(&text)))
}

/// A block is a line `IN:` with a symbol or nothing behind it, then a line `0xADDRESS: ...` for each instruction.
fn count(log: &str) -> Blocks {
    let mut blocks = Blocks::default();
    let mut is_first = false;
    for line in log.lines() {
        if line.starts_with("IN:") {
            is_first = true;
            continue;
        }
        let address = line
            .strip_prefix("0x")
            .and_then(|line| line.split(':').next())
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if let (true, Some(address)) = (is_first, address) {
            is_first = false;
            *match address {
                KERNEL.. => &mut blocks.kernel,
                _ if FIRMWARE.iter().any(|range| range.contains(&address)) => &mut blocks.firmware,
                _ => &mut blocks.program,
            } += 1;
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_by_their_first_instruction() {
        let log = "----------------\nIN: \n0xfffffff0:  ea\n\n----------------\nIN: main\n0x7f0000001000:  55  pushq\n\
                   0x7f0000001001:  c3  retq\n\n----------------\nIN: \n0xffffffff80100000:  90  nop\n";
        let Blocks {
            firmware,
            kernel,
            program,
        } = count(log);
        assert_eq!((firmware, kernel, program), (1, 1, 1));
    }
}
