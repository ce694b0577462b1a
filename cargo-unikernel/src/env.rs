//! The door to environment variables: nothing else in the tool reads them.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The value of a variable; `None` when it is not set.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the environment"
)]
pub fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The value of a variable as text; `None` when it is not set or empty.
///
/// # Errors
/// When it is set to something that is no UTF-8.
pub fn text(name: &str) -> Result<Option<String>> {
    match get(name).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(value)) if value.is_empty() => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(value)) => Err(Error::input(format!(
            "environment variable `{name}` is not UTF-8: {}",
            value.display()
        ))),
    }
}

/// The names of all variables that start with `prefix`, sorted. Names that are no UTF-8 are left out.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the door to the environment"
)]
pub fn names_with_prefix(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

/// The folders of `PATH`, in order.
#[must_use]
pub fn search_path() -> Vec<PathBuf> {
    get("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// The tool's folder below the user's cache folder: what can be had again (XDG Base Directory Specification).
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    user_folder("XDG_CACHE_HOME", ".cache")
}

/// The tool's folder below the user's data folder: what the user has brought (XDG Base Directory Specification).
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    user_folder("XDG_DATA_HOME", ".local/share")
}

/// A variable that holds no absolute path counts as not set.
fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = get(variable).map(PathBuf::from);
    let named = named.filter(|path| path.is_absolute());
    let home = || get("HOME").map(|home| PathBuf::from(home).join(below_home));
    Some(named.or_else(home)?.join("cargo-unikernel"))
}

/// The program's arguments, its own name first.
#[must_use]
pub fn args() -> Vec<OsString> {
    std::env::args_os().collect()
}
