//! Programs on a real kernel of OSv, which the environment names: `UNIKERNEL_OSV_KERNEL` is a folder with `loader.img` and
//! `loader-stripped.elf`. `cargo xtask test` runs this where there is one, and says so where there is none.

#![expect(
    clippy::disallowed_methods,
    reason = "tests judge the tool from outside: its doors are not theirs"
)]

mod endings;
mod exports;
mod given;
mod http;
mod mosquitto;
mod programs;
mod server;

use tests::cli::Cli;
use tests::project::Project;

/// The folder with the kernel.
fn kernel() -> String {
    std::env::var("UNIKERNEL_OSV_KERNEL")
        .expect("UNIKERNEL_OSV_KERNEL names a folder with a kernel of OSv")
}

/// A call of `run` under the accelerator that is everywhere.
fn run(project: &Project, args: &[&str]) -> Cli {
    Cli::new(project.folder(), ["run", "--accel", "tcg"]).args(args.iter().copied())
}

/// What is started directly, and the two disks: ours and the stock one.
fn kernel_files() -> [(&'static str, String); 3] {
    let folder = kernel();
    [
        ("directly", folder.clone()),
        ("own disk", format!("{folder}/loader-stripped.elf")),
        ("stock disk", format!("{folder}/loader.img")),
    ]
}
