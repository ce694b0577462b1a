//! The fields of a map, taken one by one; what is left is unknown.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::suggestion::is_slip;
use crate::yaml::{File, Node, Value};

/// A map of a file.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    file: &'a File,
    /// Where the map begins, in bytes.
    start: usize,
    entries: Vec<(Node, Node)>,
}

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl<'a> Fields<'a> {
    /// The fields of a whole file; none when it is empty.
    pub(super) fn of_file(file: &'a File) -> Result<Self> {
        match file.tree()? {
            Some(node) => Self::of_node(file, node, "the file"),
            None => Ok(Self {
                file,
                start: 0,
                entries: Vec::new(),
            }),
        }
    }

    /// The fields of a map; none when there is nothing.
    pub(super) fn of_node(file: &'a File, node: Node, what: &str) -> Result<Self> {
        let start = node.span.start;
        let entries = match node.value {
            Value::Map(entries) => entries,
            Value::Null => Vec::new(),
            _ => {
                let message = format!("{what} is {}, and a map is wanted: KEY: VALUE", node.kind());
                return Err(file.error(&node.span, message));
            }
        };
        Ok(Self {
            file,
            start,
            entries,
        })
    }

    /// Takes a field out; one without a value is not there.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let at = self
            .entries
            .iter()
            .position(|(k, _)| k.text() == Some(key))?;
        let (_, node) = self.entries.remove(at);
        (node.value != Value::Null).then_some(node)
    }

    /// Takes a field out, with the place of its key.
    pub(super) fn take_with_key(&mut self, key: &str) -> Option<(Range<usize>, Node)> {
        let (name, _) = self.entries.iter().find(|(k, _)| k.text() == Some(key))?;
        let span = name.span.clone();
        Some((span, self.take(key)?))
    }

    /// Takes a field that is a text, which may be empty; blanks around it don't count.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<Text>> {
        let file = self.file;
        self.take(key).map(|node| text(file, key, node)).transpose()
    }

    /// Takes a field that is a list of texts; a single text is a list of one.
    pub(super) fn texts(&mut self, key: &str) -> Result<Vec<Text>> {
        let file = self.file;
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Node {
                value: Value::List(nodes),
                ..
            }) => nodes
                .into_iter()
                .map(|node| text(file, key, node))
                .collect(),
            Some(node) => Ok(vec![text(file, key, node)?]),
        }
    }

    /// Takes a field that is a map of texts; a key without a value has an empty one.
    pub(super) fn map(&mut self, key: &str) -> Result<Vec<(Text, Text)>> {
        let Some(node) = self.take(key) else {
            return Ok(Vec::new());
        };
        let file = self.file;
        let fields = Self::of_node(file, node, &format!("`{key}`"))?;
        let entries = fields.entries.into_iter();
        entries
            .map(|(name, value)| {
                let name = text(file, key, name)?;
                let value = match value.value {
                    Value::Null => Text {
                        text: String::new(),
                        span: name.span.clone(),
                    },
                    _ => text(file, &name.text, value)?,
                };
                Ok((name, value))
            })
            .collect()
    }

    /// All keys that are still there, with their values.
    pub(super) fn rest(self) -> impl Iterator<Item = (Text, Node)> {
        self.entries.into_iter().filter_map(|(key, value)| {
            let text = key.text()?.to_owned();
            Some((
                Text {
                    text,
                    span: key.span,
                },
                value,
            ))
        })
    }

    /// An error for a key that must be there: at the one that was probably meant to be it, or where the map begins.
    pub(super) fn missing(&self, key: &str, known: &[&str], hint: &str) -> Error {
        let keys = self.entries.iter().map(|(key, _)| key);
        let mut slips = keys.filter_map(|found| Some((found.text()?, &found.span)));
        let slip = slips.find(|(found, _)| !known.contains(found) && is_slip(found, key));
        let (span, hint) = match slip {
            Some((found, span)) => {
                let hint = format!("did you mean `{key}`? Capstan does not know `{found}`");
                (span.clone(), hint)
            }
            None => (self.start..self.start, hint.to_owned()),
        };
        let error = self.file.error(&span, format!("`{key}` is missing"));
        error.hint(hint)
    }
}

fn text(file: &File, key: &str, node: Node) -> Result<Text> {
    let kind = node.kind();
    match node.value {
        Value::Text(text) => Ok(Text {
            text: text.trim().to_owned(),
            span: node.span,
        }),
        _ => Err(wants_text(file, key, &node.span, kind)),
    }
}

fn wants_text(file: &File, key: &str, span: &Range<usize>, kind: &str) -> Error {
    file.error(span, format!("`{key}` is {kind}, and a text is wanted"))
}
