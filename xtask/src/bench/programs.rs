//! The guests that are measured.

use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::error::{Error, Result};

const HELLO: &str =
    "#include <stdio.h>\n\nint main(void)\n{\n    puts(\"HELLO\");\n    return 0;\n}\n";

/// Prints the time stamp counter as it was just before its first write.
const CLOCK: &str = "#include <stdio.h>
#include <unistd.h>
#include <x86intrin.h>

int main(void)
{
    char line[32];
    int length = snprintf(line, sizeof line, \"%020llu\\n\", 0ull);
    for (unsigned long long ticks = __rdtsc(), i = 20; i-- > 0; ticks /= 10)
        line[i] = (char)('0' + ticks % 10);
    return write(1, line, length) != length;
}
";

/// Prints, in tenths, how far the time stamp counter goes for a getpid and for a clock_gettime, the loop around them included.
const CALLS: &str = "#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <x86intrin.h>

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned long long start = __rdtsc();
    for (int i = 0; i < 1000; i++) {
        long result;
        __asm__ volatile(\"syscall\" : \"=a\"(result) : \"a\"(SYS_getpid) : \"rcx\", \"r11\", \"memory\");
    }
    unsigned long long between = __rdtsc();
    for (int i = 0; i < 1000; i++)
        clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned long long end = __rdtsc();
    printf(\"%09llu %09llu\\n\", (between - start) / 100, (end - between) / 100);
    return 0;
}
";
/// Counts what system calls cost.
const COSTS: &str = include_str!("costs.c");

/// A built guest.
pub(super) struct Program {
    /// Its image.
    pub(super) image: PathBuf,
    /// A shell command that boots it, its stdout on the shell's.
    pub(super) line: String,
}

/// All of them.
pub(super) struct Programs {
    /// Prints a line; static PIE.
    pub(super) hello_static: Program,
    /// Prints a line; with an interpreter and libc.
    pub(super) hello_dynamic: Program,
    /// Prints the time stamp counter; static PIE.
    pub(super) clock: Program,
    /// Prints what a system call and a call of the vDSO take; static PIE.
    pub(super) calls: Program,
    /// Counts what system calls cost; static PIE.
    pub(super) costs: Program,
}

/// Builds them with the tool, in this folder.
pub(super) fn build(folder: &Path, tool: &Path) -> Result<Programs> {
    let program = |name, source, link| one(folder, tool, name, source, link, &[]);
    Ok(Programs {
        hello_static: program("static", HELLO, "static-pie")?,
        hello_dynamic: program("dynamic", HELLO, "pie")?,
        clock: program("clock", CLOCK, "static-pie")?,
        calls: program("calls", CALLS, "static-pie")?,
        costs: build_costs(folder, tool)?,
    })
}

/// Builds the one that counts what system calls cost. Its machine is one that Linux boots on, too.
pub(super) fn build_costs(folder: &Path, tool: &Path) -> Result<Program> {
    let machine = ["--vmm", "qemu-q35"];
    one(folder, tool, "costs", COSTS, "static-pie", &machine)
}

fn one(
    folder: &Path,
    tool: &Path,
    name: &str,
    source: &str,
    link: &str,
    machine: &[&str],
) -> Result<Program> {
    let own = folder.join(name);
    let written =
        std::fs::create_dir(&own).and_then(|()| std::fs::write(own.join("program.c"), source));
    written.map_err(|error| Error::failed(format!("writing `{}`: {error}", own.display())))?;
    let what = ["program.c", "--link", link, "--release", "--quiet"];
    let built = Call::new(tool, ["unikernel", "build"])
        .args(&what)
        .folder(&own)
        .text()?;
    let dry = ["unikernel", "run", "--dry-run", "--accel", "tcg"];
    let line = Call::new(tool, dry)
        .args(&what)
        .args(machine)
        .folder(&own)
        .text()?;
    Ok(Program {
        image: PathBuf::from(built.trim_end()),
        line: line.trim_end().to_owned(),
    })
}
