//! Types of named fields as objects.

use serde_json::{Map, Value};

use super::{Json, Place, mistyped};
use crate::error::Error;

/// The keys of the object at `place`.
///
/// # Errors
/// When it is none.
pub(crate) fn opened(value: Value, place: Place<'_>) -> Result<Map<String, Value>, Error> {
    match value {
        Value::Object(keys) => Ok(keys),
        other => Err(mistyped(&other, "an object", place)),
    }
}

/// Refuses keys that are not among the known ones.
///
/// # Errors
/// When there is one.
pub(crate) fn refuse_others(
    keys: &Map<String, Value>,
    known: &[&str],
    place: Place<'_>,
) -> Result<(), Error> {
    let unknown = keys.keys().find(|key| !known.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| {
        let key = Place::Key(&place, key);
        let known = known.join("`, `");
        Err(Error::new(format!(
            "`{key}` is unknown: the keys of `{place}` are `{known}`"
        )))
    })
}

/// Takes no offence at keys that are not among the known ones.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it takes the place of `refuse_others`"
)]
pub(crate) fn pass_over_others(
    _keys: &Map<String, Value>,
    _known: &[&str],
    _place: Place<'_>,
) -> Result<(), Error> {
    Ok(())
}

/// Takes the value of a key.
///
/// # Errors
/// When it is missing and must not be, or as [`Json::read`].
pub(crate) fn take<T: Json>(
    keys: &mut Map<String, Value>,
    key: &str,
    place: Place<'_>,
) -> Result<T, Error> {
    let place = Place::Key(&place, key);
    match keys.remove(key) {
        Some(value) => T::read(value, place),
        None => T::missing().ok_or_else(|| Error::new(format!("`{place}` is missing"))),
    }
}

/// Gives a type of named fields its form in JSON: an object with these keys. Others are refused, or with `..` at the end of the
/// list passed over. A list that is not the type's does not compile.
macro_rules! object {
    ($type:ident { $($key:ident),+ $(,)? }) => {
        $crate::json::object!($type { $($key),+ } $crate::json::refuse_others);
    };
    ($type:ident { $($key:ident),+, .. }) => {
        $crate::json::object!($type { $($key),+ } $crate::json::pass_over_others);
    };
    ($type:ident { $($key:ident),+ } $refuse:path) => {
        impl $crate::json::Json for $type {
            fn write(
                &self,
                place: $crate::json::Place<'_>,
            ) -> Result<serde_json::Value, $crate::error::Error> {
                let Self { $($key),+ } = self;
                let entries = [$((
                    stringify!($key),
                    $key.write($crate::json::Place::Key(&place, stringify!($key)))?,
                )),+];
                Ok(entries.into_iter().collect())
            }

            fn read(
                value: serde_json::Value,
                place: $crate::json::Place<'_>,
            ) -> Result<Self, $crate::error::Error> {
                let mut keys = $crate::json::opened(value, place)?;
                $refuse(&keys, &[$(stringify!($key)),+], place)?;
                Ok(Self {
                    $($key: $crate::json::take(&mut keys, stringify!($key), place)?),+
                })
            }
        }
    };
}
pub(crate) use object;
