//! Templates: what a folder of the package `unikernel-templates` means.
//!
//! `template.toml` says what it is, `expected.txt` what it prints. The other files make the new project: a name that ends with
//! `.in` loses that, and `{{name}}` in its text becomes the project's name; a name that starts with `dot.` starts with a dot.

use serde::Deserialize;
use unikernel_templates::{FOLDERS, Folder};

use crate::error::{Error, Result};

/// Files of a template that are about it, not of it.
const ABOUT: [&str; 2] = ["template.toml", "expected.txt"];

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name, as `--template` takes it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: String,
    /// What it is for.
    pub kind: Kind,
    folder: &'static Folder,
}

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The start of a new project.
    Starter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    kind: Kind,
    about: String,
}

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path in the project's folder.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// All templates, by name.
///
/// # Errors
/// Internal, when one does not say what it is.
pub fn all() -> Result<Vec<Template>> {
    FOLDERS.iter().map(Template::of).collect()
}

/// The template with this name.
///
/// # Errors
/// When there is none; the hint names those that are.
pub fn find(name: &str) -> Result<Template> {
    let all = all()?;
    let names: Vec<&str> = all.iter().map(|template| template.name).collect();
    let known = names.join("`, `");
    all.into_iter()
        .find(|template| template.name == name)
        .ok_or_else(|| {
            Error::input(format!("there is no template `{name}`"))
                .hint(format!("there are `{known}`"))
        })
}

impl Template {
    fn of(folder: &'static Folder) -> Result<Self> {
        let [about, _] = ABOUT;
        let facts = folder.files.iter().find(|(path, _)| *path == about);
        let facts = facts.map_or("", |(_, text)| text);
        let facts: Facts = toml::from_str(facts)
            .map_err(|error| Error::internal(format!("template `{}`: {error}", folder.name)))?;
        Ok(Self {
            name: folder.name,
            about: facts.about,
            kind: facts.kind,
            folder,
        })
    }

    /// The files of a project with this name.
    ///
    /// # Errors
    /// When the name is none that cargo would take for a package: letters, digits, `-` and `_`, no digit in front.
    pub fn project(&self, name: &str) -> Result<Vec<NewFile>> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let first = name.chars().next();
        if !name.chars().all(fits) || !first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            return Err(
                Error::input(format!("`{name}` is no name for a project")).hint(
                    "letters, digits, `-` and `_`, and no digit or `-` in front, as in \
                 `cargo unikernel new greeter`",
                ),
            );
        }
        let files = self.folder.files.iter();
        let files = files.filter(|(path, _)| !ABOUT.contains(path));
        Ok(files
            .map(|(path, text)| new_file(path, text, name))
            .collect())
    }
}

fn new_file(path: &str, text: &str, name: &str) -> NewFile {
    let (folder, last) = path.rsplit_once('/').unwrap_or(("", path));
    let (last, text) = match last.strip_suffix(".in") {
        Some(last) => (last, text.replace("{{name}}", name)),
        None => (last, text.to_owned()),
    };
    let last = match last.strip_prefix("dot.") {
        Some(rest) => format!(".{rest}"),
        None => last.to_owned(),
    };
    let path = if folder.is_empty() {
        last
    } else {
        format!("{folder}/{last}")
    };
    NewFile { path, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_what_it_is() {
        assert!(all().unwrap().len() >= 2);
        let error = find("cobol").unwrap_err();
        assert!(error.hint_text().unwrap().contains("`rust`"), "{error:?}");
    }

    #[test]
    fn names_and_texts_are_filled_in() {
        let check = |path, text, expected: (&str, &str)| {
            let file = new_file(path, text, "app");
            assert_eq!((file.path.as_str(), file.text.as_str()), expected);
        };
        check("Cargo.toml.in", "n = {{name}}", ("Cargo.toml", "n = app"));
        check("a/dot.b", "{{name}}", ("a/.b", "{{name}}"));
    }

    #[test]
    fn name_that_cargo_would_refuse_is_refused() {
        let template = find("c").unwrap();
        for name in ["", "1st", "a b", "-x", "a/b", ".."] {
            assert!(template.project(name).is_err(), "{name}");
        }
        assert!(template.project("my-app_2").is_ok());
    }
}
