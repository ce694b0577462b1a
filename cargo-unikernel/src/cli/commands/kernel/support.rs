//! What kernels support: system calls, and symbols where the kernel is the C library.

use crate::cli::commands::lint::supports;
use crate::cli::shell::Shell;
use crate::error::Result;
use crate::kernel;
use crate::support::{Level, Support};

/// Tells what a kernel supports; without a name, how much each does.
pub(super) fn tell(kernel: Option<&str>, shell: &Shell) -> Result<()> {
    match kernel {
        Some(name) => {
            for line in lines(&*kernel::support_of(name)?) {
                shell.data(&line)?;
            }
        }
        None => {
            for (name, support) in supports()? {
                shell.data(&summary(name, &support))?;
            }
        }
    }
    Ok(())
}

/// A line for each system call (`syscall 57 fork missing: ...`) and each symbol (`symbol fork stub: ...`).
fn lines(support: &Support) -> Vec<String> {
    let calls = support.iter().map(|call| {
        let head = format!(
            "syscall {} {} {}",
            call.number,
            call.name,
            call.level.word()
        );
        with_notes(head, &call.note, call.tolerated.as_deref())
    });
    let symbols = support.symbols().map(|(name, symbol)| {
        let head = format!("symbol {name} {}", symbol.level.word());
        with_notes(head, &symbol.note, symbol.tolerated.as_deref())
    });
    let defects = support.defects.iter().map(|defect| {
        let cure = defect.cure.as_deref().unwrap_or("there is no cure");
        format!("defect {}: {}; {cure}", defect.name, defect.about)
    });
    calls.chain(symbols).chain(defects).collect()
}

fn with_notes(mut line: String, note: &str, tolerated: Option<&str>) -> String {
    if !note.is_empty() {
        line.push_str(&format!(": {note}"));
    }
    if let Some(why) = tolerated {
        line.push_str(&format!(" (tolerated: {why})"));
    }
    line
}

/// `osv v0.57 (libc-symbols): system calls: 151 full, 2 partial; symbols: ...`.
fn summary(name: &str, support: &Support) -> String {
    let calls = counts(support.iter().map(|call| call.level));
    let symbols = counts(support.symbols().map(|(_, symbol)| symbol.level));
    let version = match support.version.as_str() {
        "" => String::new(),
        version => format!(" {version}"),
    };
    let mut line = format!(
        "{name}{version} ({}): system calls: {calls}",
        support.abi.word()
    );
    if !symbols.is_empty() {
        line.push_str(&format!("; symbols: {symbols}"));
    }
    line
}

fn counts(levels: impl Iterator<Item = Level>) -> String {
    let levels: Vec<Level> = levels.collect();
    let counts = Level::ALL.into_iter().filter_map(|level| {
        let n_found = levels.iter().filter(|found| **found == level).count();
        (n_found > 0).then(|| format!("{n_found} {}", level.word()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_and_symbol_has_its_line() {
        let osv = Support::of_kernel("osv").unwrap().unwrap();
        let lines = lines(&osv);
        for line in [
            "syscall 0 read full",
            "syscall 334 rseq missing (tolerated: glibc carries on without restartable sequences)",
            "symbol fork stub: -1, errno untouched",
        ] {
            assert!(lines.iter().any(|found| found == line), "{line}");
        }
        assert!(summary("osv", &osv).starts_with("osv 0.57.0"));
    }
}
