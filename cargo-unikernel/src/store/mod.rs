//! The kernel store: the kernels that the user has brought, by kind and name.
//!
//! `STORE/KIND/NAME/` holds a kernel's files and a record of their digests and where they came from. The record is written last,
//! so that a kernel is there whole or not at all. Nothing is looked up elsewhere and nothing is fetched unasked.

mod bring;
mod entry;
mod fetch;
mod part;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use bring::{Found, bring};
pub use entry::{Facts, Kernel, KernelPart, Source};
pub use fetch::{Fetched, Request, fetch, parse_digest};
pub use part::{PARTS, Part};

use crate::error::{Error, Result};
use crate::fs::Written;
use crate::suggestion::did_you_mean;
use crate::{env, fs};
use entry::{RECORD, Record};

/// The name of a kernel that is given none.
pub const DEFAULT: &str = "default";

/// The variable that names another folder for the store.
const VARIABLE: &str = "UNIKERNEL_STORE";

/// Most kernels of a kind that are listed.
const MAX_KERNELS: usize = 10_000;

/// The kernel of this kind and name in the user's store; without a name the one called `default`, or the only one.
///
/// # Errors
/// When there is none, with the command that gets one; or several, and none is called `default`.
pub fn find(kind: &str, name: Option<&str>) -> Result<Kernel> {
    Store::open()?.find(kind, name)
}

/// A folder of kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The user's: `$UNIKERNEL_STORE`, or `kernels` in the user's data folder.
    ///
    /// # Errors
    /// When the user has no data folder.
    pub fn open() -> Result<Self> {
        let named = env::get(VARIABLE).filter(|folder| !folder.is_empty());
        let usual = || Some(env::data_folder()?.join("kernels"));
        let folder = named.map(PathBuf::from).or_else(usual).ok_or_else(|| {
            Error::input("there is no folder for kernels: neither HOME nor XDG_DATA_HOME is set")
                .hint(format!("name one: {VARIABLE}=FOLDER"))
        })?;
        Ok(Self::at(&fs::absolute(&folder)?))
    }

    /// The store in this folder, which need not be there.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All kernels, by kind and name.
    ///
    /// # Errors
    /// When the store can't be read, or a record in it is broken.
    pub fn list(&self) -> Result<Vec<Kernel>> {
        let mut kernels = Vec::new();
        for kind in kinds() {
            kernels.extend(self.of_kind(kind)?);
        }
        Ok(kernels)
    }

    /// As [`find`], in this store.
    ///
    /// # Errors
    /// As for [`find`].
    pub fn find(&self, kind: &str, name: Option<&str>) -> Result<Kernel> {
        known_kind(kind)?;
        name.map_or(Ok(()), check_name)?;
        let mut kernels = self.of_kind(kind)?;
        let wanted = name.unwrap_or(DEFAULT);
        if let Some(at) = kernels.iter().position(|kernel| kernel.name == wanted) {
            return Ok(kernels.swap_remove(at));
        }
        match (name, kernels.pop()) {
            (None, Some(kernel)) if kernels.is_empty() => Ok(kernel),
            (None, Some(last)) => {
                kernels.push(last);
                Err(Error::input(format!(
                    "there are several kernels of kind `{kind}`, and none is called `{DEFAULT}`: {}",
                    names(&kernels)
                ))
                .hint(format!(
                    "choose one: --kernel {kind}/NAME, or kernel = \"{kind}/NAME\""
                )))
            }
            (Some(name), Some(last)) => {
                let names = kernels.iter().chain([&last]);
                let names: Vec<&str> = names.map(|it| it.name.as_str()).collect();
                let error = self.missing(kind, Some(name));
                let hint = error.hint_text().unwrap_or_default().to_owned();
                Err(error.hint(format!("{}; or {hint}", did_you_mean(name, &names))))
            }
            (_, None) => Err(self.missing(kind, name)),
        }
    }

    /// The only kernel of a kind; of several none is chosen, not even the one called `default`.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn only(&self, kind: &str) -> Result<Kernel> {
        known_kind(kind)?;
        let mut kernels = self.of_kind(kind)?;
        match kernels.pop() {
            None => Err(self.missing(kind, None)),
            Some(kernel) if kernels.is_empty() => Ok(kernel),
            Some(last) => {
                kernels.push(last);
                Err(Error::input(format!(
                    "there are several kernels of kind `{kind}`: {}",
                    names(&kernels)
                ))
                .hint(format!("name the one that is meant: {kind}/NAME")))
            }
        }
    }

    /// The name of the kernel that is chosen of a kind when none is named.
    ///
    /// # Errors
    /// When the store can't be read, or a record in it is broken.
    pub fn chosen(&self, kind: &str) -> Result<Option<String>> {
        let kernels = self.of_kind(kind)?;
        let found = kernels.iter().find(|kernel| kernel.name == DEFAULT);
        let only = match &kernels[..] {
            [only] => Some(only),
            _ => None,
        };
        Ok(found.or(only).map(|kernel| kernel.name.clone()))
    }

    /// Stores files, all of one kind, as the kernel of this name; they join those that it has.
    ///
    /// # Errors
    /// When there is none, the name is no name, the kernel has another file in place of one, or one can't be written. The store
    /// is then as it was.
    pub fn add(&self, found: &[Found], name: &str, source: &Source) -> Result<(Kernel, Written)> {
        check_name(name)?;
        let kind = found.first().map_or("", |found| found.part.kind);
        known_kind(kind)?;
        let _lock = fs::lock(&self.folder, || {})?;
        let folder = self.folder.join(kind).join(name);
        let old = Kernel::read(&folder, kind, name)?;
        let mut files: BTreeMap<String, Facts> = old
            .iter()
            .flat_map(|kernel| &kernel.files)
            .map(|(file, part)| (file.clone(), part.facts.clone()))
            .collect();
        // What was deleted or changed in the store is put there again.
        let is_sound = |file: &str| {
            let part = old.as_ref().and_then(|kernel| kernel.files.get(file));
            part.is_some_and(|part| part.check().is_ok())
        };
        let mut written = Written::Unchanged;
        for Found { part, bytes } in found {
            let sha256 = fs::sha256_of(bytes);
            let there = files.get(part.file);
            let is_known = there.is_some_and(|facts| facts.sha256 == sha256);
            if is_known && is_sound(part.file) {
                continue;
            }
            if there.is_some() && !is_known {
                return Err(Error::input(format!(
                    "the kernel `{kind}/{name}` has another `{}` already",
                    part.file
                ))
                .hint(format!(
                    "give the new one a name of its own (--name), or first: \
                     cargo unikernel kernel remove {kind}/{name}"
                )));
            }
            let facts = Facts {
                sha256,
                len: bytes.len() as u64,
                source: source.clone(),
            };
            files.insert(part.file.to_owned(), facts);
            written = Written::Changed;
        }
        check_complete(kind, |file| files.contains_key(file))?;
        if written == Written::Changed {
            write(&folder, found, &Record { files }, old.as_ref())?;
        }
        let kernel = Kernel::read(&folder, kind, name)?;
        let kernel = kernel.ok_or_else(|| Error::internal("a kernel that was stored is gone"))?;
        Ok((kernel, written))
    }

    /// Removes a kernel.
    ///
    /// # Errors
    /// When there is none, or it can't be removed.
    pub fn remove(&self, kind: &str, name: &str) -> Result<()> {
        check_name(name)?;
        known_kind(kind)?;
        let _lock = fs::lock(&self.folder, || {})?;
        let folder = self.folder.join(kind).join(name);
        if !fs::exists(&folder) {
            let found = self.find(kind, Some(name));
            return Err(found
                .err()
                .unwrap_or_else(|| self.missing(kind, Some(name))));
        }
        // Without its record it is no kernel, should the rest fail.
        fs::remove_file(&folder.join(RECORD))?;
        fs::remove_folder(&folder)
    }

    fn of_kind(&self, kind: &str) -> Result<Vec<Kernel>> {
        let folder = self.folder.join(kind);
        if !fs::is_folder(&folder) {
            return Ok(Vec::new());
        }
        let mut kernels = Vec::new();
        for name in fs::list(&folder)?.into_iter().take(MAX_KERNELS) {
            if check_name(&name).is_ok() {
                kernels.extend(Kernel::read(&folder.join(&name), kind, &name)?);
            }
        }
        Ok(kernels)
    }

    fn missing(&self, kind: &str, name: Option<&str>) -> Error {
        let (what, flag) = match name {
            Some(name) => (format!("{kind}/{name}"), format!(" --name {name}")),
            None => (kind.to_owned(), String::new()),
        };
        let place = self.folder.display();
        Error::input(format!(
            "there is no kernel `{what}` in the store `{place}`"
        ))
        .hint(format!(
            "get one: cargo unikernel kernel fetch URL --sha256 HEX{flag} \
             (or, from a file that you have: kernel add FILE{flag})"
        ))
    }
}

/// Writes new files and the record, or a new folder whole.
fn write(folder: &Path, found: &[Found], record: &Record, old: Option<&Kernel>) -> Result<()> {
    let record = serde_json::to_vec_pretty(record)
        .map_err(|error| Error::internal(format!("a kernel's record: {error}")))?;
    let files = found.iter().map(|it| (it.part.file, &*it.bytes));
    if old.is_none() {
        // What a run that was cut off by force has left has no record.
        fs::remove_folder(folder)?;
        return fs::new_folder(folder, files.chain([(RECORD, &*record)]));
    }
    for (file, bytes) in files {
        fs::write_bytes(&folder.join(file), bytes)?;
    }
    fs::write_bytes(&folder.join(RECORD), &record).map(|_| ())
}

/// The names of these kernels, for messages.
fn names(kernels: &[Kernel]) -> String {
    let names = kernels.iter().map(|kernel| format!("`{}`", kernel.name));
    names.collect::<Vec<_>>().join(", ")
}

/// The kinds that can be stored, sorted.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&str> = PARTS.iter().map(|part| part.kind).collect();
    kinds.dedup();
    kinds
}

fn known_kind(kind: &str) -> Result<()> {
    if kinds().contains(&kind) {
        return Ok(());
    }
    let kinds: Vec<String> = kinds().iter().map(|kind| format!("`{kind}`")).collect();
    Err(
        Error::input(format!("there is no kind of kernel called `{kind}`"))
            .hint(format!("kinds: {}", kinds.join(", "))),
    )
}

/// Letters, digits, `.`, `_` and `-`: it is a folder's name.
///
/// # Errors
/// When it is none.
pub fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(fits) && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(Error::input(format!("`{name}` is no name for a kernel"))
        .hint("letters, digits, `.`, `_` and `-`, at most 64, and neither `.` nor `-` in front"))
}

fn check_complete(kind: &str, has: impl Fn(&str) -> bool) -> Result<()> {
    match part::needed(kind) {
        Some(file) if !has(file) => Err(Error::input(format!(
            "a kernel of kind `{kind}` needs its `{file}`, and that is not among what is added"
        ))
        .hint("name the folder or archive that holds all of its files")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
