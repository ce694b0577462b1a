//! `cargo xtask test`: everything that must hold, one step after the other.
//!
//! `--full` adds the real programs; with `--shard N/M` only the Nth of M parts of them, the same ones each time.

use std::time::Instant;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::install;
use crate::workspace::{cargo, root};

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier<'a> {
    /// What runs on every change, in at most 15 minutes on two cores.
    First,
    /// Also the real projects and programs: all, or those of a shard (`2/4`).
    Full(Option<&'a str>),
}

impl<'a> Tier<'a> {
    /// The tier that these words ask for.
    pub(crate) fn parse(words: &[&'a str]) -> Option<Self> {
        match words {
            [] => Some(Self::First),
            ["--full"] => Some(Self::Full(None)),
            ["--full", "--shard", shard] => is_shard(shard).then_some(Self::Full(Some(shard))),
            _ => None,
        }
    }

    /// What it leaves out.
    fn not_run(self) -> String {
        let programs = match self {
            Self::First => "real projects and Debian programs (--full), ".to_owned(),
            Self::Full(Some(shard)) => format!("the shards of --full beside {shard}, "),
            Self::Full(None) => String::new(),
        };
        format!("{programs}KVM, fuzzing, soak")
    }
}

/// Whether a text is `N/M` with N from 1 to M.
fn is_shard(text: &str) -> bool {
    let parts = text.split_once('/');
    let numbers = parts.and_then(|(n, m)| Some((n.parse::<u32>().ok()?, m.parse::<u32>().ok()?)));
    numbers.is_some_and(|(number, total)| (1..=total).contains(&number))
}

/// The flags with which the tool's build script compiles the kernel: rustc sees it as it is shipped.
const KERNEL_FLAGS: &str = "-Crelocation-model=static\x1f-Ccode-model=kernel\x1f-Cno-redzone=y\x1f-Cpanic=abort\
    \x1f-Cforce-unwind-tables=no";

/// Names a folder with a kernel of OSv.
const OSV_KERNEL: &str = "UNIKERNEL_OSV_KERNEL";

/// Tests that ran.
#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
}

/// Runs the tier and prints, last, how many tests passed and failed.
///
/// # Errors
/// When a step or a test fails; all of them run first.
pub(crate) fn run(tier: Tier<'_>) -> Result<()> {
    let start = Instant::now();
    install::install(&install::TO_TEST)?;
    if tier != Tier::First {
        install::install(&install::TO_TEST_FULL)?;
    }
    let mut count = Count::default();
    let steps: [(&str, Call); 4] = [
        ("formatting", cargo_call(&["fmt", "--all", "--check"])),
        (
            "clippy, host",
            cargo_call(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--features",
                "tests/full",
                "--",
                "-D",
                "warnings",
            ]),
        ),
        ("clippy, kernel", freestanding_clippy()),
        ("clippy, tool without its kernel", without_kernel()),
    ];
    let total = steps.len() + 2;
    for (number, (name, call)) in steps.into_iter().enumerate() {
        println!("[{}/{total}] {name}", number + 1);
        count.step(name, call.run());
    }
    println!("[{}/{total}] unit tests", total - 1);
    let unit = [
        "test",
        "--workspace",
        "--exclude",
        "tests",
        "--no-fail-fast",
    ];
    count.tests("unit tests", cargo_call(&unit))?;
    println!("[{total}/{total}] the suite: guests, commands, images, gates, tidy, README");
    let suite = ["test", "--package", "tests", "--no-fail-fast"];
    count.tests("the suite", cargo_call(&suite))?;
    // The kernel is nobody's to carry along: whoever has one names it.
    if std::env::var_os(OSV_KERNEL).is_some() {
        println!("[osv] programs on the kernel that {OSV_KERNEL} names");
        let osv = [
            "test",
            "--package",
            "tests",
            "--features",
            "osv",
            "--test",
            "osv",
            "--no-fail-fast",
        ];
        count.tests("OSv", cargo_call(&osv))?;
    } else {
        println!(
            "OSv was not booted: {OSV_KERNEL} names no folder with a kernel; its disks were composed and read"
        );
    }
    if let Tier::Full(shard) = tier {
        println!("[full] real programs of Debian");
        let mut full = vec!["test", "--package", "tests", "--features", "full"];
        full.extend(["--test", "full", "--"]);
        full.extend(shard.into_iter().flat_map(|shard| ["--shard", shard]));
        count.tests("the full tier", cargo_call(&full))?;
    }
    println!("not run: {}", tier.not_run());
    println!("took {:.0} s", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", count.passed, count.failed);
    if count.failed == 0 {
        Ok(())
    } else {
        Err(Error::failed(format!("{} failed", count.failed)))
    }
}

impl Count {
    /// Counts a step that holds or does not.
    fn step(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => {
                println!("FAILED: {name}: {error}");
                self.failed += 1;
            }
        }
    }

    /// Runs tests by cargo and adds up what they say of themselves.
    fn tests(&mut self, name: &str, call: Call) -> Result<()> {
        let before = self.failed;
        let passed = self.passed;
        let fine = call.watch(|line| self.add(line))?;
        if !fine && self.failed == before {
            println!("FAILED: {name} did not come to their end");
            self.failed += 1;
        }
        if self.passed == passed && self.failed == before {
            return Err(Error::failed(format!("{name}: no test ran")));
        }
        Ok(())
    }

    /// Adds a line such as `test result: ok. 12 passed; 0 failed; ...`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let number = |word: &str| {
            let before = result.split(word).next()?;
            before.split_whitespace().next_back()?.parse::<u64>().ok()
        };
        self.passed += number(" passed").unwrap_or(0);
        self.failed += number(" failed").unwrap_or(0);
    }
}

fn cargo_call(args: &[&str]) -> Call {
    Call::new(cargo(), args).folder(root())
}

/// Clippy on the kernel as it is shipped: no `std`, its own flags, its own target folder because the flags differ.
fn freestanding_clippy() -> Call {
    let mut args = vec!["clippy", "--target-dir", "target/freestanding"];
    args.extend([
        "--target",
        "x86_64-unknown-linux-gnu",
        "--no-default-features",
    ]);
    for package in ["unikernel-machine", "unikernel-core", "unikernel-kernel"] {
        args.extend(["--package", package]);
    }
    args.extend(["--features", "freestanding", "--", "-D", "warnings"]);
    cargo_call(&args).env("CARGO_ENCODED_RUSTFLAGS", KERNEL_FLAGS)
}

/// The tool builds on hosts that cannot build the kernel.
fn without_kernel() -> Call {
    let mut args = vec![
        "clippy",
        "--package",
        "cargo-unikernel",
        "--no-default-features",
    ];
    args.extend([
        "--target-dir",
        "target/without-kernel",
        "--",
        "-D",
        "warnings",
    ]);
    cargo_call(&args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, passed: u64, failed: u64) {
        let mut count = Count::default();
        count.add(line);
        assert_eq!((count.passed, count.failed), (passed, failed), "{line}");
    }

    #[test]
    fn words_choose_the_tier() {
        let check =
            |words: &[&str], expected| assert_eq!(Tier::parse(words), expected, "{words:?}");
        check(&[], Some(Tier::First));
        check(&["--full"], Some(Tier::Full(None)));
        check(&["--full", "--shard", "2/4"], Some(Tier::Full(Some("2/4"))));
        check(&["--full", "--shard", "5/4"], None);
        check(&["--full", "--shard"], None);
        check(&["--shard", "1/4"], None);
    }

    #[test]
    fn result_lines_are_added_up() {
        check(
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            12,
            3,
        );
        check("test result: ok. 0 passed; 0 failed; 0 ignored", 0, 0);
        check("test hello ... ok", 0, 0);
    }
}
