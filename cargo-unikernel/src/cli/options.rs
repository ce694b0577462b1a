//! The flags that say what is built: cargo's own with cargo's meaning, and ours.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::Global;
use crate::error::{Error, Result};
use crate::fs;
use crate::kernel::{KernelTarget, Origin, split};
use crate::manifest::Request;
use crate::manifest::raw::{File, GuestPath, Image, Raw};
use crate::program::Link;
use crate::program::cargo::{Flags, Wanted};

/// What is built, and into what.
#[derive(Debug, Clone, Args)]
pub struct BuildOptions {
    /// C and C++ files, for a program without a manifest
    #[arg(value_name = "FILE.c")]
    sources: Vec<PathBuf>,
    /// The kernel that the image boots: `builtin`, `osv`, or KIND/NAME for one of the kernel store
    #[arg(long, help_heading = "Image")]
    kernel: Option<String>,
    /// A kernel file, or a folder with one, other than what comes with the tool
    #[arg(long, value_name = "FILE", help_heading = "Image")]
    kernel_file: Option<PathBuf>,
    /// How the program is linked: auto, pie, shared, static-pie
    #[arg(long, value_parser = link, help_heading = "Image")]
    link: Option<Link>,
    /// What the image is written as
    #[arg(long, value_name = "FORMAT", help_heading = "Image")]
    format: Vec<String>,
    /// A ready ELF, instead of building one
    #[arg(
        long,
        value_name = "ELF",
        conflicts_with = "sources",
        help_heading = "Image"
    )]
    binary: Option<PathBuf>,
    /// A file or folder for the guest
    #[arg(long = "file", value_name = "GUEST=HOST", value_parser = file, help_heading = "Image")]
    files: Vec<(GuestPath, PathBuf)>,
    /// Where interpreter and libraries are looked up, instead of the host's own root
    #[arg(long, value_name = "FOLDER", help_heading = "Image")]
    sysroot: Option<PathBuf>,
    #[command(flatten)]
    cargo: CargoOptions,
}

/// Cargo's own flags.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "As in cargo")]
struct CargoOptions {
    /// Package to build
    #[arg(short, long = "package", value_name = "SPEC")]
    packages: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long)]
    workspace: bool,
    /// Leave a package out
    #[arg(long, value_name = "SPEC", requires = "workspace")]
    exclude: Vec<String>,
    /// Build the package's library (a `cdylib` that exports `main`)
    #[arg(long)]
    lib: bool,
    /// Build this binary
    #[arg(long = "bin", value_name = "NAME")]
    bins: Vec<String>,
    /// Build this example
    #[arg(long = "example", value_name = "NAME")]
    examples: Vec<String>,
    /// Build optimised
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// Build with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Features to turn on
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,
    /// Turn all features on
    #[arg(long)]
    all_features: bool,
    /// Leave the default feature off
    #[arg(long)]
    no_default_features: bool,
    /// Build for this target
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Folder for all artefacts
    #[arg(long, value_name = "FOLDER")]
    target_dir: Option<PathBuf>,
    /// Path of Cargo.toml or Unikernel.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Number of jobs at once
    #[arg(short, long, value_name = "N", allow_hyphen_values = true)]
    jobs: Option<String>,
    /// Don't use the network
    #[arg(long)]
    offline: bool,
    /// Fail where Cargo.lock would change
    #[arg(long)]
    locked: bool,
    /// Both --locked and --offline
    #[arg(long)]
    frozen: bool,
    /// Override a value of cargo's configuration
    #[arg(long, value_name = "KEY=VALUE")]
    config: Vec<String>,
    /// How messages are told
    #[arg(long, value_name = "FORMAT", value_parser = ["human", "json"])]
    message_format: Option<String>,
}

impl BuildOptions {
    /// Whether messages are told as JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        self.cargo.message_format.as_deref() == Some("json")
    }

    /// The first of what is given that says what an image is made of.
    #[must_use]
    pub fn changes_image(&self) -> Option<&'static str> {
        let cargo = &self.cargo;
        let given = [
            ("source files", !self.sources.is_empty()),
            ("`--binary`", self.binary.is_some()),
            ("`--file`", !self.files.is_empty()),
            ("`--link`", self.link.is_some()),
            ("`--format`", !self.format.is_empty()),
            ("`--sysroot`", self.sysroot.is_some()),
            ("`--package`", !cargo.packages.is_empty()),
            ("`--bin`", !cargo.bins.is_empty()),
            ("`--example`", !cargo.examples.is_empty()),
            ("`--lib`", cargo.lib),
            ("`--release`", cargo.release),
            ("`--profile`", cargo.profile.is_some()),
            ("`--features`", !cargo.features.is_empty()),
        ];
        let mut given = given.into_iter().filter(|(_, given)| *given);
        given.next().map(|(flag, _)| flag)
    }

    /// The kernel's files that are named for running an image of this kernel.
    ///
    /// # Errors
    /// When two are named, or one of another kernel's.
    pub fn origin(&self, kernel: &KernelTarget) -> Result<Option<Origin>> {
        let word = self.kernel.as_deref();
        let origin = Origin::named(word, self.kernel_file.clone())?;
        match (word, &origin) {
            (Some(word), Some(Origin::Stored(_))) if split(word).0 != kernel.name => {
                Err(Error::input(format!(
                    "the image is for kernel `{}`, and --kernel names `{word}`",
                    kernel.name
                )))
            }
            _ => Ok(origin),
        }
    }

    /// What the stages are asked for.
    ///
    /// # Errors
    /// When the working folder is gone.
    pub fn request(&self, global: &Global, wanted: Wanted) -> Result<Request> {
        let mut files = BTreeMap::new();
        for (guest, host) in &self.files {
            let host = File::Host {
                path: fs::absolute(host)?,
                mode: None,
            };
            files.insert(guest.clone(), host);
        }
        let image = (!self.format.is_empty()).then(|| Image {
            formats: Some(self.format.clone()),
            ..Image::default()
        });
        Ok(Request {
            flags: self.cargo.flags(global),
            sources: self.sources.clone(),
            binary: self.binary.clone(),
            overrides: Raw {
                kernel: self.kernel.clone(),
                link: self.link,
                files,
                image,
                ..Raw::default()
            },
            args: None,
            kernel_file: self.kernel_file.clone(),
            sysroot: self.sysroot.clone(),
            wanted,
        })
    }
}

impl CargoOptions {
    fn flags(&self, global: &Global) -> Flags {
        let release = self.release.then(|| "release".to_owned());
        let given = |flags: &[(&str, bool)]| -> Vec<String> {
            let given = flags.iter().filter(|(_, given)| *given);
            given.map(|(flag, _)| (*flag).to_owned()).collect()
        };
        let mut output = given(&[("--quiet", global.quiet)]);
        output.extend((0..global.verbose).map(|_| "--verbose".to_owned()));
        if let Some(color) = &global.color {
            output.extend(["--color".to_owned(), color.clone()]);
        }
        Flags {
            packages: self.packages.clone(),
            workspace: self.workspace,
            exclude: self.exclude.clone(),
            lib: self.lib,
            bins: self.bins.clone(),
            examples: self.examples.clone(),
            profile: self.profile.clone().or(release),
            features: self.features.clone(),
            all_features: self.all_features,
            no_default_features: self.no_default_features,
            target: self.target.clone(),
            target_dir: self.target_dir.clone(),
            manifest_path: self.manifest_path.clone(),
            jobs: self.jobs.clone(),
            network: given(&[
                ("--offline", self.offline),
                ("--locked", self.locked),
                ("--frozen", self.frozen),
            ]),
            config: self.config.clone(),
            output,
            json: self.message_format.as_deref() == Some("json"),
        }
    }
}

fn link(word: &str) -> std::result::Result<Link, String> {
    Link::from_word(word).ok_or_else(|| format!("known: {}", Link::WORDS.join(", ")))
}

fn file(text: &str) -> std::result::Result<(GuestPath, PathBuf), String> {
    let (guest, host) = text
        .split_once('=')
        .filter(|(_, host)| !host.is_empty())
        .ok_or("write GUEST=HOST, such as /etc/app.conf=app.conf")?;
    Ok((GuestPath::try_from(guest.to_owned())?, PathBuf::from(host)))
}
