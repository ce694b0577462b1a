//! `cargo unikernel init`: looks at what lies here, and writes the manifest that it needs, if it needs one.

use std::path::Path;

use crate::capstan::{self, Converted};
use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::{Error, Result};
use crate::fs;
use crate::progress::{Progress, Weight};

const UNIKERNEL_TOML: &str = "Unikernel.toml";

/// Endings of C and C++ files.
const ENDINGS: [&str; 4] = ["c", "cc", "cpp", "cxx"];

/// Folders in which sources are looked for, with what stands before a name in them.
const FOLDERS: [(&str, &str); 2] = [(".", ""), ("src", "src/")];

/// Writes `Unikernel.toml`, or says why there is no need.
///
/// # Errors
/// When there is one already, or nothing that could be built.
pub fn run(shell: &Shell) -> Result<Exit> {
    let here = fs::working_folder()?;
    let path = here.join(UNIKERNEL_TOML);
    if fs::exists(&path) {
        return Err(
            Error::input(format!("there is a `{UNIKERNEL_TOML}` already"))
                .hint("`cargo unikernel build` uses it"),
        );
    }
    if fs::is_file(&here.join("Cargo.toml")) {
        shell.note(
            "a cargo package needs no manifest: `cargo unikernel run` builds and boots it; \
             files, arguments and the rest go into [package.metadata.unikernel] of `Cargo.toml`",
        );
        if fs::is_file(&here.join(capstan::CAPSTANFILE)) {
            shell.note("the `Capstanfile` here is not read: this is a cargo package");
        }
        return Ok(Exit::Done);
    }
    let name = here.file_name().unwrap_or_default().to_string_lossy();
    if let Some(converted) = capstan::convert(&here, &name)? {
        return of_capstan(&converted, &path, shell);
    }
    let patterns = patterns(&here)?;
    if patterns.is_empty() {
        return Err(Error::input(format!(
            "there is no cargo package, no Capstanfile, and no C or C++ file in `{}` or its `src`",
            here.display()
        ))
        .hint("`cargo unikernel new NAME` starts a project; `cargo unikernel build --binary ELF` packs a ready program"));
    }
    let headers = Some("include").filter(|folder| fs::is_folder(&here.join(folder)));
    fs::write_bytes(&path, manifest(&name, &patterns, headers).as_bytes())?;
    shell.finished(
        "Created",
        &format!("`{UNIKERNEL_TOML}` for {}", patterns.join(", ")),
    );
    shell.note("to boot it: cargo unikernel run");
    Ok(Exit::Done)
}

/// Writes what a project of Capstan's has become, and tells what has no counterpart.
fn of_capstan(converted: &Converted, path: &Path, shell: &Shell) -> Result<Exit> {
    fs::write_bytes(path, converted.manifest.as_bytes())?;
    for finding in &converted.findings {
        shell.finding(finding);
    }
    shell.finished(
        "Created",
        &format!("`{UNIKERNEL_TOML}` from `{}`", converted.from),
    );
    let lost = converted.findings.iter();
    match lost.filter(|it| it.weight > Weight::Note).count() {
        0 => shell.note("to boot it: cargo unikernel run"),
        n => {
            let what = if n == 1 { "thing has" } else { "things have" };
            shell.note(&format!(
                "{n} {what} no counterpart: see above, and the comments in `{UNIKERNEL_TOML}`"
            ));
        }
    }
    Ok(Exit::Done)
}

/// A pattern for each kind of source that lies here.
fn patterns(here: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (folder, prefix) in FOLDERS {
        let folder = here.join(folder);
        if !fs::is_folder(&folder) {
            continue;
        }
        let names = fs::list(&folder)?;
        for ending in ENDINGS {
            let is_source = |name: &String| name.ends_with(&format!(".{ending}"));
            if names.iter().any(is_source) {
                found.push(format!("{prefix}*.{ending}"));
            }
        }
    }
    Ok(found)
}

fn manifest(name: &str, patterns: &[String], headers: Option<&str>) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let patterns: Vec<String> = patterns.iter().map(|pattern| quoted(pattern)).collect();
    let mut text = format!(
        "name = {}\n\n[build]\nsources = [{}]\n",
        quoted(name),
        patterns.join(", ")
    );
    if let Some(folder) = headers {
        text.push_str(&format!("include = [{}]\n", quoted(folder)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_names_what_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.c", "src/b.cpp", "src/b.h", "README"] {
            fs::write_bytes(&folder.path().join(name), b"").unwrap();
        }
        let patterns = patterns(folder.path()).unwrap();
        assert_eq!(patterns, ["*.c", "src/*.cpp"]);
        let expected = "name = \"it's\"\n\n[build]\nsources = [\"*.c\", \"src/*.cpp\"]\n\
            include = [\"include\"]\n";
        assert_eq!(manifest("it's", &patterns, Some("include")), expected);
    }
}
