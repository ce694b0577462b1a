//! Cargo packages: cargo builds them, its messages say which programs came out. Paths are never guessed.

mod select;

use std::path::PathBuf;

use cargo_metadata::{Artifact, Message, Metadata, MetadataCommand, TargetKind};

pub use select::{Choice, Wanted, choose, hint_for_slip};

use super::{Built, Link, Program};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::tool::Invocation;
use crate::{env, fs};

/// Cargo's own flags, with cargo's own meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// `-p`.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
    /// `--exclude`.
    pub exclude: Vec<String>,
    /// `--lib`.
    pub lib: bool,
    /// `--bin`.
    pub bins: Vec<String>,
    /// `--example`.
    pub examples: Vec<String>,
    /// `--profile`; `release` for `-r`.
    pub profile: Option<String>,
    /// `-F`.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// `--target`.
    pub target: Option<String>,
    /// `--target-dir`.
    pub target_dir: Option<PathBuf>,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `-j`.
    pub jobs: Option<String>,
    /// `--offline`, `--locked`, `--frozen`, as they were given.
    pub network: Vec<String>,
    /// `--config`.
    pub config: Vec<String>,
    /// `-q`, `-v` and `--color`, as they were given.
    pub output: Vec<String>,
    /// Whether cargo's messages are passed on as JSON.
    pub json: bool,
}

/// What a build by cargo wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Cargo's flags; packages and targets are those of `choice`.
    pub flags: Flags,
    /// What is built.
    pub choice: Choice,
    /// How it is linked.
    pub link: Link,
    /// `<target-dir>/unikernel`.
    pub artefacts: PathBuf,
}

impl Flags {
    /// The folder's name that cargo gives to the profile.
    #[must_use]
    pub fn profile_folder(&self) -> &str {
        match self.profile.as_deref() {
            None | Some("dev" | "test") => "debug",
            Some("bench") => "release",
            Some(profile) => profile,
        }
    }
}

/// The cargo that called us, or the one in `PATH`.
#[must_use]
pub fn program() -> PathBuf {
    env::get("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// What cargo knows about packages and targets.
///
/// # Errors
/// When cargo is missing or its manifest is broken.
pub fn metadata(flags: &Flags) -> Result<Metadata> {
    let mut invocation =
        Invocation::new(program()).args(["metadata", "--format-version=1", "--no-deps"]);
    if let Some(path) = &flags.manifest_path {
        invocation = invocation.arg("--manifest-path").arg(path);
    }
    for config in &flags.config {
        invocation = invocation.args(["--config", config]);
    }
    invocation = invocation.args(&flags.network);
    let captured = invocation.run_captured(None)?;
    if !captured.status.success() {
        let text = String::from_utf8_lossy(&captured.stderr).into_owned();
        let text = text.trim();
        let text = text.strip_prefix("error: ").unwrap_or(text);
        return Err(Error::input(text));
    }
    MetadataCommand::parse(String::from_utf8_lossy(&captured.stdout))
        .map_err(|error| Error::input(format!("`cargo metadata` is not understood: {error}")))
}

/// The folder that artefacts go below: `<target-dir>/unikernel`.
///
/// # Errors
/// When the working folder is gone.
pub fn artefacts(flags: &Flags, metadata: &Metadata) -> Result<PathBuf> {
    let target = match &flags.target_dir {
        Some(folder) => fs::absolute(folder)?,
        None => metadata.target_directory.clone().into_std_path_buf(),
    };
    Ok(target.join("unikernel"))
}

/// Has cargo build what was chosen, and reads the programs that came out.
///
/// # Errors
/// When cargo fails, or nothing came out.
pub fn build(settings: &Settings, progress: &dyn Progress) -> Result<Vec<Built>> {
    let invocation = invocation(settings)?;
    progress.detail(&invocation.to_string());
    let mut artifacts = Vec::new();
    let status = invocation.run_lines(|line| {
        let message: std::result::Result<Message, _> = serde_json::from_str(line);
        match message {
            Ok(Message::CompilerArtifact(artifact)) => artifacts.push(artifact),
            // Some build script's or wrapper's words; cargo shows such lines too.
            Err(_) if !line.trim().is_empty() => progress.pass_through(&format!("{line}\n")),
            _ => {}
        }
        if settings.flags.json {
            progress.machine(line);
        }
        Ok(())
    })?;
    if !status.success() {
        // Cargo has told why.
        return Err(Error::input("cargo could not build the program"));
    }
    let mut built = Vec::new();
    for artifact in &artifacts {
        built.extend(program_of(settings, artifact)?);
    }
    built.sort_by(|a, b| (a.is_example, &a.program.name).cmp(&(b.is_example, &b.program.name)));
    Ok(built)
}

fn invocation(settings: &Settings) -> Result<Invocation> {
    let flags = &settings.flags;
    let format = if flags.json {
        "json"
    } else {
        "json-render-diagnostics"
    };
    let mut cargo = Invocation::new(program())
        .args(["build", "--message-format", format])
        .args(settings.choice.args());
    let pairs = [
        ("--profile", flags.profile.clone()),
        ("--jobs", flags.jobs.clone()),
    ];
    for (flag, value) in pairs {
        cargo = cargo.args(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    for (flag, values) in [("--features", &flags.features), ("--config", &flags.config)] {
        cargo = cargo.args(values.iter().flat_map(|value| [flag, value]));
    }
    for (flag, path) in [
        ("--target-dir", &flags.target_dir),
        ("--manifest-path", &flags.manifest_path),
    ] {
        if let Some(path) = path {
            cargo = cargo.arg(flag).arg(path);
        }
    }
    for (flag, given) in [
        ("--all-features", flags.all_features),
        ("--no-default-features", flags.no_default_features),
    ] {
        cargo = cargo.args(given.then_some(flag));
    }
    cargo = cargo.args(&flags.network).args(&flags.output);
    let mut target = flags.target.clone();
    if settings.link == Link::StaticPie {
        cargo = cargo.set("CARGO_ENCODED_RUSTFLAGS", static_rustflags()?);
        // With a target named, the flags are not for build scripts and macros, which can't be linked statically.
        target.get_or_insert_with(|| "x86_64-unknown-linux-gnu".to_owned());
    }
    Ok(cargo.args(
        target
            .into_iter()
            .flat_map(|target| ["--target".to_owned(), target]),
    ))
}

/// The user's `RUSTFLAGS` with those that make a static PIE behind them, in the form that keeps spaces apart.
fn static_rustflags() -> Result<String> {
    let given = match env::text("CARGO_ENCODED_RUSTFLAGS")? {
        Some(encoded) => encoded,
        None => {
            let flags = env::text("RUSTFLAGS")?.unwrap_or_default();
            flags.split_whitespace().collect::<Vec<_>>().join("\x1f")
        }
    };
    let own = "-Ctarget-feature=+crt-static\x1f-Crelocation-model=pie";
    if given.is_empty() {
        return Ok(own.to_owned());
    }
    Ok(format!("{given}\x1f{own}"))
}

/// The program that an artefact is, if it is one that was asked for.
fn program_of(settings: &Settings, artifact: &Artifact) -> Result<Option<Built>> {
    let Some(package) = settings.choice.package(&artifact.package_id) else {
        return Ok(None);
    };
    let is_example = artifact.target.kind.contains(&TargetKind::Example);
    // A library's target is called as its crate; what it is started as is called as its package.
    let (name, path) = match &artifact.executable {
        Some(path) => (artifact.target.name.as_str(), path.clone()),
        None if settings.choice.takes_library(&artifact.package_id) => {
            let objects = artifact.filenames.iter();
            let mut shared = objects.filter(|path| path.extension() == Some("so"));
            match shared.next_back() {
                Some(path) => (package, path.clone()),
                None => return Ok(None),
            }
        }
        None => return Ok(None),
    };
    if artifact.profile.test || !is_elf_target(&artifact.target.kind) {
        return Ok(None);
    }
    Ok(Some(Built {
        program: Program::open(name, path.as_std_path())?,
        package: Some(package.to_owned()),
        is_example,
        artefacts: settings.artefacts.join(settings.flags.profile_folder()),
        inputs: Vec::new(),
        variables: Vec::new(),
    }))
}

fn is_elf_target(kinds: &[TargetKind]) -> bool {
    let wanted = [TargetKind::Bin, TargetKind::Example, TargetKind::CDyLib];
    kinds.iter().any(|kind| wanted.contains(kind))
}
