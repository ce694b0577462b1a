//! `cargo xtask fuzz`: system calls by chance, long: on simulated memory first, then in booted guests.
//!
//! A guest makes [`A_BOOT`] calls from its seed, since the files that it makes fill its memory; then the next one is booted. A run
//! that fails is told with the seed, and the others go on.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::install;
use crate::workspace::{self, Profile, cargo, root};

/// Calls in the guests, where nobody says how many.
pub(crate) const CALLS: u64 = 10_000_000;

/// Calls of one guest.
const A_BOOT: u64 = 250_000;

/// Seconds that a guest may take; it takes some ten.
const LIMIT: &str = "300";

/// Seeds on simulated memory, 4,000 calls each.
const SEEDS: u64 = 500;

/// What the guest is made of: the guest of the tests, and what draws its calls.
const SOURCES: [(&str, &str); 3] = [
    ("tests/guests/fuzz.rs", "src/main.rs"),
    (
        "kernel/core/src/syscall/tests/chance/calls.rs",
        "src/calls.rs",
    ),
    (
        "kernel/core/src/syscall/tests/chance/draw.rs",
        "src/draw.rs",
    ),
];

const MANIFEST: &str =
    "[package]\nname = \"fuzz\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";

/// Makes `calls` calls, from `seed` on.
///
/// # Errors
/// When a kernel panicked, a guest did not come to its end, or nothing could be built.
pub(crate) fn run(calls: u64, seed: u64) -> Result<()> {
    install::install(&install::TO_BOOT)?;
    let start = Instant::now();
    simulated(seed)?;
    // The kernel in it is the same in each of cargo's profiles.
    let built = workspace::build(Profile::Dev)?;
    let folder = tempfile::Builder::new()
        .prefix("unikernel-fuzz-")
        .tempdir()
        .map_err(|error| Error::failed(format!("a temporary folder: {error}")))?;
    let image = build(folder.path(), &built.tool)?;
    let boots = calls.div_ceil(A_BOOT);
    let mut failed = Vec::new();
    for seed in seed..seed.saturating_add(boots) {
        match boot(&built.tool, &image, seed) {
            Ok(()) => println!("seed {seed}: {A_BOOT} calls"),
            Err(error) => {
                println!("FAILED: seed {seed}: {error}");
                failed.push(seed);
            }
        }
    }
    println!(
        "{} calls in {boots} guests, {} on simulated memory; {:.0} s",
        boots * A_BOOT,
        SEEDS * 4000,
        start.elapsed().as_secs_f64()
    );
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::failed(format!("failed with the seeds {failed:?}")))
    }
}

/// The same draws by the test of the kernel's core.
fn simulated(seed: u64) -> Result<()> {
    let args = [
        "test",
        "--quiet",
        "--package",
        "unikernel-core",
        "no_request_panics_the_kernel",
    ];
    let seeds = format!("{seed}-{}", seed.saturating_add(SEEDS - 1));
    Call::new(cargo(), args)
        .folder(root())
        .env("UNIKERNEL_FUZZ_SEEDS", seeds)
        .run()
}

fn build(folder: &Path, tool: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| {
        Error::failed(format!("writing into `{}`: {error}", folder.display()))
    };
    std::fs::create_dir(folder.join("src")).map_err(failed)?;
    std::fs::write(folder.join("Cargo.toml"), MANIFEST).map_err(failed)?;
    for (from, to) in SOURCES {
        std::fs::copy(root().join(from), folder.join(to)).map_err(failed)?;
    }
    let image = Call::new(tool, ["unikernel", "build", "--quiet", "--release"])
        .folder(folder)
        .text()?;
    Ok(PathBuf::from(image.trim_end()))
}

fn boot(tool: &Path, image: &Path, seed: u64) -> Result<()> {
    let args = ["unikernel", "run", "--quiet", "--accel", "tcg"];
    let output = Call::new(tool, args)
        .args(&["--timeout", LIMIT, "--image"])
        .arg(image)
        .args(&["--", &seed.to_string(), &A_BOOT.to_string()])
        .output()?;
    let expected = format!("seed {seed}: {A_BOOT} calls were answered\n");
    if output.status.success() && output.stdout == expected.as_bytes() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    let last = &lines[lines.len().saturating_sub(12)..];
    Err(Error::failed(format!(
        "{}\n{}",
        output.status,
        last.join("\n")
    )))
}
