//! `cargo xtask bench`: the figures that the project promises, each against its target, all from one run under TCG.
//!
//! Times are ratios to a reference of the same run, because machines differ; the rest is counted, not timed.

mod again;
mod assemble;
mod calls;
mod first_write;
mod instructions;
mod line;
mod linux;
mod memory;
mod programs;
mod reference;
mod sizes;
mod translated;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::install;
use crate::workspace::{self, Profile, root};

/// A promised figure.
struct Figure {
    what: &'static str,
    target: f64,
    unit: &'static str,
    value: f64,
    /// What it is made of.
    parts: String,
}

impl Figure {
    fn is_reached(&self) -> bool {
        self.value <= self.target
    }
}

/// Measures everything and prints the table.
///
/// # Errors
/// When something can't be measured, or a target is not reached.
pub(crate) fn run() -> Result<()> {
    install::install(&install::TO_BOOT)?;
    let built = workspace::build(Profile::Release)?;
    let folder = folder()?;
    let programs = programs::build(folder.path(), &built.tool)?;
    let mut figures = first_write::measure(folder.path(), &programs)?;
    figures.push(instructions::measure(folder.path(), &programs)?);
    figures.extend(calls::measure(&programs)?);
    figures.extend(memory::measure(&built.tool, &programs)?);
    figures.extend(assemble::measure(folder.path(), &built.tool)?);
    figures.push(again::measure(folder.path(), &built.tool)?);
    figures.extend(sizes::measure(&built.kernel, &programs)?);
    figures.extend(linux::measure(folder.path(), &programs.costs)?);
    judge(&figures)
}

/// Measures only what system calls cost, against Linux.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_linux() -> Result<()> {
    install::install(&install::TO_BOOT)?;
    // The kernel in it is the same in each of cargo's profiles.
    let built = workspace::build(Profile::Dev)?;
    let folder = folder()?;
    let costs = programs::build_costs(folder.path(), &built.tool)?;
    judge(&linux::measure(folder.path(), &costs)?)
}

fn folder() -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("unikernel-bench-")
        .tempdir()
        .map_err(|error| Error::failed(format!("a temporary folder: {error}")))
}

fn judge(figures: &[Figure]) -> Result<()> {
    print(figures);
    match figures.iter().filter(|figure| !figure.is_reached()).count() {
        0 => Ok(()),
        missed => Err(Error::failed(format!("{missed} figures are not reached"))),
    }
}

fn print(figures: &[Figure]) {
    println!("{}", conditions());
    println!("| figure | target | value | | made of |\n|---|---:|---:|---|---|");
    for figure in figures {
        let Figure {
            what,
            target,
            unit,
            value,
            parts,
        } = figure;
        let verdict = if figure.is_reached() {
            "ok"
        } else {
            "not reached"
        };
        println!("| {what} | {target} {unit} | {value:.2} {unit} | {verdict} | {parts} |");
    }
}

/// Where the figures come from, in a line.
fn conditions() -> String {
    let first_line = |call: Call| {
        let text = call.text().unwrap_or_default();
        text.lines().next().unwrap_or("unknown").to_owned()
    };
    let qemu = first_line(Call::new("qemu-system-x86_64", ["--version"]));
    let commit = first_line(Call::new("git", ["rev-parse", "--short", "HEAD"]).folder(root()));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "commit {commit}, {qemu}, TCG, {cpus} CPUs, load {}",
        load.trim_end()
    )
}
