//! From layers of raw keys to a manifest: defaults, names looked up, contradictions. All of them here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

use super::raw::{DiskSize, File, Raw};
use super::words::{Address, check_name};
use super::{Manifest, Project, Run, did_you_mean};
use crate::closure::{self, Sysroot};
use crate::error::{Error, Result};
use crate::image::FORMATS;
use crate::kernel::{self, KernelTarget, Origin};
use crate::lint::{Level, Levels, RULES, rules};
use crate::network::{Fixed, Network};
use crate::program::{Built, Link};
use crate::root::{Mode, RootPath, plan};
use crate::{env, image};

/// The environment of every guest, unless the manifest says otherwise.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("HOME", "/"),
    ("TERM", "xterm"),
];

/// The keys that `UNIKERNEL_*` sets.
pub(super) fn environment() -> Result<Raw> {
    let text = |name: &str| env::text(&format!("UNIKERNEL_{name}"));
    let wrong = |name: &str, why: String| {
        Error::input(format!("environment variable `UNIKERNEL_{name}`: {why}"))
    };
    let link = match text("LINK")? {
        Some(word) => Some(Link::from_word(&word).ok_or_else(|| {
            wrong("LINK", format!("unknown value `{word}`")).hint(did_you_mean(&word, &Link::WORDS))
        })?),
        None => None,
    };
    let memory = match text("MEMORY")? {
        Some(size) => Some(size.parse().map_err(|why| wrong("MEMORY", why))?),
        None => None,
    };
    let cpus = match text("CPUS")? {
        Some(number) => Some(
            number
                .parse()
                .map_err(|_| wrong("CPUS", format!("`{number}` is no number above 0")))?,
        ),
        None => None,
    };
    let name = text("NAME")?;
    if let Some(name) = &name {
        check_name(name).map_err(|why| wrong("NAME", why))?;
    }
    let formats = text("FORMAT")?.map(|names| names.split(',').map(str::to_owned).collect());
    Ok(Raw {
        name,
        kernel: text("KERNEL")?,
        link,
        memory,
        cpus,
        image: formats.map(|formats| super::raw::Image {
            formats: Some(formats),
            ..super::raw::Image::default()
        }),
        ..Raw::default()
    })
}

pub(super) fn manifest(project: &Project, mut layer: Raw, built: &Built) -> Result<Manifest> {
    let request = &project.request;
    let bin = layer.bin.remove(&built.program.name);
    let layer = bin.unwrap_or_default().over(layer);
    let below = layer.kernel.clone();
    let raw = request
        .overrides
        .clone()
        .over(project.environment.clone())
        .over(layer);
    let name = raw
        .name
        .clone()
        .unwrap_or_else(|| built.program.name.clone());
    check_name(&name).map_err(Error::input)?;
    let kernel = kernel::find(raw.kernel.as_deref().unwrap_or("builtin"))?;
    let origin = origin(project, below.as_deref())?;
    let path_of = |variable: &str| env::text(variable).map(|text| text.map(Into::into));
    let sysroot = match request.sysroot.clone().or(path_of("UNIKERNEL_SYSROOT")?) {
        Some(folder) => Sysroot::new(&folder)?,
        None => Sysroot::default(),
    };
    let image = raw.image.clone().unwrap_or_default();
    check_size(image.size)?;
    let zone = raw.env.get("TZ");
    let zone = zone.map(|zone| zone.trim_start_matches(':').to_owned());
    Ok(Manifest {
        kernel,
        origin,
        closure: closure::Settings {
            sysroot: sysroot.clone(),
        },
        levels: levels(&raw)?,
        root: plan::Settings {
            items: items(raw.files),
            places: raw.places,
            layers: raw.layers.unwrap_or_default(),
            hostname: name.clone(),
            zone: zone.filter(|zone| !zone.is_empty()),
            sysroot,
            wanted: kernel.files()?,
            views: kernel.views,
        },
        args: match &request.args {
            Some(args) => args.clone(),
            None => raw
                .args
                .unwrap_or_default()
                .into_iter()
                .map(OsString::from)
                .collect(),
        },
        env: guest_environment(raw.env),
        formats: formats(kernel, image.formats)?,
        budget: image.budget.map(|size| size.0),
        memory: raw.memory.map(|size| size.0),
        cpus: raw.cpus.map_or(1, NonZero::get),
        run: run(kernel, raw.run.unwrap_or_default())?,
        network: network(kernel, raw.net.as_ref())?,
        name,
    })
}

/// Where the kernel's files come from: who is asked first and names a file, or a kernel of the store, is heard. The `manifest`
/// is asked last.
fn origin(project: &Project, manifest: Option<&str>) -> Result<Origin> {
    let request = &project.request;
    let file = env::text("UNIKERNEL_KERNEL_FILE")?.map(PathBuf::from);
    let layers = [
        (&request.overrides.kernel, request.kernel_file.clone()),
        (&project.environment.kernel, file),
        (&manifest.map(str::to_owned), None),
    ];
    let mut is_named = false;
    for (word, file) in layers {
        // A word without a name of the store says that none of those below counts.
        let word = word.as_deref().filter(|_| !is_named);
        is_named |= word.is_some();
        if let Some(origin) = Origin::named(word, file)? {
            return Ok(origin);
        }
    }
    Ok(Origin::Usual)
}

/// Keys that would have no effect are no keys to be passed over.
fn network(kernel: &KernelTarget, net: Option<&super::raw::Net>) -> Result<Network> {
    let Some(net) = net else {
        return Ok(Network::Unsaid);
    };
    let refused = |why: &str| Err(Error::input(format!("[net] {why}")));
    if !kernel.has_network {
        return Err(Error::input(format!(
            "[net] is given, but kernel `{}` has no network yet",
            kernel.name
        ))
        .hint("leave [net] out"));
    }
    if net.hostname.is_some() {
        return refused("hostname: this kernel takes no name from outside");
    }
    match (net.address, net.gateway, net.dns) {
        (Some(Address::Fixed(address, prefix)), gateway, dns) => Ok(Network::Fixed(Fixed {
            address,
            prefix,
            gateway,
            dns,
        })),
        (_, Some(_), _) | (_, _, Some(_)) => {
            refused("gateway and dns go with an address; a DHCP server says its own")
        }
        (Some(Address::Dhcp), None, None) => Ok(Network::Dhcp),
        (None, None, None) => Ok(Network::Unsaid),
    }
}

fn run(kernel: &KernelTarget, raw: super::raw::Run) -> Result<Run> {
    let what = match (&raw.forward[..], &raw.ready) {
        ([], None) => None,
        ([_, ..], _) => Some("`run.forward` of the manifest"),
        ([], Some(_)) => Some("`run.ready` of the manifest"),
    };
    if let Some(what) = what.filter(|_| !kernel.has_network) {
        return Err(Error::input(format!(
            "{what} is not yet possible on kernel `{}`: it has no network",
            kernel.name
        )));
    }
    let forward = raw.forward.iter().map(|text| text.parse());
    Ok(Run {
        forward: forward.collect::<Result<_>>()?,
        ready: raw.ready.map(|text| text.parse()).transpose()?,
    })
}

fn guest_environment(given: BTreeMap<String, String>) -> BTreeMap<String, OsString> {
    let defaults = ENVIRONMENT.map(|(name, value)| (name.to_owned(), OsString::from(value)));
    let given = given.into_iter().map(|(name, value)| (name, value.into()));
    defaults.into_iter().chain(given).collect()
}

fn items(files: BTreeMap<super::raw::GuestPath, File>) -> BTreeMap<RootPath, plan::Item> {
    let item = |file: File| match file {
        File::Host { path, mode } => plan::Item::Host {
            path,
            mode: mode.map(Mode),
        },
        // `Raw::rooted` has turned it into a host path; a bare one means nothing.
        File::SameName | File::Absent => plan::Item::Absent,
        File::Symlink(target) => plan::Item::Link(target),
        File::Folder { mode } => plan::Item::Folder {
            mode: mode.map(Mode),
        },
    };
    let files = files.into_iter();
    files.map(|(path, file)| (path.0, item(file))).collect()
}

fn levels(raw: &Raw) -> Result<Levels> {
    let lint = raw.lint.clone().unwrap_or_default();
    let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let check_rule =
        |id: &str| match rules::by_id(id) {
            Some(_) => Ok(()),
            None => Err(Error::input(format!("there is no lint rule `{id}`"))
                .hint(did_you_mean(id, &known))),
        };
    let mut levels = Levels::default();
    for (rule, word) in lint.levels {
        check_rule(&rule)?;
        let words = Level::ALL.map(Level::word);
        let level = Level::from_word(&word).ok_or_else(|| {
            Error::input(format!("lint rule `{rule}`: unknown level `{word}`"))
                .hint(did_you_mean(&word, &words))
        })?;
        levels.overrides.insert(rule, level);
    }
    for allow in lint.allow {
        check_rule(&allow.rule)?;
        if allow.reason.trim().is_empty() {
            return Err(Error::input(format!(
                "the waiver of `{}` gives no reason",
                allow.rule
            )));
        }
        levels.waivers.push(allow.into());
    }
    Ok(levels)
}

fn check_size(size: Option<DiskSize>) -> Result<()> {
    match size {
        None | Some(DiskSize::Auto) => Ok(()),
        Some(DiskSize::Bytes(_)) => Err(Error::input(
            "`image.size` is for disks; the format `elf` is as long as what it holds",
        )),
    }
}

fn formats(
    kernel: &'static KernelTarget,
    names: Option<Vec<String>>,
) -> Result<Vec<&'static image::ImageFormat>> {
    let Some(names) = names else {
        return Ok(kernel.formats.first().copied().into_iter().collect());
    };
    let fitting: Vec<&str> = kernel.formats.iter().map(|format| format.name).collect();
    let mut formats: Vec<&'static image::ImageFormat> = Vec::new();
    for name in names {
        let format = kernel.formats.iter().find(|format| format.name == name);
        let format = format.ok_or_else(|| {
            let known = FORMATS.iter().any(|format| format.name == name);
            let error = if known {
                Error::input(format!(
                    "kernel `{}` does not boot from format `{name}`",
                    kernel.name
                ))
            } else {
                Error::input(format!("there is no image format `{name}`"))
            };
            error.hint(did_you_mean(&name, &fitting))
        })?;
        if !formats.iter().any(|chosen| chosen.name == format.name) {
            formats.push(format);
        }
    }
    if formats.is_empty() {
        return Err(Error::input("`image.formats` is empty"));
    }
    Ok(formats)
}

#[cfg(test)]
mod tests {
    use super::super::Request;
    use super::*;
    use crate::fs;
    use crate::test_support::closure_of_c;

    /// The manifest that this text gives under these flags.
    fn manifest_of(text: &str, overrides: Raw) -> Result<Manifest> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Unikernel.toml");
        let text = format!("{text}\n[build]\nbinary = \"app\"\n");
        fs::write_bytes(&path, text.as_bytes()).unwrap();
        let mut request = Request {
            overrides,
            ..Request::default()
        };
        request.flags.manifest_path = Some(path);
        let project = Project::load(request)?;
        let built = Built {
            program: closure_of_c("int main(void) { return 0; }", &[]).program,
            package: None,
            is_example: false,
            artefacts: folder.path().to_owned(),
            inputs: Vec::new(),
            variables: Vec::new(),
        };
        project.manifest(&built)
    }

    fn check_error(text: &str, message: &str, hint: &str) {
        let error = manifest_of(text, Raw::default()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(
            error.hint_text().unwrap_or_default().contains(hint),
            "{error:?}"
        );
    }

    #[test]
    fn defaults_are_those_that_are_documented() {
        let manifest = manifest_of("", Raw::default()).unwrap();
        assert_eq!(manifest.name, "app");
        assert_eq!(manifest.kernel.name, "builtin");
        assert_eq!((manifest.memory, manifest.cpus), (None, 1));
        assert_eq!(manifest.formats[0].name, "elf");
        let names: Vec<&str> = manifest.env.keys().map(String::as_str).collect();
        assert_eq!(names, ["HOME", "PATH", "TERM"]);
    }

    #[test]
    fn flag_counts_over_the_manifest() {
        let flags = Raw {
            name: Some("flag".to_owned()),
            ..Raw::default()
        };
        let text = "name = \"file\"\nmemory = \"64M\"\nargs = [\"a\"]\n[env]\nHOME = \"/root\"\n";
        let manifest = manifest_of(text, flags).unwrap();
        assert_eq!(manifest.name, "flag");
        assert_eq!(manifest.memory, Some(64 << 20));
        assert_eq!(manifest.env["HOME"], "/root");
        assert_eq!(manifest.args, ["a"]);
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        check_error(
            "kernel = \"biultin\"",
            "unknown value `biultin`",
            "did you mean `builtin`",
        );
        check_error("[net]\naddress = \"dhcp\"", "no network yet", "[net]");
        check_error("[net]\naddress = \"10.0.2.15\"", "is no address", "");
        check_error("[net]\ngateway = \"router\"", "invalid IP address", "");
        check_error("name = \"a/b\"", "no file name", "");
        check_error(
            "[image]\nformats = [\"elv\"]",
            "unknown value `elv`",
            "did you mean `elf`",
        );
        check_error("[image]\nformats = []", "is empty", "");
        check_error("[image]\nsize = \"1G\"", "for disks", "");
        check_error(
            "[lint]\nUK010 = \"never\"",
            "unknown value `never`",
            "`deny`",
        );
        check_error(
            "[lint]\nUK01O = \"warn\"",
            "unknown value `UK01O`",
            "did you mean `UK01",
        );
        check_error(
            "[[lint.allow]]\nrule = \"UK012\"\nreason = \" \"",
            "gives a reason",
            "",
        );
    }

    #[test]
    fn waiver_is_taken_over() {
        let text = "[lint]\nUK012 = \"warn\"\n[[lint.allow]]\nrule = \"UK010\"\nat = \"libx\"\nreason = \"why\"\n";
        let levels = manifest_of(text, Raw::default()).unwrap().levels;
        assert_eq!(levels.overrides["UK012"], Level::Warn);
        assert_eq!(levels.waivers[0].at, "libx");
    }
}
