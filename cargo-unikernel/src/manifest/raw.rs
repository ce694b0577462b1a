//! The manifest as it is written: TOML, with every value checked where it stands, so that errors name the place.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use super::size::Size;
use super::words;
use crate::lint;
use crate::place::Place;
use crate::program::Link;
use crate::root::RootPath;

/// All keys of a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of the manifest")]
pub struct Raw {
    /// The image's name.
    #[serde(default, deserialize_with = "words::name")]
    pub name: Option<String>,
    /// The kernel's name.
    #[serde(default, deserialize_with = "words::kernel")]
    pub kernel: Option<String>,
    /// How the program is linked.
    pub link: Option<Link>,
    /// The program's arguments.
    pub args: Option<Vec<String>>,
    /// The guest's memory.
    pub memory: Option<Size>,
    /// The guest's processors.
    pub cpus: Option<NonZero<u32>>,
    /// Root trees under ours.
    pub layers: Option<Vec<PathBuf>>,
    /// The guest's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The guest's files.
    #[serde(default)]
    pub files: BTreeMap<GuestPath, File>,
    /// How the program is built.
    pub build: Option<Build>,
    /// What image is made.
    pub image: Option<Image>,
    /// The guest's network.
    pub net: Option<Net>,
    /// How it is run.
    pub run: Option<Run>,
    /// What the lint makes of findings.
    pub lint: Option<Lint>,
    /// Per binary of a package.
    #[serde(default)]
    pub bin: BTreeMap<String, Self>,
    /// Where the files are named, as far as they are named in TOML.
    #[serde(skip)]
    pub places: BTreeMap<RootPath, Place>,
}

/// A guest path as a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct GuestPath(pub RootPath);

impl TryFrom<String> for GuestPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        RootPath::parse(&text)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

/// What lies at a guest path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// A host file or folder, with all it holds.
    Host {
        /// Where it lies; relative to the manifest until [`Raw::rooted`].
        path: PathBuf,
        /// Its permissions, other than what it has.
        mode: Option<u16>,
    },
    /// The host file that has the guest path's own last part as its name (`"&"`).
    SameName,
    /// A symbolic link.
    Symlink(String),
    /// An empty folder.
    Folder {
        /// Its permissions, other than 0755.
        mode: Option<u16>,
    },
    /// Nothing: one of our defaults is left out.
    Absent,
}

/// The table form of [`File`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    host: Option<PathBuf>,
    mode: Option<String>,
    symlink: Option<String>,
    dir: Option<bool>,
}

impl TryFrom<FileTable> for File {
    type Error = String;

    fn try_from(table: FileTable) -> Result<Self, String> {
        let octal = |text: &String| {
            let bits = u16::from_str_radix(text, 8).ok();
            bits.filter(|bits| *bits <= 0o7777)
                .ok_or_else(|| format!("`{text}` is no mode: write octal digits, such as \"0644\""))
        };
        let mode = table.mode.as_ref().map(octal).transpose()?;
        match (table.host, table.symlink, table.dir) {
            (Some(path), None, None) => Ok(Self::Host { path, mode }),
            (None, Some(target), None) if mode.is_none() => Ok(Self::Symlink(target)),
            (None, None, Some(true)) => Ok(Self::Folder { mode }),
            _ => Err(
                "a file is one of { host = \"PATH\" }, { symlink = \"TARGET\" }, { dir = true }, \
                 the first and the last with `mode` if need be"
                    .to_owned(),
            ),
        }
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host path, \"&\", a table, or false")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<File, E> {
        Ok(match text {
            "" => return Err(E::custom("a host path is empty")),
            "&" => File::SameName,
            path => File::Host {
                path: PathBuf::from(path),
                mode: None,
            },
        })
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<File, E> {
        if value {
            return Err(E::custom(
                "`true` says nothing; `false` leaves a default file out",
            ));
        }
        Ok(File::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<File, A::Error> {
        let table = FileTable::deserialize(MapAccessDeserializer::new(map))?;
        File::try_from(table).map_err(serde::de::Error::custom)
    }
}

/// `[build]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Where the source lies.
    pub dir: Option<PathBuf>,
    /// Where the source is fetched from.
    pub source: Option<Remote>,
    /// A known native project.
    pub template: Option<String>,
    /// C and C++ files; patterns with `*` and `?` in the last part.
    pub sources: Option<Vec<String>>,
    /// Folders with headers.
    #[serde(default)]
    pub include: Vec<PathBuf>,
    /// Macros: `NAME` or `NAME=VALUE`.
    #[serde(default)]
    pub define: Vec<String>,
    /// Further flags of the compiler.
    #[serde(default)]
    pub cflags: Vec<String>,
    /// Further flags of the linker driver.
    #[serde(default)]
    pub ldflags: Vec<String>,
    /// Libraries to link, without `lib` and `-l`.
    #[serde(default)]
    pub libs: Vec<String>,
    /// A native build, run by `sh` in `dir`.
    pub command: Option<String>,
    /// The ELF that is there, or that `command` makes.
    pub binary: Option<PathBuf>,
}

/// `[build] source`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `url` and `sha256`")]
pub struct Remote {
    /// Where it lies.
    pub url: String,
    /// SHA-256 of it, in hexadecimal digits.
    pub sha256: String,
}

/// `[net]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Net {
    /// `dhcp`, or an address with the length of its prefix.
    pub address: Option<words::Address>,
    /// The router, beside an address.
    pub gateway: Option<IpAddr>,
    /// The name server, beside an address.
    pub dns: Option<IpAddr>,
    /// The guest's name.
    pub hostname: Option<String>,
}

/// `[image]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Names of formats.
    #[serde(default, deserialize_with = "words::formats")]
    pub formats: Option<Vec<String>>,
    /// Length of disks.
    pub size: Option<DiskSize>,
    /// Most bytes an image may have.
    pub budget: Option<Size>,
}

/// `[image] size`: a size, or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum DiskSize {
    /// As small as it goes.
    Auto,
    /// So many bytes.
    Bytes(Size),
}

impl TryFrom<toml::Value> for DiskSize {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) if text == "auto" => Ok(Self::Auto),
            toml::Value::String(text) => text.parse().map(Self::Bytes),
            toml::Value::Integer(bytes) => u64::try_from(bytes)
                .map(|bytes| Self::Bytes(Size(bytes)))
                .map_err(|_| format!("`{bytes}` is no size")),
            other => Err(format!("`{other}` is no size")),
        }
    }
}

/// `[run]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Ports that lead into the guest.
    #[serde(default)]
    pub forward: Vec<String>,
    /// When the guest is ready.
    pub ready: Option<String>,
}

/// `[lint]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lint {
    /// `[[lint.allow]]`.
    pub allow: Vec<Allow>,
    /// The levels of rules.
    pub levels: BTreeMap<String, String>,
}

/// One of `[[lint.allow]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The rule.
    #[serde(deserialize_with = "words::rule")]
    pub rule: String,
    /// Part of the finding's place or message.
    #[serde(default)]
    pub at: String,
    /// Why it is fine.
    #[serde(deserialize_with = "words::reason")]
    pub reason: String,
}

impl From<Allow> for lint::Waiver {
    fn from(allow: Allow) -> Self {
        Self {
            rule: allow.rule,
            at: allow.at,
            reason: allow.reason,
        }
    }
}

impl Raw {
    /// The same with all host paths made absolute: they are relative to `folder`, where the manifest lies.
    #[must_use]
    pub fn rooted(mut self, folder: &Path) -> Self {
        let root = |path: &mut PathBuf| *path = folder.join(&*path);
        for (guest, file) in &mut self.files {
            match file {
                File::Host { path, .. } => root(path),
                File::SameName => {
                    let name = guest.0.name().unwrap_or_default();
                    *file = File::Host {
                        path: folder.join(name),
                        mode: None,
                    };
                }
                _ => {}
            }
        }
        self.layers.iter_mut().flatten().for_each(root);
        if let Some(build) = &mut self.build {
            let dir = build.dir.take();
            let dir = dir.map_or_else(|| folder.to_owned(), |dir| folder.join(dir));
            build
                .include
                .iter_mut()
                .for_each(|path| *path = dir.join(&*path));
            build
                .binary
                .iter_mut()
                .for_each(|path| *path = dir.join(&*path));
            build.dir = Some(dir);
        }
        let bins = std::mem::take(&mut self.bin);
        self.bin = bins
            .into_iter()
            .map(|(name, raw)| (name, raw.rooted(folder)))
            .collect();
        self
    }

    /// The same with what `base` has and it lacks, key by key; tables of names are merged, lists are not.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        let merged = |mut under: BTreeMap<String, String>, over: BTreeMap<String, String>| {
            under.extend(over);
            under
        };
        let mut places = base.places;
        places.retain(|path, _| !self.files.contains_key(&GuestPath(path.clone())));
        places.extend(self.places);
        let mut files = base.files;
        files.extend(self.files);
        let mut bin = base.bin;
        for (name, raw) in self.bin {
            let under = bin.remove(&name).unwrap_or_default();
            bin.insert(name, raw.over(under));
        }
        Self {
            name: self.name.or(base.name),
            kernel: self.kernel.or(base.kernel),
            link: self.link.or(base.link),
            args: self.args.or(base.args),
            memory: self.memory.or(base.memory),
            cpus: self.cpus.or(base.cpus),
            layers: self.layers.or(base.layers),
            env: merged(base.env, self.env),
            files,
            build: self.build.or(base.build),
            image: over(self.image, base.image, |image, base| Image {
                formats: image.formats.or(base.formats),
                size: image.size.or(base.size),
                budget: image.budget.or(base.budget),
            }),
            net: over(self.net, base.net, |net, base| Net {
                address: net.address.or(base.address),
                gateway: net.gateway.or(base.gateway),
                dns: net.dns.or(base.dns),
                hostname: net.hostname.or(base.hostname),
            }),
            run: self.run.or(base.run),
            lint: over(self.lint, base.lint, |lint, base| Lint {
                allow: [base.allow, lint.allow].concat(),
                levels: merged(base.levels, lint.levels),
            }),
            bin,
            places,
        }
    }
}

fn over<T>(upper: Option<T>, base: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (upper, base) {
        (Some(upper), Some(base)) => Some(merge(upper, base)),
        (upper, base) => upper.or(base),
    }
}
