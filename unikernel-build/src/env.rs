//! The door to the environment: reads, and says what was read, so that cargo builds again when it changes.

use std::ffi::OsString;

use crate::error::Error;

/// A variable that cargo sets for a build script, as text.
pub(crate) fn of_cargo(name: &str) -> Result<String, Error> {
    let value = get(name).ok_or_else(|| {
        Error::new(format!(
            "`{name}` is not set: `unikernel_build` works in a build script that cargo runs"
        ))
    })?;
    value
        .into_string()
        .map_err(|value| Error::new(format!("`{name}` is not valid UTF-8: {}", value.display())))
}

/// A variable of the user's; `None` when it is not set.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub(crate) fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
