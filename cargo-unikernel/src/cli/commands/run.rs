//! `cargo unikernel run`: builds one program, or takes an image, and runs it; the guest's status is ours.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::assemble::Image;
use crate::cli::shell::Shell;
use crate::cli::{BuildOptions, Exit, Global};
use crate::error::{Error, Result};
use crate::launch::Launch;
use crate::manifest::{Project, Run, Size};
use crate::pipeline;
use crate::program::cargo::Wanted;
use crate::progress::Progress;
use crate::symbols::Symbols;
use crate::vmm::run::{Console, Job};
use crate::vmm::{self, Accel, Settings};

/// What is run, and how.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    build: BuildOptions,
    /// An image, instead of building one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sources", "binary", "files", "sysroot"], help_heading = "Run")]
    image: Option<PathBuf>,
    /// Let the host reach a port of the guest
    #[arg(
        short,
        long = "forward",
        value_name = "[IP:][HOST:]GUEST[/udp]",
        help_heading = "Run"
    )]
    forwards: Vec<String>,
    /// The guest's memory: 256M, or the image and 64M when that is more
    #[arg(short, long, value_name = "SIZE", help_heading = "Run")]
    memory: Option<Size>,
    /// The guest's processors
    #[arg(long, value_name = "N", help_heading = "Run")]
    cpus: Option<u32>,
    /// A variable of the guest's environment
    #[arg(long = "env", value_name = "KEY=VALUE", value_parser = variable, help_heading = "Run")]
    variables: Vec<(String, String)>,
    /// What runs the processor: auto, kvm, tcg
    #[arg(long, value_name = "HOW", value_parser = accel, help_heading = "Run")]
    accel: Option<Accel>,
    /// What runs the image: qemu-microvm, qemu-q35
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    vmm: Option<String>,
    /// Kill the guest after so many seconds: status 124
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Run")]
    timeout: Option<Duration>,
    /// Print the command that would run the image, and start nothing
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    /// The program's arguments, instead of the manifest's
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// What is to be run.
struct Subject {
    image: Image,
    launch: Launch,
    symbols: Symbols,
    memory: Option<u64>,
    cpus: u32,
}

/// Builds and runs.
///
/// # Errors
/// Whatever a stage refuses, or when the VMM can't be started.
pub fn run(args: &Args, global: &Global, shell: &Shell) -> Result<Exit> {
    if !args.forwards.is_empty() {
        return Err(no_network("--forward"));
    }
    let mut subject = match &args.image {
        Some(path) => from_image(args, path)?,
        None => built(args, global, shell)?,
    };
    for (name, value) in &args.variables {
        subject.launch.env.insert(name.clone(), value.into());
    }
    let settings = Settings {
        memory: args.memory.map(|size| size.0).or(subject.memory),
        cpus: args.cpus.unwrap_or(subject.cpus),
        accel: match args.accel {
            Some(accel) => accel,
            None => accel_of_environment()?,
        },
        vmm: args.vmm.clone().or(crate::env::text("UNIKERNEL_VMM")?),
        timeout: args.timeout,
    };
    let job = Job {
        image: &subject.image,
        launch: &subject.launch,
        settings: &settings,
        symbols: &subject.symbols,
    };
    let console = Console::host();
    if args.dry_run {
        shell.data(&vmm::run::shown(&job, &console, shell)?.to_string())?;
        return Ok(Exit::Done);
    }
    shell.started("Booting", &subject.image.path.display().to_string());
    let outcome = vmm::run::run(&job, &console, shell)?;
    Ok(Exit::Guest(outcome.status()))
}

fn from_image(args: &Args, path: &std::path::Path) -> Result<Subject> {
    let image = Image::open(path)?;
    let mut launch = image.launch.clone();
    if !args.args.is_empty() {
        launch.args.clone_from(&args.args);
    }
    Ok(Subject {
        symbols: Symbols::of_image(&image),
        image,
        launch,
        memory: None,
        cpus: 1,
    })
}

/// Builds the one program. What is given for this run only does not get into the image, so that it is not written anew.
fn built(args: &Args, global: &Global, shell: &Shell) -> Result<Subject> {
    let request = args.build.request(global, Wanted::One)?;
    let made = pipeline::build(&Project::load(request)?, shell)?;
    let made = made
        .into_iter()
        .next()
        .ok_or_else(|| Error::internal("a build without an image"))?;
    refuse_network(&made.manifest.run)?;
    let mut launch = made.image.launch.clone();
    if !args.args.is_empty() {
        launch.args.clone_from(&args.args);
    }
    Ok(Subject {
        launch,
        memory: made.manifest.memory,
        cpus: made.manifest.cpus,
        image: made.image,
        symbols: made.symbols,
    })
}

fn refuse_network(run: &Run) -> Result<()> {
    if !run.forward.is_empty() {
        return Err(no_network("`run.forward` of the manifest"));
    }
    if run.ready.is_some() {
        return Err(no_network("`run.ready` of the manifest"));
    }
    Ok(())
}

fn no_network(what: &str) -> Error {
    Error::input(format!(
        "{what} is not yet possible on this kernel: it has no network"
    ))
}

fn accel_of_environment() -> Result<Accel> {
    match crate::env::text("UNIKERNEL_ACCEL")? {
        Some(word) => word.parse(),
        None => Ok(Accel::Auto),
    }
}

fn accel(text: &str) -> std::result::Result<Accel, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

fn variable(text: &str) -> std::result::Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("`{text}` is no number of seconds above 0"))
}
