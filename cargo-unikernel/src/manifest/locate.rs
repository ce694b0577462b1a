//! Which manifest is meant, and where its programs come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;

use super::raw::{Build, Raw};
use super::words::check_name;
use super::{Project, Request, did_you_mean, read, resolve};
use crate::closure::matches;
use crate::error::{Error, Result};
use crate::program::cargo::{self, Flags};
use crate::program::{self, Link, c, native};
use crate::{env, fs, kernel};

const UNIKERNEL_TOML: &str = "Unikernel.toml";
const CARGO_TOML: &str = "Cargo.toml";

/// What lies where we are.
enum Found {
    Cargo,
    Folder(PathBuf),
}

pub(super) fn load(request: Request) -> Result<Project> {
    let environment = resolve::environment()?;
    if !request.sources.is_empty() || request.binary.is_some() {
        let here = fs::working_folder()?;
        let manifest = match &request.flags.manifest_path {
            Some(path) => Some(path.clone()),
            None => Some(here.join(UNIKERNEL_TOML)).filter(|path| fs::is_file(path)),
        };
        let raw = match &manifest {
            Some(path) => read::unikernel_toml(path)?,
            None => Raw::default(),
        };
        return folder(request, environment, raw, &here);
    }
    match found(&request.flags)? {
        Found::Cargo => packages(request, environment),
        Found::Folder(path) => {
            let raw = read::unikernel_toml(&path)?;
            let path = fs::absolute(&path)?;
            let here = path.parent().unwrap_or(&path).to_owned();
            folder(request, environment, raw, &here)
        }
    }
}

/// The nearest manifest from here upwards.
fn found(flags: &Flags) -> Result<Found> {
    if let Some(path) = &flags.manifest_path {
        fs::metadata(path)?;
        let is_cargo = path.file_name().is_some_and(|name| name == CARGO_TOML);
        return Ok(if is_cargo {
            Found::Cargo
        } else {
            Found::Folder(path.clone())
        });
    }
    let here = fs::working_folder()?;
    for folder in here.ancestors() {
        let (cargo, own) = (folder.join(CARGO_TOML), folder.join(UNIKERNEL_TOML));
        match (fs::is_file(&cargo), fs::is_file(&own)) {
            (true, true) => {
                return Err(Error::input(format!(
                    "`{}` has both `{CARGO_TOML}` and `{UNIKERNEL_TOML}`",
                    folder.display()
                ))
                .hint(format!(
                    "a package's keys go into [package.metadata.unikernel] of `{CARGO_TOML}`; \
                     or name the one that is meant with --manifest-path"
                )));
            }
            (true, false) => return Ok(Found::Cargo),
            (false, true) => return Ok(Found::Folder(own)),
            (false, false) => {}
        }
    }
    Err(nothing_here(&here))
}

fn nothing_here(here: &Path) -> Error {
    let error = Error::input(format!(
        "there is no `{CARGO_TOML}` and no `{UNIKERNEL_TOML}` in `{}` or above",
        here.display()
    ));
    let names = fs::list(here).unwrap_or_default();
    let sources: Vec<String> = names
        .into_iter()
        .filter(|name| name.ends_with(".c") || name.ends_with(".cpp") || name.ends_with(".cc"))
        .collect();
    match &sources[..] {
        [] => error.hint(
            "`cargo new NAME` makes a package, `cargo unikernel build FILE.c` builds C files, \
             `cargo unikernel build --binary ELF` packs a ready program",
        ),
        [one] => error.hint(format!(
            "to build what lies here: cargo unikernel build {one}"
        )),
        many => error.hint(format!(
            "to build what lies here: cargo unikernel build {}",
            many.join(" ")
        )),
    }
}

fn packages(request: Request, environment: Raw) -> Result<Project> {
    let profile = request.flags.profile_folder();
    // A folder is made of it before cargo is asked.
    check_name(profile).map_err(|_| Error::input(format!("there is no profile `{profile}`")))?;
    let metadata = cargo::metadata(&request.flags)?;
    let root = metadata.workspace_root.join(CARGO_TOML);
    let workspace = read::cargo_toml(root.as_std_path())?
        .workspace
        .unwrap_or_default();
    let choice = cargo::choose(&metadata, &request.flags, Link::Auto, request.wanted)?;
    let mut layers = BTreeMap::new();
    let mut links = Vec::new();
    for name in choice.packages() {
        let mut package = metadata.workspace_packages().into_iter();
        let package = package
            .find(|package| *package.name.as_str() == *name)
            .ok_or_else(|| Error::internal(format!("package `{name}` is chosen but unknown")))?;
        let tables = read::cargo_toml(package.manifest_path.as_std_path())?;
        let own = tables.package.unwrap_or_default();
        check_bins(package, &own)?;
        let raw = own.over(workspace.clone());
        if raw.build.is_some() {
            return Err(Error::input(format!(
                "package `{name}` has [package.metadata.unikernel.build], but cargo builds it"
            ))
            .hint("`build` is for folders without a cargo package"));
        }
        links.push(link(&request, &environment, &raw));
        layers.insert(Some(name.to_owned()), raw);
    }
    let link = links.first().copied().unwrap_or_default();
    if links.iter().any(|other| *other != link) {
        return Err(
            Error::input("the selected packages ask for different kinds of `link`")
                .hint("name one package with `-p`, or one kind with `--link`"),
        );
    }
    let choice = cargo::choose(&metadata, &request.flags, link, request.wanted)?;
    let settings = cargo::Settings {
        artefacts: cargo::artefacts(&request.flags, &metadata)?,
        flags: request.flags.clone(),
        choice,
        link,
    };
    Ok(Project {
        program: program::Settings::Cargo(settings),
        request,
        environment,
        layers,
    })
}

/// Keys of a program that there is not would have no effect.
fn check_bins(package: &Package, own: &Raw) -> Result<()> {
    let targets = package.targets.iter();
    let known: Vec<&str> = targets.map(|target| target.name.as_str()).collect();
    match own.bin.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::input(format!(
            "`{}` has [package.metadata.unikernel.bin.{name}], and there is no program `{name}`",
            package.manifest_path
        ))
        .hint(did_you_mean(name, &known))),
        None => Ok(()),
    }
}

/// The kind of link that counts.
fn link(request: &Request, environment: &Raw, raw: &Raw) -> Link {
    let flag = request.overrides.link;
    flag.or(environment.link).or(raw.link).unwrap_or_default()
}

/// The kind of link for C: where nobody says one, it is the kernel's; the first that is named counts.
pub(super) fn c_link(link: Link, kernels: [Option<&String>; 3]) -> Result<Link> {
    let kernel = kernels.into_iter().flatten().next();
    match link {
        Link::Auto => Ok(kernel::find(kernel.map_or("builtin", String::as_str))?.c_link),
        link => Ok(link),
    }
}

fn folder(request: Request, environment: Raw, raw: Raw, here: &Path) -> Result<Project> {
    refuse_cargo_flags(&request.flags)?;
    let link = link(&request, &environment, &raw);
    let name = request.overrides.name.clone();
    let name = name.or(environment.name.clone()).or(raw.name.clone());
    let target = match &request.flags.target_dir {
        Some(folder) => fs::absolute(folder)?,
        None => env::get("CARGO_TARGET_DIR").map_or_else(|| here.join("target"), PathBuf::from),
    };
    let profile = match request.flags.profile_folder() {
        known @ ("debug" | "release") => known,
        other => {
            let error = Error::input(format!("there is no profile `{other}` without cargo"));
            return Err(error.hint("known here: `dev`, `release`"));
        }
    };
    let artefacts = fs::absolute(&target)?.join("unikernel").join(profile);
    let build = effective_build(&request, raw.build.clone(), here)?;
    refuse_not_yet(&build)?;
    let folder = build.dir.clone().unwrap_or_else(|| here.to_owned());
    let native = |command, binary| native::Settings {
        name: name.clone(),
        command,
        folder: folder.clone(),
        binary,
        link,
        artefacts: artefacts.clone(),
    };
    let kernels = [&request.overrides, &environment, &raw].map(|raw| raw.kernel.as_ref());
    let program = match (build.sources, build.command, build.binary) {
        (Some(patterns), None, None) => {
            let sources = expanded(&folder, &patterns)?;
            let first = sources.first().and_then(|path| path.file_stem());
            let stem = first.map(|stem| stem.to_string_lossy().into_owned());
            let name = name.clone().or(stem).unwrap_or_default();
            // Before anything is written: the build goes into a folder of that name.
            check_name(&name).map_err(Error::input)?;
            program::Settings::C(c::Settings {
                name,
                folder,
                sources,
                include: build.include,
                define: build.define,
                cflags: build.cflags,
                ldflags: build.ldflags,
                libs: build.libs,
                link: c_link(link, kernels)?,
                level: match profile {
                    "debug" => c::Level::None,
                    _ => c::Level::Usual,
                },
                artefacts,
            })
        }
        (None, command, Some(binary)) => program::Settings::Native(native(command, binary)),
        (None, Some(_), None) => {
            return Err(
                Error::input("`build.command` is given without `build.binary`")
                    .hint("`binary` says which file the command makes"),
            );
        }
        (None, None, None) => {
            return Err(Error::input("the manifest does not say what is built")
                .hint("set `sources`, or `binary` with or without `command`, in [build]"));
        }
        (Some(_), _, _) => {
            return Err(Error::input(
                "`build.sources` goes with neither `build.command` nor `build.binary`",
            ));
        }
    };
    Ok(Project {
        program,
        request,
        environment,
        layers: BTreeMap::from([(None, raw)]),
    })
}

/// `[build]`, unless the command line names what is built.
fn effective_build(request: &Request, manifest: Option<Build>, here: &Path) -> Result<Build> {
    if let Some(binary) = &request.binary {
        if !request.sources.is_empty() {
            return Err(Error::input(
                "source files and `--binary` exclude each other",
            ));
        }
        return Ok(Build {
            binary: Some(fs::absolute(binary)?),
            ..Build::default()
        });
    }
    if request.sources.is_empty() {
        return Ok(manifest.unwrap_or_default());
    }
    let mut sources = Vec::new();
    for source in &request.sources {
        let known = ["c", "cc", "cpp", "cxx", "c++", "C"];
        let extension = source.extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| known.contains(&extension)) {
            let path = source.display();
            return Err(Error::input(format!("`{path}` is no C or C++ file"))
                .hint(format!("a ready ELF is packed with `--binary {path}`")));
        }
        sources.push(fs::absolute(source)?.display().to_string());
    }
    // Flags of a manifest's build are for its own sources; the folder is where the user stands.
    Ok(Build {
        dir: Some(here.to_owned()),
        sources: Some(sources),
        ..Build::default()
    })
}

/// Keys of the schema that nothing is done for yet.
fn refuse_not_yet(build: &Build) -> Result<()> {
    if let Some(source) = &build.source {
        return Err(
            Error::input("`build.source` is not possible yet: nothing is fetched").hint(format!(
                "unpack `{}` yourself and name its folder with `build.dir`",
                source.url
            )),
        );
    }
    if let Some(name) = &build.template {
        return Err(Error::input(format!(
            "`build.template` is not possible yet: there is no template `{name}`"
        ))
        .hint("say how it is built with `build.command` and `build.binary`"));
    }
    Ok(())
}

fn refuse_cargo_flags(flags: &Flags) -> Result<()> {
    let given = [
        ("--package", !flags.packages.is_empty()),
        ("--workspace", flags.workspace),
        ("--bin", !flags.bins.is_empty()),
        ("--example", !flags.examples.is_empty()),
        ("--lib", flags.lib),
        ("--features", !flags.features.is_empty()),
        ("--all-features", flags.all_features),
        ("--no-default-features", flags.no_default_features),
        ("--config", !flags.config.is_empty()),
        ("--target", flags.target.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            let error = Error::input(format!(
                "`{flag}` is for cargo packages, and there is none here"
            ));
            Err(match flags.packages.first() {
                Some(spec) => cargo::hint_for_slip(error, spec),
                None => error,
            })
        }
        None => Ok(()),
    }
}

/// The files that patterns name; wildcards stand in the last part only.
fn expanded(folder: &Path, patterns: &[String]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for pattern in patterns {
        let path = folder.join(pattern);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Error::input(format!("`{pattern}` names no file")))?;
        if !name.contains(['*', '?']) {
            files.push(path);
            continue;
        }
        let above = path.parent().unwrap_or(folder);
        let names = fs::list(above)?;
        let n_before = files.len();
        let fitting = names
            .iter()
            .filter(|it| matches(name.as_bytes(), it.as_bytes()));
        files.extend(fitting.map(|name| above.join(name)));
        if files.len() == n_before {
            return Err(Error::input(format!(
                "`{pattern}` names no file in `{}`",
                above.display()
            )));
        }
    }
    if files.is_empty() {
        return Err(Error::input("`build.sources` is empty"));
    }
    Ok(files)
}
