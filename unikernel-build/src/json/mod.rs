//! Values as JSON and back, without derived code.
//!
//! serde's derive macros take longer to compile than everything else that a build script needs of this crate. So [`object!`]
//! lists the keys of a type, once for both directions. What does not fit is named by its place in the document.

mod object;
mod values;

use std::fmt;

use serde_json::Value;

use crate::error::Error;

pub(crate) use object::{object, opened, pass_over_others, refuse_others, take};

/// A value that has a form in JSON.
pub(crate) trait Json: Sized {
    /// What it is in JSON.
    ///
    /// # Errors
    /// When it is text that JSON can't hold.
    fn write(&self, place: Place<'_>) -> Result<Value, Error>;

    /// What the JSON at `place` means.
    ///
    /// # Errors
    /// When it is something else.
    fn read(value: Value, place: Place<'_>) -> Result<Self, Error>;

    /// What it means that its key is missing; `None` when that is an error.
    fn missing() -> Option<Self> {
        None
    }
}

/// Where in a document a value stands.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The whole document, by its name.
    Root(&'static str),
    /// Below a key of a type.
    Key(&'a Place<'a>, &'a str),
    /// Below a key of a map, which may be any text.
    Entry(&'a Place<'a>, &'a str),
    /// In a list, at this index.
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Entry(parent, key) => write!(f, "{parent}[{key:?}]"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// The document that holds a value; `name` is what errors call it.
///
/// # Errors
/// As [`Json::write`].
pub(crate) fn to_text(value: &impl Json, name: &'static str) -> Result<String, Error> {
    let value = value.write(Place::Root(name))?;
    Ok(value.to_string())
}

/// The value that a document holds.
///
/// # Errors
/// When it is no JSON, or as [`Json::read`].
pub(crate) fn from_text<T: Json>(text: &[u8], name: &'static str) -> Result<T, Error> {
    let value = serde_json::from_slice(text)
        .map_err(|error| Error::new(format!("`{name}` is no JSON: {error}")))?;
    T::read(value, Place::Root(name))
}

/// The error for a value of another type than the one that stands at this place.
fn mistyped(value: &Value, wanted: &str, place: Place<'_>) -> Error {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Error::new(format!("`{place}` is {found} instead of {wanted}"))
}
