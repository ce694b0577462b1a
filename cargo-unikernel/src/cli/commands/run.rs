//! `cargo unikernel run`: builds one program, or takes an image, boots it with our streams as its own and ends with its status.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::assemble::Image;
use crate::cli::shell::Shell;
use crate::cli::{BuildOptions, Exit, Global};
use crate::env;
use crate::error::{Error, Result};
use crate::kernel::KernelFile;
use crate::launch::Launch;
use crate::manifest::{self, Project};
use crate::network::{Forward, Protocol, Ready};
use crate::pipeline;
use crate::program::cargo::Wanted;
use crate::progress::Progress;
use crate::symbols::Symbols;
use crate::vmm::run::{Console, Job, shown};
use crate::vmm::{Accel, Settings};

/// What is run, and how.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    build: BuildOptions,
    #[command(flatten)]
    flags: Flags,
    /// Print the command that would run the image, and start nothing
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
}

/// Builds, unless an image is named, and runs. What is given for this run only does not get into the image, so that it is not
/// written anew.
///
/// # Errors
/// Whatever a stage refuses, or when the VMM can't be started.
pub fn run(args: &Args, global: &Global, shell: &Shell) -> Result<Exit> {
    if let (Some(_), Some(flag)) = (&args.flags.image, args.build.changes_image()) {
        return Err(Error::input(format!(
            "`--image` and {flag} exclude each other: an image is run as it is"
        )));
    }
    let effect = if args.dry_run {
        Effect::Show
    } else {
        Effect::Run
    };
    if let Some(status) = run_ready(&args.flags, &args.build, effect, shell)? {
        return Ok(Exit::Guest(status));
    }
    let request = args.build.request(global, Wanted::One)?;
    let made = pipeline::build(&Project::load(request)?, shell)?;
    let made = made.first();
    let made = made.ok_or_else(|| Error::internal("a build without an image"))?;
    let defaults = Settings {
        memory: made.manifest.memory,
        cpus: made.manifest.cpus,
        forwards: made.manifest.run.forward.clone(),
        ready: made.manifest.run.ready.clone(),
        ..from_environment()?
    };
    if effect == Effect::Run {
        shell.started("Booting", &made.image.path.display().to_string());
    }
    let status = run_image(
        &made.image,
        &args.flags,
        &defaults,
        &made.symbols,
        effect,
        shell,
    )?;
    Ok(Exit::Guest(status))
}

/// What `UNIKERNEL_ACCEL`, `UNIKERNEL_VMM` and `UNIKERNEL_LAYOUT_SEED` (a number: the same addresses in each run) say.
fn from_environment() -> Result<Settings> {
    let accel = match env::text("UNIKERNEL_ACCEL")? {
        Some(word) => word.parse()?,
        None => Accel::Auto,
    };
    let layout_seed = match env::text("UNIKERNEL_LAYOUT_SEED")? {
        Some(text) => Some(text.parse().map_err(|_| {
            Error::input(format!(
                "environment variable `UNIKERNEL_LAYOUT_SEED`: `{text}` is no number below 2^64"
            ))
        })?),
        None => None,
    };
    Ok(Settings {
        accel,
        layout_seed,
        vmm: env::text("UNIKERNEL_VMM")?,
        ..Settings::default()
    })
}

/// What `run` takes beside what `build` takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Run")]
pub struct Flags {
    /// Run this image; nothing is built
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Memory of the machine, in bytes or with K, M or G
    #[arg(short, long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// CPUs of the machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cpus: Option<u32>,
    /// Set a variable in the guest; nothing is rebuilt
    #[arg(long, value_name = "KEY=VALUE", value_parser = variable)]
    pub env: Vec<(String, OsString)>,
    /// How the processor is run: auto, kvm or tcg
    #[arg(long, value_name = "HOW", value_parser = accel)]
    pub accel: Option<Accel>,
    /// Program that plays the machine: qemu-microvm or qemu-q35
    #[arg(long, value_name = "VMM")]
    pub vmm: Option<String>,
    /// Let the host reach a port of the guest; they replace those of the manifest
    #[arg(short, long = "forward", value_name = "[IP:][HOST:]GUEST[/udp]", value_parser = forward)]
    pub forwards: Vec<Forward>,
    /// Say on stderr when the guest is ready, as `run.ready` of the manifest or the first forward tells
    #[arg(long)]
    pub wait_ready: bool,
    /// Kill the guest after so many seconds, or when it is not ready by then; the exit status is then 124
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Show the program's system calls on stderr, as strace does
    #[arg(long)]
    pub trace: bool,
    /// Stop before the program's first instruction and wait for gdb on 127.0.0.1
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "1234",
        value_parser = clap::value_parser!(u16).range(1..))]
    pub gdb: Option<u16>,
    /// Arguments of the program; they replace those of the manifest
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<OsString>,
}

impl Flags {
    /// The settings of the run: these flags over `defaults`.
    #[must_use]
    pub fn settings(&self, defaults: &Settings) -> Settings {
        Settings {
            memory: self.memory.or(defaults.memory),
            cpus: self.cpus.unwrap_or(defaults.cpus),
            accel: self.accel.unwrap_or(defaults.accel),
            vmm: self.vmm.clone().or_else(|| defaults.vmm.clone()),
            timeout: self.timeout.or(defaults.timeout),
            is_traced: self.trace || defaults.is_traced,
            gdb: self.gdb.or(defaults.gdb),
            layout_seed: defaults.layout_seed,
            ready: self.ready(defaults),
            forwards: match &self.forwards[..] {
                [] => defaults.forwards.clone(),
                given => given.to_vec(),
            },
        }
    }

    /// What is waited for, if anything is.
    fn ready(&self, defaults: &Settings) -> Option<Ready> {
        let forwards = self.forwards.iter().chain(&defaults.forwards);
        let mut forwards = forwards.filter(|forward| forward.protocol == Protocol::Tcp);
        let first = || forwards.next().map(|forward| Ready::Tcp(forward.guest));
        self.wait_ready
            .then(|| defaults.ready.clone().or_else(first))?
    }

    /// What is started: these flags over what the image says.
    #[must_use]
    pub fn launch(&self, image: &Launch) -> Launch {
        let mut launch = image.clone();
        if !self.args.is_empty() {
            launch.args.clone_from(&self.args);
        }
        launch.env.extend(self.env.iter().cloned());
        launch
    }
}

/// What becomes of an image that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is run.
    Run,
    /// The command that would run it is printed, fit for pasting into a shell (`--dry-run`).
    Show,
}

/// Runs `image`, or shows how, and returns the exit status: the guest's own, or 124, 125, 130 (see
/// [`Outcome::status`](crate::vmm::run::Outcome::status)).
///
/// # Errors
/// When the machine can't be had or the VMM can't be started.
pub fn run_image(
    image: &Image,
    flags: &Flags,
    defaults: &Settings,
    symbols: &Symbols,
    effect: Effect,
    shell: &Shell,
) -> Result<u8> {
    if flags.wait_ready && flags.ready(defaults).is_none() {
        return Err(Error::input(
            "`--wait-ready` is given, and nothing says when the guest is ready",
        )
        .hint("set `ready` in [run], or forward the port that it listens on with -f"));
    }
    let job = Job {
        image,
        launch: &flags.launch(&image.launch),
        settings: &flags.settings(defaults),
        symbols,
    };
    let console = Console::host();
    match effect {
        Effect::Run => Ok(crate::vmm::run::run(&job, &console, shell)?.status()),
        Effect::Show => {
            shell.data(&shown(&job, &console, shell)?.to_string())?;
            Ok(0)
        }
    }
}

/// Runs the image that `flags` name, or shows how; `None` when they name none and one is to be built.
///
/// # Errors
/// As [`run_image`]; and when the file is no image.
pub fn run_ready(
    flags: &Flags,
    build: &BuildOptions,
    effect: Effect,
    shell: &Shell,
) -> Result<Option<u8>> {
    let Some(path) = &flags.image else {
        return Ok(None);
    };
    let mut image = Image::open(path)?;
    if let Some(origin) = build.origin(image.kernel)? {
        image.starts_with(&KernelFile::open(image.kernel, &origin)?);
    }
    let symbols = Symbols::of_image(&image);
    run_image(&image, flags, &from_environment()?, &symbols, effect, shell).map(Some)
}

fn variable(text: &str) -> Result<(String, OsString)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.into())),
        _ => Err(Error::input("give it as KEY=VALUE")),
    }
}

fn forward(text: &str) -> Result<Forward> {
    text.parse()
}

fn accel(text: &str) -> Result<Accel> {
    text.parse()
}

fn seconds(text: &str) -> Result<Duration> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| Error::input("give a number of seconds above 0"))
}

fn size(text: &str) -> Result<u64> {
    let size: manifest::Size = text.parse().map_err(|why: String| Error::input(why))?;
    Ok(size.0)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::testing;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        flags: Flags,
    }

    fn flags(words: &[&str]) -> Result<Flags, String> {
        let words = ["run"].iter().chain(words);
        let command = Command::try_parse_from(words).map_err(|error| error.to_string())?;
        Ok(command.flags)
    }

    #[test]
    fn flags_count_over_defaults() {
        let flags = flags(&["-m", "64M", "--timeout", "1.5", "--vmm", "qemu-q35"]).unwrap();
        let defaults = Settings {
            memory: Some(1),
            accel: Accel::Tcg,
            ..Settings::default()
        };
        let settings = flags.settings(&defaults);
        assert_eq!(settings.memory, Some(64 << 20));
        assert_eq!(settings.cpus, 1);
        assert_eq!(settings.accel, Accel::Tcg);
        assert_eq!(settings.vmm.as_deref(), Some("qemu-q35"));
        assert_eq!(settings.timeout, Some(Duration::from_millis(1500)));
    }

    #[test]
    fn arguments_replace_and_variables_add() {
        let image = testing::launch();
        let launch = flags(&["--env", "A=b=c", "--", "-x", "y"])
            .unwrap()
            .launch(&image);
        assert_eq!(launch.args, ["-x", "y"]);
        assert_eq!(launch.env.get("A"), Some(&OsString::from("b=c")));
        assert_eq!(launch.program, image.program);
        assert_eq!(flags(&[]).unwrap().launch(&image), image);
    }

    #[test]
    fn what_is_no_value_is_refused_with_what_would_be() {
        let check = |words: &[&str], expected: &str| {
            let error = flags(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(&["--env", "A"], "KEY=VALUE");
        check(&["-m", "64X"], "K, M or G");
        check(&["-m", "99999999999G"], "K, M or G");
        check(&["--timeout", "-1"], "error");
        check(&["--timeout", "nan"], "above 0");
        check(&["--accel", "hvf"], "`hvf`");
        check(&["--cpus", "0"], "0 is not in 1..");
    }
}
