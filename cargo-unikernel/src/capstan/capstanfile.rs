//! A `Capstanfile`: base image, command line, build, files.

use std::path::Path;

use super::CAPSTANFILE;
use super::draft::{Binary, Draft};
use super::fields::{Fields, Text};
use crate::error::Result;
use crate::fs;
use crate::progress::Weight;
use crate::root::RootPath;
use crate::yaml::File;

/// All keys.
const KEYS: [&str; 6] = ["base", "build", "cmdline", "files", "rootfs", "rpm-base"];

/// What Capstan puts into the image when `rootfs` says nothing and it is there.
const ROOTFS: &str = "ROOTFS";

/// Base images that hold a kernel and a few tools, but nothing that a program would miss.
const BARE: [&str; 8] = [
    "cloudius/osv",
    "cloudius/osv-base",
    "cloudius/osv-loader",
    "mike/osv-loader",
    "osv",
    "osv-base",
    "osv-loader",
    "osv.bootstrap",
];

/// Reads the `Capstanfile` in a folder.
pub(super) fn read(folder: &Path, name: &str) -> Result<Draft> {
    let file = File::read(&folder.join(CAPSTANFILE), CAPSTANFILE)?;
    let has = |path: &str| fs::is_folder(&folder.join(path));
    convert(&file, name, &has)
}

/// `has` tells whether the project has a folder.
pub(super) fn convert(file: &File, name: &str, has: &dyn Fn(&str) -> bool) -> Result<Draft> {
    let mut fields = Fields::of_file(file)?;
    let mut draft = Draft {
        comments: vec![format!(
            "Written by `cargo unikernel init` from Capstan's `{CAPSTANFILE}`."
        )],
        ..Draft::default()
    };
    let line = fields.text("cmdline")?;
    let Some(line) = line.filter(|line| !line.text.is_empty()) else {
        let hint = "it says what is started: cmdline: /PROGRAM ARGUMENTS";
        return Err(fields.missing("cmdline", &KEYS, hint));
    };
    let base = fields.text("base")?;
    let base = base.filter(|base| !BARE.contains(&&*base.text));
    if let Some(base) = &base {
        draft.lost(
            file,
            &base.span,
            &format!(
                "what the base image `{}` holds beside a kernel is not taken over",
                base.text
            ),
            "name what the program needs of it in [files] or `layers`",
        );
    }
    rpm(&mut draft, file, &mut fields)?;
    build(&mut draft, file, &mut fields)?;
    let elsewhere = elsewhere(&mut draft, &mut fields, has, base.as_ref())?;
    files(&mut draft, file, &mut fields)?;
    draft.unknown(file, fields, &KEYS);
    let program = draft.boot(file, &line);
    match &program {
        Some(program) => binary(&mut draft, file, program, &elsewhere),
        None => draft.lost(file, &line.span, "`cmdline` starts no program", ""),
    }
    draft.name = image_name(program.as_ref(), &draft.binary, name);
    Ok(draft)
}

fn rpm(draft: &mut Draft, file: &File, fields: &mut Fields<'_>) -> Result<()> {
    let Some((span, node)) = fields.take_with_key("rpm-base") else {
        return Ok(());
    };
    let mut rpm = Fields::of_node(file, node, "`rpm-base`")?;
    let package = rpm.text("name")?.map(|name| name.text);
    let package = package.unwrap_or_else(|| "?".to_owned());
    draft.lost(
        file,
        &span,
        &format!("`rpm-base`: the package `{package}` is not fetched"),
        "unpack it yourself, and name its folder or tar file in `layers`",
    );
    Ok(())
}

fn build(draft: &mut Draft, file: &File, fields: &mut Fields<'_>) -> Result<()> {
    let command = fields.text("build")?;
    let Some(Text { text, span }) = command.filter(|command| !command.text.is_empty()) else {
        return Ok(());
    };
    if text.contains(|c: char| "$;&|<>()`\"'\\*?\n".contains(c)) {
        draft.told(
            file,
            &span,
            Weight::Note,
            "`build` is run by `sh` here: Capstan splits it at blanks and runs it without a shell",
            "",
        );
    }
    draft.command = Some(text);
    Ok(())
}

/// Where Capstan takes from what is not among the files.
enum Elsewhere {
    /// This folder of the project.
    Rootfs(String),
    /// The base image, which holds more than a kernel.
    Base,
    /// `ROOTFS`, if the build makes it.
    Build,
    /// Nowhere.
    Nowhere,
}

fn elsewhere(
    draft: &mut Draft,
    fields: &mut Fields<'_>,
    has: &dyn Fn(&str) -> bool,
    base: Option<&Text>,
) -> Result<Elsewhere> {
    let named = fields.text("rootfs")?.map(|rootfs| rootfs.text);
    let named = named.filter(|rootfs| !rootfs.is_empty());
    let usual = || has(ROOTFS).then(|| ROOTFS.to_owned());
    if let Some(folder) = named.or_else(usual) {
        draft.layers.push(folder.clone());
        return Ok(Elsewhere::Rootfs(folder));
    }
    Ok(match base {
        Some(_) => Elsewhere::Base,
        None if draft.command.is_some() => Elsewhere::Build,
        None => Elsewhere::Nowhere,
    })
}

fn files(draft: &mut Draft, file: &File, fields: &mut Fields<'_>) -> Result<()> {
    for (guest, host) in fields.map("files")? {
        if host.text.is_empty() {
            let message = format!("`{}` names no file of this host", guest.text);
            return Err(file.error(&guest.span, message));
        }
        let absolute = format!("/{}", guest.text.trim_start_matches('/'));
        let path = RootPath::parse(&absolute)
            .map_err(|error| file.error(&guest.span, error.to_string()))?;
        let Some(name) = path.name() else {
            return Err(file.error(&guest.span, "the root itself is no file"));
        };
        // `&` alone means the same here.
        let host_path = match host.text.as_str() {
            "&" => "&".to_owned(),
            text => text.replace('&', name),
        };
        if host_path.contains(['*', '$']) || host_path.starts_with('~') {
            draft.lost(
                file,
                &host.span,
                &format!(
                    "`{host_path}` is a path as it stands, as in Capstan: nothing is replaced"
                ),
                "write the path out; of a folder all that it holds comes with it",
            );
        }
        let guest_path = path.to_string();
        if draft.files.insert(guest_path, host_path).is_some() {
            let message = format!("`{path}` is given twice");
            return Err(file.error(&guest.span, message));
        }
    }
    Ok(())
}

/// Finds the program's file, as Capstan would: among the files, then in the root tree, then in the base image.
fn binary(draft: &mut Draft, file: &File, program: &Text, elsewhere: &Elsewhere) {
    let name = program.text.trim_start_matches('/');
    let places = if program.text.starts_with('/') {
        vec![format!("/{name}")]
    } else {
        // Where OSv looks for a program without a path.
        vec![format!("/{name}"), format!("/usr/lib/{name}")]
    };
    let places = places
        .iter()
        .filter_map(|place| RootPath::parse(place).ok());
    let places: Vec<String> = places.map(|place| place.to_string()).collect();
    if let Some((place, host)) = places
        .iter()
        .find_map(|place| Some((place, draft.files.remove(place)?)))
    {
        let name = place.rsplit('/').next().unwrap_or(place).to_owned();
        draft.binary = Binary::At(if host == "&" { name } else { host });
        return;
    }
    let below = |folder: &str| Binary::At(format!("{folder}/{name}"));
    let program_name = &program.text;
    let open = format!("`{program_name}` is not among `files`: `build.binary` is left open");
    let (weight, message, help) = match elsewhere {
        Elsewhere::Rootfs(folder) => {
            draft.binary = below(folder);
            return;
        }
        Elsewhere::Build => {
            draft.layers.push(ROOTFS.to_owned());
            draft.binary = below(ROOTFS);
            (
                Weight::Note,
                format!(
                    "`{program_name}` is not among `files`: taken to be what `build` puts into `{ROOTFS}`"
                ),
                "if it lies elsewhere, change `build.binary`, and take `layers` out",
            )
        }
        Elsewhere::Base => {
            draft.binary = Binary::Elsewhere(program_name.clone());
            (
                Weight::Warning,
                format!("`{program_name}` comes from the base image: `build.binary` is left open"),
                "name the ELF that is started, and with `--sysroot` where its libraries lie",
            )
        }
        Elsewhere::Nowhere => {
            draft.binary = Binary::Elsewhere(program_name.clone());
            (Weight::Warning, open, "name the ELF that is started")
        }
    };
    draft.told(file, &program.span, weight, &message, help);
}

/// What the program's file is called, without `.so`; the folder's name where the program is somebody else's.
pub(super) fn image_name(program: Option<&Text>, binary: &Binary, folder: &str) -> String {
    let own = program.filter(|_| matches!(binary, Binary::At(_)));
    let own = own.map(|program| {
        let last = program.text.rsplit('/').next().unwrap_or_default();
        last.trim_end_matches(".so").trim_start_matches('.')
    });
    let name = own.filter(|name| !name.is_empty());
    let name = name.unwrap_or(folder.trim_start_matches('.'));
    if name.is_empty() { "app" } else { name }.to_owned()
}
