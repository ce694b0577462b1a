//! Which targets of which packages: as `cargo build` and `cargo run` choose them.

use std::collections::BTreeMap;

use cargo_metadata::{Metadata, Package, PackageId, Target, TargetKind};

use super::Flags;
use crate::error::{Error, Result};
use crate::program::Link;

/// How many programs a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// All that are selected (`build`).
    #[default]
    All,
    /// Exactly one (`run`).
    One,
}

/// What is built.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// The chosen packages' names, by id.
    packages: BTreeMap<PackageId, Chosen>,
    /// What tells cargo so.
    args: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Chosen {
    name: String,
    library: bool,
}

impl Choice {
    /// Cargo's arguments for it.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// The chosen package with this id.
    #[must_use]
    pub fn package(&self, id: &PackageId) -> Option<&str> {
        self.packages.get(id).map(|chosen| chosen.name.as_str())
    }

    /// Whether the package's `cdylib` is what is wanted of it.
    #[must_use]
    pub fn takes_library(&self, id: &PackageId) -> bool {
        self.packages.get(id).is_some_and(|chosen| chosen.library)
    }

    /// The names of the chosen packages, sorted by id.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.packages.values().map(|chosen| chosen.name.as_str())
    }
}

/// A target that could become an image.
struct Candidate<'a> {
    package: &'a Package,
    target: &'a Target,
}

impl Candidate<'_> {
    fn is(&self, kind: &TargetKind) -> bool {
        self.target.kind.contains(kind)
    }
}

/// Chooses.
///
/// # Errors
/// When nothing fits, several fit where one is wanted, or a link is asked for that a target can't have.
pub fn choose(metadata: &Metadata, flags: &Flags, link: Link, wanted: Wanted) -> Result<Choice> {
    let packages = packages(metadata, flags)?;
    let mut candidates = candidates(&packages, flags)?;
    if wanted == Wanted::One && candidates.len() > 1 {
        candidates = vec![only(candidates)?];
    }
    if candidates.is_empty() {
        return Err(nothing(&packages));
    }
    let bin = candidates
        .iter()
        .find(|candidate| candidate.is(&TargetKind::Bin));
    if let (Link::Shared, Some(bin)) = (link, bin) {
        return Err(Error::input(format!(
            "the binary `{}` can't be linked as a shared object: its thread-locals need an executable on stable Rust",
            bin.target.name
        ))
        .hint("use `link = \"pie\"`, or a library target with crate-type `cdylib` that exports `main`, and `--lib`"));
    }
    let library = candidates
        .iter()
        .find(|candidate| candidate.is(&TargetKind::CDyLib));
    if let (Link::Pie | Link::StaticPie, Some(library)) = (link, library) {
        return Err(Error::input(format!(
            "the library `{}` is a shared object and can't be linked as `{}`",
            library.target.name,
            link.word()
        ))
        .hint("use `link = \"shared\"` or none, or a binary target"));
    }
    let mut choice = Choice {
        args: arguments(&packages, &candidates, flags, wanted),
        ..Choice::default()
    };
    for candidate in &candidates {
        let library = candidate.is(&TargetKind::CDyLib);
        choice.packages.insert(
            candidate.package.id.clone(),
            Chosen {
                name: candidate.package.name.to_string(),
                library,
            },
        );
    }
    Ok(choice)
}

/// The packages that the flags select; cargo's own rules.
fn packages<'a>(metadata: &'a Metadata, flags: &Flags) -> Result<Vec<&'a Package>> {
    let members = metadata.workspace_packages();
    if flags.workspace {
        return Ok(members
            .into_iter()
            .filter(|package| {
                !flags
                    .exclude
                    .iter()
                    .any(|name| *name == package.name.as_str())
            })
            .collect());
    }
    if flags.packages.is_empty() {
        let defaults = &metadata.workspace_default_members;
        return Ok(match defaults.is_available() {
            true => members
                .into_iter()
                .filter(|package| defaults.contains(&package.id))
                .collect(),
            false => members,
        });
    }
    let mut chosen = Vec::new();
    for wanted in &flags.packages {
        let found = members.iter().find(|package| named(package, wanted));
        chosen.push(*found.ok_or_else(|| unknown_package(wanted, &members))?);
    }
    Ok(chosen)
}

/// Whether a package id specification, as far as a workspace member needs one, names this package.
fn named(package: &Package, wanted: &str) -> bool {
    let name = wanted.rsplit(['/', '#']).next().unwrap_or(wanted);
    let (name, version) = match name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    };
    *package.name.as_str() == *name
        && version.is_none_or(|version| package.version.to_string().starts_with(version))
}

fn unknown_package(wanted: &str, members: &[&Package]) -> Error {
    let error = Error::input(format!("package `{wanted}` is not in this workspace"));
    let error = hint_for_slip(error, wanted);
    if error.hint_text().is_some() {
        return error;
    }
    let names: Vec<String> = members
        .iter()
        .map(|package| format!("`{}`", package.name))
        .collect();
    error.hint(format!("it has {}", names.join(", ")))
}

/// Adds what was probably meant when `-p` was given something that other tools take there.
#[must_use]
pub fn hint_for_slip(error: Error, wanted: &str) -> Error {
    let spec = wanted.split(':').next_back().unwrap_or(wanted);
    if spec
        .split('/')
        .next()
        .is_some_and(|port| port.parse::<u16>().is_ok())
    {
        return error.hint(format!(
            "`-p` is cargo's flag for a package; to reach a port of the guest use `-f {wanted}`"
        ));
    }
    if ["vbox", "vmw", "hyperv", "qemu", "gce"].contains(&wanted) {
        let format = match wanted {
            "vbox" => "vdi",
            "vmw" => "vmdk",
            "hyperv" => "vhd",
            "gce" => "gce",
            _ => "qcow2",
        };
        return error.hint(format!(
            "`-p` is cargo's flag for a package; for an image for that machine use `--format {format}`"
        ));
    }
    error
}

fn candidates<'a>(packages: &[&'a Package], flags: &Flags) -> Result<Vec<Candidate<'a>>> {
    let named = |kind: &TargetKind, name: &str| {
        let mut all = packages.iter().flat_map(|package| {
            let targets = package.targets.iter();
            targets.map(|target| Candidate { package, target })
        });
        all.find(|candidate| candidate.is(kind) && candidate.target.name == *name)
    };
    let mut chosen = Vec::new();
    for (kind, word, names) in [
        (TargetKind::Bin, "binary", &flags.bins),
        (TargetKind::Example, "example", &flags.examples),
    ] {
        for name in names {
            let found =
                named(&kind, name).ok_or_else(|| unknown_target(word, &kind, name, packages))?;
            chosen.push(found);
        }
    }
    let explicit = !chosen.is_empty();
    for package in packages {
        let of_kind = |kind: TargetKind| {
            let targets = package.targets.iter();
            let wanted = targets.filter(move |target| target.kind.contains(&kind));
            wanted.map(|target| Candidate { package, target })
        };
        let bins: Vec<_> = of_kind(TargetKind::Bin).collect();
        // A package's programs are its binaries; only one that has none may mean its library.
        if flags.lib || (bins.is_empty() && !explicit) {
            chosen.extend(of_kind(TargetKind::CDyLib));
        }
        if !flags.lib && !explicit {
            chosen.extend(bins);
        }
    }
    Ok(chosen)
}

fn unknown_target(word: &str, kind: &TargetKind, name: &str, packages: &[&Package]) -> Error {
    let targets = packages.iter().flat_map(|package| package.targets.iter());
    let of_kind = targets.filter(|target| target.kind.contains(kind));
    let known: Vec<String> = of_kind.map(|target| format!("`{}`", target.name)).collect();
    let error = Error::input(format!("there is no {word} `{name}`"));
    if known.is_empty() {
        return error.hint(format!(
            "there is no {word} at all in the selected packages"
        ));
    }
    error.hint(format!("there is {}", known.join(", ")))
}

/// The one that `cargo run` would run.
fn only(candidates: Vec<Candidate<'_>>) -> Result<Candidate<'_>> {
    let names: Vec<String> = candidates
        .iter()
        .map(|candidate| candidate.target.name.clone())
        .collect();
    let mut defaults = candidates.into_iter().filter(|candidate| {
        candidate.package.default_run.as_deref() == Some(candidate.target.name.as_str())
    });
    match (defaults.next(), defaults.next()) {
        (Some(default), None) => Ok(default),
        _ => Err(Error::input(format!(
            "several programs could be meant: {}",
            names.join(", ")
        ))
        .hint("name one with `--bin NAME`, or set `default-run` in Cargo.toml")),
    }
}

fn nothing(packages: &[&Package]) -> Error {
    let names: Vec<String> = packages
        .iter()
        .map(|package| format!("`{}`", package.name))
        .collect();
    Error::input(format!("there is no program in {}", names.join(", ")))
        .hint("a program is a binary target, or a library target with crate-type `cdylib` that exports `main`")
}

fn arguments(
    packages: &[&Package],
    candidates: &[Candidate<'_>],
    flags: &Flags,
    wanted: Wanted,
) -> Vec<String> {
    let mut args = Vec::new();
    let mut add = |flag: &str, value: Option<&str>| {
        args.push(flag.to_owned());
        args.extend(value.map(str::to_owned));
    };
    if wanted == Wanted::One {
        for candidate in candidates {
            add("--package", Some(&candidate.package.id.repr));
        }
    } else if flags.workspace {
        add("--workspace", None);
        flags
            .exclude
            .iter()
            .for_each(|name| add("--exclude", Some(name)));
    } else if !flags.packages.is_empty() {
        packages
            .iter()
            .for_each(|package| add("--package", Some(&package.id.repr)));
    }
    let explicit =
        wanted == Wanted::One || flags.lib || !flags.bins.is_empty() || !flags.examples.is_empty();
    if explicit {
        let mut with_library = false;
        for candidate in candidates {
            if candidate.is(&TargetKind::Bin) {
                add("--bin", Some(&candidate.target.name));
            } else if candidate.is(&TargetKind::Example) {
                add("--example", Some(&candidate.target.name));
            } else if !std::mem::replace(&mut with_library, true) {
                add("--lib", None);
            }
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs;
    use crate::program::cargo;

    /// A workspace: `one` with two binaries and an example, `two` with one binary, `three` with a `cdylib` alone.
    fn metadata() -> (tempfile::TempDir, Metadata) {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            fs::write_bytes(&folder.path().join(path), text.as_bytes()).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"one\", \"two\", \"three\"]\nresolver = \"3\"\n",
        );
        let package = |name: &str, rest: &str| {
            let text = format!(
                "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}"
            );
            write(&format!("{name}/Cargo.toml"), &text);
        };
        package("one", "");
        package("two", "");
        package("three", "[lib]\ncrate-type = [\"cdylib\"]\n");
        for file in [
            "one/src/bin/a.rs",
            "one/src/bin/b.rs",
            "one/examples/e.rs",
            "two/src/main.rs",
        ] {
            write(file, "fn main() {}\n");
        }
        write("three/src/lib.rs", "");
        let flags = Flags {
            manifest_path: Some(folder.path().join("Cargo.toml")),
            network: vec!["--offline".to_owned()],
            ..Flags::default()
        };
        let metadata = cargo::metadata(&flags).unwrap();
        (folder, metadata)
    }

    fn packages(names: &[&str]) -> Flags {
        Flags {
            packages: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Flags::default()
        }
    }

    /// The arguments for cargo without the ids of packages, which hold paths.
    fn chosen(flags: &Flags, wanted: Wanted) -> std::result::Result<String, String> {
        let (_folder, metadata) = metadata();
        match choose(&metadata, flags, Link::Auto, wanted) {
            Ok(choice) => {
                let args = choice.args().iter().map(|arg| match arg.rsplit_once('/') {
                    Some((_, name)) => name.split('#').next().unwrap_or_default(),
                    None => arg,
                });
                Ok(args.collect::<Vec<_>>().join(" "))
            }
            Err(error) => Err(format!(
                "{error}; {}",
                error.hint_text().unwrap_or_default()
            )),
        }
    }

    #[test]
    fn build_takes_all_and_run_takes_one() {
        assert_eq!(
            chosen(&packages(&["one"]), Wanted::All),
            Ok("--package one".to_owned())
        );
        let several = chosen(&packages(&["one"]), Wanted::One).unwrap_err();
        assert!(
            several.contains("a, b") && several.contains("--bin"),
            "{several}"
        );
        let one = chosen(&packages(&["two"]), Wanted::One);
        assert_eq!(one, Ok("--package two --bin two".to_owned()));
    }

    #[test]
    fn named_targets_are_handed_on() {
        let flags = Flags {
            bins: vec!["b".to_owned()],
            ..Flags::default()
        };
        assert_eq!(
            chosen(&flags, Wanted::One),
            Ok("--package one --bin b".to_owned())
        );
        let flags = Flags {
            examples: vec!["e".to_owned()],
            ..packages(&["one"])
        };
        let both = chosen(&flags, Wanted::All);
        assert_eq!(both, Ok("--package one --example e".to_owned()));
        let flags = Flags {
            bins: vec!["c".to_owned()],
            ..packages(&["one"])
        };
        let unknown = chosen(&flags, Wanted::One).unwrap_err();
        assert!(unknown.contains("`a`, `b`"), "{unknown}");
    }

    #[test]
    fn library_is_taken_where_there_is_no_binary() {
        let library = chosen(&packages(&["three"]), Wanted::One);
        assert_eq!(library, Ok("--package three --lib".to_owned()));
    }

    #[test]
    fn slips_get_a_hint() {
        let hint = |name: &str| chosen(&packages(&[name]), Wanted::All).unwrap_err();
        assert!(hint("1883").contains("-f 1883"));
        assert!(hint("8080:80").contains("-f 8080:80"));
        assert!(hint("vbox").contains("--format vdi"));
        assert!(hint("four").contains("`one`"));
    }

    #[test]
    fn library_as_an_executable_is_refused() {
        let (_folder, metadata) = metadata();
        for link in [Link::Pie, Link::StaticPie] {
            let error = choose(&metadata, &packages(&["three"]), link, Wanted::All).unwrap_err();
            assert!(error.to_string().contains(link.word()), "{error}");
            assert!(choose(&metadata, &packages(&["two"]), link, Wanted::All).is_ok());
        }
    }

    #[test]
    fn binary_as_a_shared_object_is_refused() {
        let (_folder, metadata) = metadata();
        let error = choose(&metadata, &packages(&["two"]), Link::Shared, Wanted::All).unwrap_err();
        assert!(error.hint_text().unwrap().contains("cdylib"));
        assert!(choose(&metadata, &packages(&["three"]), Link::Shared, Wanted::All).is_ok());
    }
}
