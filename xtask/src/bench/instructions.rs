//! Guest instructions from the kernel's entry to the program's first write.
//!
//! Under `-icount shift=0` QEMU's time stamp counter counts instructions: the kernel reports its value at the entry, the
//! program prints its value before the write.

use std::path::Path;

use unikernel_abi::report::{self, Decoded, Report};

use super::programs::Programs;
use super::{Figure, line};
use crate::error::{Error, Result};

/// Counts them for the static PIE.
pub(super) fn measure(folder: &Path, programs: &Programs) -> Result<Figure> {
    let line = &programs.clock.line;
    let reports = folder.join("reports");
    let old = report_file(line)
        .ok_or_else(|| Error::failed(format!("no file for reports in `{line}`")))?;
    let counted = line.replace(old, &reports.display().to_string()) + " -icount shift=0";
    let (printed, _) = line::until_bytes(&counted, 21)?;
    let text = String::from_utf8_lossy(&printed);
    let at_write: u64 = text
        .trim_end()
        .parse()
        .map_err(|error| Error::failed(format!("the guest printed {text:?}: {error}")))?;
    let bytes = std::fs::read(&reports)
        .map_err(|error| Error::failed(format!("reading `{}`: {error}", reports.display())))?;
    let (entry, program) =
        started(&bytes).ok_or_else(|| Error::failed("the kernel reported no start"))?;
    let millions = |count: u64| count as f64 / 1e6;
    Ok(Figure {
        what: "guest instructions to first write, static PIE",
        target: 1.5,
        unit: "M",
        value: millions(at_write.saturating_sub(entry)),
        parts: format!(
            "{:.2} M in the kernel before the program, {:.2} M from there",
            millions(program.saturating_sub(entry)),
            millions(at_write.saturating_sub(program))
        ),
    })
}

/// The path of the character device of reports.
fn report_file(line: &str) -> Option<&str> {
    let device = line.split("id=report,").nth(1)?;
    let path = device.split("path=").nth(1)?;
    path.split([' ', '\'', ',']).next()
}

/// Time stamp counter at the kernel's entry, and before the program's first instruction.
fn started(mut bytes: &[u8]) -> Option<(u64, u64)> {
    while let Decoded::Report(report, used) = report::decode(bytes) {
        if let Report::Started {
            entry_tsc,
            program_tsc,
        } = report
        {
            return Some((entry_tsc, program_tsc));
        }
        bytes = bytes.get(used..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::report_file;

    #[test]
    fn report_file_is_found_quoted_or_not() {
        let line = "qemu -chardev file,id=report,append=on,path=/x/r -device y";
        assert_eq!(report_file(line), Some("/x/r"));
        let line = "qemu -chardev 'file,id=report,append=on,path=/x/r' -device y";
        assert_eq!(report_file(line), Some("/x/r"));
    }
}
