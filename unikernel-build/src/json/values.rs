//! The JSON of what documents are made of: numbers, text, paths, lists, maps.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::{Json, Place, mistyped, opened};
use crate::error::Error;

impl Json for u32 {
    fn write(&self, _place: Place<'_>) -> Result<Value, Error> {
        Ok((*self).into())
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        let Value::Number(number) = &value else {
            return Err(mistyped(&value, "a number", place));
        };
        let fitting = number.as_u64().and_then(|number| number.try_into().ok());
        fitting.ok_or_else(|| {
            Error::new(format!(
                "`{place}` is {number} instead of a whole number up to {}",
                Self::MAX
            ))
        })
    }
}

impl Json for String {
    fn write(&self, _place: Place<'_>) -> Result<Value, Error> {
        Ok(self.as_str().into())
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(mistyped(&other, "a string", place)),
        }
    }
}

impl Json for PathBuf {
    fn write(&self, place: Place<'_>) -> Result<Value, Error> {
        let text = self.to_str().map(Value::from);
        text.ok_or_else(|| {
            let path = self.display();
            Error::new(format!("`{place}`, `{path}`, is not valid UTF-8"))
        })
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        String::read(value, place).map(Self::from)
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, place: Place<'_>) -> Result<Value, Error> {
        self.as_ref()
            .map_or(Ok(Value::Null), |value| value.write(place))
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        match value {
            Value::Null => Ok(None),
            value => T::read(value, place).map(Some),
        }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, place: Place<'_>) -> Result<Value, Error> {
        let items = self.iter().enumerate();
        items
            .map(|(index, item)| item.write(Place::Item(&place, index)))
            .collect()
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        let items = match value {
            Value::Array(items) => items.into_iter().enumerate(),
            other => return Err(mistyped(&other, "a list", place)),
        };
        items
            .map(|(index, item)| T::read(item, Place::Item(&place, index)))
            .collect()
    }
}

impl<T: Json> Json for BTreeMap<String, T> {
    fn write(&self, place: Place<'_>) -> Result<Value, Error> {
        let entry = |(key, value): (&String, &T)| {
            let value = value.write(Place::Entry(&place, key))?;
            Ok((key.clone(), value))
        };
        self.iter().map(entry).collect()
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        let entry = |(key, value): (String, Value)| {
            let value = T::read(value, Place::Entry(&place, &key))?;
            Ok((key, value))
        };
        opened(value, place)?.into_iter().map(entry).collect()
    }
}
