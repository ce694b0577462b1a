//! Words of the manifest that must be one of those that there are: checked where they stand, so that the error has the place.

use std::fmt;
use std::net::IpAddr;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::raw::{Allow, Lint};
use crate::image::FORMATS;
use crate::kernel;
use crate::lint::{Level, RULES, rules};

/// serde's words for a value that is not among the known ones; the reader of manifests makes a suggestion of them.
fn unknown<E: Error>(word: &str, known: &[&str]) -> E {
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    E::custom(format!(
        "unknown variant `{word}`, expected one of {}",
        known.join(", ")
    ))
}

/// A word of a list. It is looked at while it is being read, so that in a list of words the error has the place of the one.
fn one_of<'de, D: Deserializer<'de>>(deserializer: D, known: &[&str]) -> Result<String, D::Error> {
    deserializer.deserialize_str(OneOf(known))
}

struct OneOf<'a>(&'a [&'a str]);

impl Visitor<'_> for OneOf<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<String, E> {
        if self.0.contains(&word) {
            Ok(word.to_owned())
        } else {
            Err(unknown(word, self.0))
        }
    }
}

pub(super) fn kernel<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_str(KernelWord).map(Some)
}

/// Longest name of a program: what lies beside its image has a longer one, and folders take names of 255 bytes.
const MAX_NAME: usize = 200;

/// The name of a program and its image. Files and folders are called so, here and in the guest: it must not lead elsewhere.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let why = match name {
        "" => "it is empty",
        name if name.starts_with('.') => "it starts with a dot",
        name if name.contains('/') => "it has a slash",
        name if name.contains(char::is_control) => "it has a control character",
        name if name.len() > MAX_NAME => "it has more than 200 bytes",
        _ => return Ok(()),
    };
    Err(format!("`name` = {name:?} is no file name: {why}"))
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_name(&name).map_err(D::Error::custom)?;
    Ok(Some(name))
}

/// A kernel's kind, and perhaps `/` and its name in the store, which is looked up when it is wanted.
struct KernelWord;

impl Visitor<'_> for KernelWord {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<String, E> {
        let (kind, known) = (kernel::split(word).0, kernel::names());
        OneOf(&known)
            .visit_str(kind)
            .map(|_: String| word.to_owned())
    }
}

/// The name of an image format.
struct FormatName(String);

impl<'de> Deserialize<'de> for FormatName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        one_of(deserializer, &names).map(Self)
    }
}

pub(super) fn formats<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    let names = Vec::<FormatName>::deserialize(deserializer)?;
    if names.is_empty() {
        return Err(D::Error::custom("the list of formats is empty"));
    }
    Ok(Some(names.into_iter().map(|name| name.0).collect()))
}

pub(super) fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let word = String::deserialize(deserializer)?;
    known_rule(&word)?;
    Ok(word)
}

fn known_rule<E: Error>(word: &str) -> Result<(), E> {
    let names: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    match rules::by_id(word) {
        Some(_) => Ok(()),
        None => Err(unknown(word, &names)),
    }
}

pub(super) fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom(
            "a waiver gives a reason, and this one is empty",
        ));
    }
    Ok(text)
}

/// The name of a level.
struct LevelName(String);

impl<'de> Deserialize<'de> for LevelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_of(deserializer, &Level::ALL.map(Level::word)).map(Self)
    }
}

/// A key of `[lint]`: `allow`, or a rule.
struct LintKey(String);

impl<'de> Deserialize<'de> for LintKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word != "allow" {
            known_rule(&word)?;
        }
        Ok(Self(word))
    }
}

struct LintVisitor;

impl<'de> Visitor<'de> for LintVisitor {
    type Value = Lint;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of rules and their levels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lint, A::Error> {
        let mut lint = Lint::default();
        while let Some(LintKey(key)) = map.next_key()? {
            if key == "allow" {
                lint.allow = map.next_value::<Vec<Allow>>()?;
            } else {
                let LevelName(level) = map.next_value()?;
                lint.levels.insert(key, level);
            }
        }
        Ok(lint)
    }
}

impl<'de> Deserialize<'de> for Lint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A plain map, and not a flattened structure: that would lose the places.
        deserializer.deserialize_map(LintVisitor)
    }
}

/// `[net] address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Address {
    /// What a DHCP server says (RFC 2131).
    Dhcp,
    /// This address, and the length of its network's prefix in bits.
    Fixed(IpAddr, u8),
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "dhcp" {
            return Ok(Self::Dhcp);
        }
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let address: IpAddr = address.parse().ok()?;
            let max = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= max)?;
            Some(Self::Fixed(address, prefix))
        });
        parsed.ok_or_else(|| {
            format!("`{text}` is no address: write \"dhcp\", or one with a prefix, such as \"10.0.2.15/24\"")
        })
    }
}
