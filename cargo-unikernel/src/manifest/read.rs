//! Reading TOML: errors with the place marked, and with what was probably meant.

use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::raw::Raw;
use crate::error::{Error, Result};
use crate::fs;
use crate::place::{self, Place};
pub use crate::suggestion::did_you_mean;

/// Longest manifest that is read: 4 MiB.
const MAX_LEN: u64 = 4 << 20;

/// Keys of a manifest that are in none of its tables.
const OF_NO_TABLE: [&str; 7] = ["args", "cpus", "kernel", "layers", "link", "memory", "name"];

/// The manifest tables of a `Cargo.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CargoTables {
    /// `[package.metadata.unikernel]`.
    pub(super) package: Option<Raw>,
    /// `[workspace.metadata.unikernel]`.
    pub(super) workspace: Option<Raw>,
}

#[derive(serde::Deserialize)]
struct CargoToml {
    package: Option<WithMetadata>,
    workspace: Option<WithMetadata>,
}

#[derive(serde::Deserialize)]
struct WithMetadata {
    metadata: Option<Metadata>,
}

#[derive(serde::Deserialize)]
struct Metadata {
    unikernel: Option<Raw>,
}

/// Reads a `Unikernel.toml`.
///
/// # Errors
/// When it can't be read, is no TOML, or has keys or values that mean nothing.
pub(super) fn unikernel_toml(path: &Path) -> Result<Raw> {
    let text = read(path)?;
    let raw: Raw = parsed(path, &text)?;
    let path = fs::absolute(path)?;
    Ok(raw.rooted(folder(&path)).placed(&path, &text, &[]))
}

/// Reads our tables of a `Cargo.toml`.
///
/// # Errors
/// As for [`unikernel_toml`].
pub(super) fn cargo_toml(path: &Path) -> Result<CargoTables> {
    let text = read(path)?;
    let toml: CargoToml = parsed(path, &text)?;
    let path = fs::absolute(path)?;
    let tables = |part: Option<WithMetadata>, name| {
        let raw = part?.metadata?.unikernel?.rooted(folder(&path));
        Some(raw.placed(&path, &text, &[name, "metadata", "unikernel"]))
    };
    Ok(CargoTables {
        package: tables(toml.package, "package"),
        workspace: tables(toml.workspace, "workspace"),
    })
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn read(path: &Path) -> Result<Arc<str>> {
    place::text(path, fs::read_at_most(path, MAX_LEN)?).map(Into::into)
}

fn parsed<T: DeserializeOwned>(path: &Path, text: &Arc<str>) -> Result<T> {
    toml::from_str(text).map_err(|error| explained(path, text, &error))
}

/// The error with the place in the file, and a guess at what was meant.
fn explained(path: &Path, text: &Arc<str>, error: &toml::de::Error) -> Error {
    let message = error.message().trim();
    let (message, hint) = match unknown_word(message) {
        Some((message, hint)) => (message, Some(hint)),
        None => (in_tomls_words(message), None),
    };
    let mut out = Error::input(message).context(format!("`{}` is not usable", path.display()));
    if let Some(span) = error.span() {
        let place = Place {
            path: path.to_owned(),
            text: text.clone(),
            span,
        };
        out = out.snippet(place.to_string());
    }
    match hint {
        Some(hint) => out.hint(hint),
        None => out,
    }
}

/// Serde's words for what was expected, in those of TOML: our names for tables say nothing to the user.
fn in_tomls_words(message: &str) -> String {
    let message = message.replace('\n', ", ");
    match message.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected a table"),
        None => message,
    }
}

/// Splits serde's words for an unknown field or variant: what is unknown, and the hint.
fn unknown_word(message: &str) -> Option<(String, String)> {
    let (what, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => ("key", rest),
        None => ("value", message.strip_prefix("unknown variant `")?),
    };
    let (word, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let hint = match what {
        // In TOML a key belongs to the last table above it.
        "key" if OF_NO_TABLE.contains(&word) => {
            format!("`{word}` is in no table of the manifest: it stands above the first")
        }
        _ => did_you_mean(word, &known),
    };
    Some((format!("unknown {what} `{word}`"), hint))
}

#[cfg(test)]
mod tests {
    use super::super::raw::File;
    use super::*;

    fn parse(text: &str) -> Result<Raw> {
        parsed(Path::new("Unikernel.toml"), &text.into())
    }

    fn check_error(text: &str, message: &str, place: &str, hint: Option<&str>) {
        let error = parse(text).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        let snippet = error.snippet_text().unwrap_or_default();
        assert!(
            snippet.contains(&format!("Unikernel.toml:{place}")),
            "{snippet}"
        );
        assert_eq!(error.hint_text(), hint, "{text}");
    }

    #[test]
    fn errors_name_the_place_and_the_likely_key() {
        check_error(
            "name = \"a\"\nkernle = \"builtin\"\n",
            "unknown key `kernle`",
            "2:1",
            Some("did you mean `kernel`?"),
        );
        check_error("memory = \"64X\"", "`64X` is no size", "1:10", None);
        check_error(
            "link = \"stattic-pie\"",
            "unknown value `stattic-pie`",
            "1:8",
            Some("did you mean `static-pie`?"),
        );
        check_error(
            "[files]\n\"etc/x\" = \"x\"",
            "guest paths start with `/`",
            "2:1",
            None,
        );
        check_error(
            "[files]\n\"/a/../b\" = \"x\"",
            "has a `..` part",
            "2:1",
            None,
        );
        check_error(
            "[lint]\nUK010 = \"warn\"\nUK01O = \"deny\"",
            "unknown value `UK01O`",
            "3:1",
            Some("did you mean `UK010`?"),
        );
        check_error(
            "[lint]\nUK010 = \"deni\"",
            "unknown value `deni`",
            "2:9",
            Some("did you mean `deny`?"),
        );
        check_error(
            "[image]\nformats = [\"elf\", \"elv\"]",
            "unknown value `elv`",
            "2:19",
            Some("did you mean `elf`?"),
        );
        check_error("[image]\nformats = [1]", "expected a string", "2:12", None);
        check_error(
            "[[lint.allow]]\nrule = \"UK010\"",
            "missing field `reason`",
            "1:1",
            None,
        );
        check_error(
            "[image]\nbudget = \"six\"",
            "`six` is no size",
            "2:10",
            None,
        );
        check_error("name = \"a", "", "1:", None);
        check_error(
            "[build]\nsurces = []",
            "unknown key `surces`",
            "2:1",
            Some("did you mean `sources`?"),
        );
    }

    #[test]
    fn values_that_can_not_be_have_their_place() {
        check_error("cpus = 0", "expected a nonzero u32", "1:8", None);
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "../a",
            "a\\nb",
            &"n".repeat(201),
        ] {
            let text = format!("name = \"{name}\"");
            check_error(&text, "is no file name", "1:8", None);
        }
    }

    #[test]
    fn key_below_a_table_that_it_is_not_in() {
        check_error(
            "[build]\nlink = \"pie\"",
            "unknown key `link`",
            "2:1",
            Some("`link` is in no table of the manifest: it stands above the first"),
        );
    }

    #[test]
    fn snippet_marks_the_place() {
        let error = parse("name = \"a\"\nkernle = 1\n").unwrap_err();
        assert_eq!(
            error.snippet_text().unwrap(),
            " --> Unikernel.toml:2:1\n  |\n2 | kernle = 1\n  | ^^^^^^"
        );
    }

    #[test]
    fn all_forms_of_files() {
        let raw = parse(
            "[files]\n\"/a\" = \"b\"\n\"/c\" = \"&\"\n\"/d\" = { host = \"k\", mode = \"0600\" }\n\
             \"/e\" = { symlink = \"/a\" }\n\"/f\" = { dir = true }\n\"/g\" = false\n",
        )
        .unwrap()
        .rooted(Path::new("/m"));
        let files: Vec<File> = raw.files.into_values().collect();
        let host = |path: &str, mode| File::Host {
            path: path.into(),
            mode,
        };
        assert_eq!(
            files,
            [
                host("/m/b", None),
                host("/m/c", None),
                host("/m/k", Some(0o600)),
                File::Symlink("/a".to_owned()),
                File::Folder { mode: None },
                File::Absent,
            ]
        );
    }

    #[test]
    fn package_wins_over_workspace_key_by_key() {
        let package = parse("memory = \"1M\"\n[env]\nA = \"1\"\n").unwrap();
        let workspace =
            parse("memory = \"2M\"\nname = \"w\"\n[env]\nA = \"2\"\nB = \"2\"\n").unwrap();
        let raw = package.over(workspace);
        assert_eq!(raw.memory.map(|size| size.0), Some(1 << 20));
        assert_eq!(raw.name.as_deref(), Some("w"));
        assert_eq!((&raw.env["A"][..], &raw.env["B"][..]), ("1", "2"));
    }
}
