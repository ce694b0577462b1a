//! Lists the folders that hold a `template.toml`, with all their files. The folder is the list.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

const FACTS: &str = "template.toml";

#[expect(
    clippy::disallowed_methods,
    reason = "a build script is asked through the environment and answers in a file"
)]
fn main() -> io::Result<()> {
    // Without further lines cargo runs this again when any file of the package changes.
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut text = "&[\n".to_owned();
    for name in names(Path::new(&root))? {
        let folder = Path::new(&root).join(&name);
        if !folder.join(FACTS).is_file() {
            continue;
        }
        let _ = writeln!(
            text,
            "    Folder {{\n        name: {name:?},\n        files: &["
        );
        for path in files(&folder, "")? {
            let from = folder.join(&path);
            let _ = writeln!(text, "            ({path:?}, include_str!({from:?})),");
        }
        text.push_str("        ],\n    },\n");
    }
    text.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("folders.rs"), text)
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string();
        names.push(name.map_err(|name| io::Error::other(format!("{name:?} is not UTF-8")))?);
    }
    names.sort();
    Ok(names)
}

/// Paths of all files below a folder, relative to it, sorted.
fn files(folder: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for name in names(&folder.join(prefix))? {
        let path = format!("{prefix}{name}");
        if folder.join(&path).is_dir() {
            found.extend(files(folder, &format!("{path}/"))?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
