//! From the parser's events to a tree.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::File;
use crate::error::Result;

/// Most scalars, lists and maps, those that aliases repeat included.
const MAX_NODES: usize = 1 << 16;

/// Deepest nesting.
const MAX_DEPTH: usize = 64;

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands, in bytes; of an alias, where the alias stands.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// What a part of a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing: no value, `~` or `null`.
    Null,
    /// A scalar, as it is written, folded and unquoted.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in its own order; no key is there twice.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    fn count(&self) -> usize {
        1 + match &self.value {
            Value::Null | Value::Text(_) => 0,
            Value::List(nodes) => nodes.iter().map(Self::count).sum(),
            Value::Map(entries) => entries.iter().map(|(k, v)| k.count() + v.count()).sum(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    List,
    Map,
}

/// A list or map whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    shape: Shape,
    /// In a map keys and values by turns.
    nodes: Vec<Node>,
}

struct Builder<'a> {
    file: &'a File,
    /// Where each character begins: the parser counts characters.
    starts: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    n_nodes: usize,
    root: Option<Node>,
}

pub(super) fn parse(file: &File) -> Result<Option<Node>> {
    let mut builder = Builder {
        file,
        starts: file.text.char_indices().map(|(at, _)| at).collect(),
        open: Vec::new(),
        anchors: HashMap::new(),
        n_nodes: 0,
        root: None,
    };
    for event in Parser::new_from_str(&file.text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let at = builder.at(error.marker().index());
                let (span, why) = explained(&file.text, at, error.info());
                return Err(file.error(&span, format!("it is no YAML: {why}")));
            }
        }
    }
    Ok(builder.root)
}

/// The parser stops behind most of the usual slips: this points at them.
fn explained(text: &str, at: usize, info: &str) -> (Range<usize>, String) {
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    if info.contains("tab") {
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let ahead = behind.find('\t').map(|ahead| at + ahead);
        let tab = ahead.or_else(|| Some(line + text.get(line..at)?.find('\t')?));
        let why = "a tab, where lines are indented by spaces";
        return (tab.map_or(at..at, |tab| tab..tab + 1), why.to_owned());
    }
    if info.starts_with("simple key expect") {
        let last = before.trim_end();
        let line = last.rfind('\n').map_or(0, |at| at + 1);
        let indent = last.get(line..).unwrap_or_default().trim_start().len();
        let span = last.len() - indent..last.len();
        let why = match text.get(span.clone()).is_some_and(lacks_blank) {
            true => NO_BLANK,
            false => "a line with neither `KEY: VALUE` nor the indentation of what is above it",
        };
        return (span, why.to_owned());
    }
    if info.starts_with("mapping values") {
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        // What lacks its blank is no key, and the line below goes on with it.
        if let Some(span) = line_above(before.get(..line).unwrap_or_default())
            && text.get(span.clone()).is_some_and(lacks_blank)
        {
            return (span, NO_BLANK.to_owned());
        }
        if before.get(line..).is_some_and(|start| start.contains(": ")) {
            let why = "a `:` with a blank behind it, inside of a value: put the value in quotes";
            return (at..at + 1, why.to_owned());
        }
    }
    let slip = SLIPS.iter().find(|(said, _)| info.contains(said));
    if let Some((_, why)) = slip {
        return (at..at, (*why).to_owned());
    }
    (at..at, info.to_owned())
}

/// What the parser says of slips whose place it tells rightly, and what they are.
const SLIPS: [(&str, &str); 3] = [
    (
        "scanning an anchor",
        "`&` and `*` in front of a value mean anchors, and this is none: put the value in quotes",
    ),
    (
        "unknown escape",
        "a backslash in double quotes begins an escape, and this is none: take single quotes",
    ),
    (
        "expected <document start>",
        "a line that is indented less than the first one: the keys of a map begin in one column",
    ),
];

const NO_BLANK: &str = "a `:` without the blank that belongs behind it: KEY: VALUE";

/// Whether a line is `KEY:VALUE`; an address is none.
fn lacks_blank(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, value)| {
        let is_key = !key.is_empty() && !key.contains(char::is_whitespace);
        is_key && !value.is_empty() && !value.starts_with([' ', '\t']) && !value.starts_with("//")
    })
}

/// Where the last line stands that is neither empty nor a comment, without its indentation.
fn line_above(text: &str) -> Option<Range<usize>> {
    let mut end = text.len();
    for line in text.split_inclusive('\n').rev() {
        let start = end - line.len();
        let words = line.trim();
        if !words.is_empty() && !words.starts_with('#') {
            let start = start + (line.len() - line.trim_start().len());
            return Some(start..start + words.len());
        }
        end = start;
    }
    None
}

impl Builder<'_> {
    fn at(&self, index: usize) -> usize {
        let end = self.file.text.len();
        self.starts.get(index).copied().unwrap_or(end)
    }

    fn span(&self, span: Span) -> Range<usize> {
        let start = self.at(span.start.index());
        start..self.at(span.end.index()).max(start)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<()> {
        let span = self.span(span);
        let tag = match &event {
            Event::Scalar(_, _, _, tag)
            | Event::SequenceStart(_, tag)
            | Event::MappingStart(_, tag) => tag.as_deref(),
            _ => None,
        };
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            let message = format!("the tag `{tag}` means nothing here");
            return Err(self.file.error(&span, message));
        }
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.file.error(&span, "a second document begins here"))
            }
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null {
                    Value::Null
                } else {
                    Value::Text(text.into_owned())
                };
                self.put(Node { span, value }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(&span, anchor, Shape::List),
            Event::MappingStart(anchor, _) => self.begin(&span, anchor, Shape::Map),
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    let message = "this refers to what it is itself a part of";
                    return Err(self.file.error(&span, message));
                };
                let node = Node {
                    span: span.clone(),
                    value: node.value.clone(),
                };
                // Its own one is counted below.
                self.count(node.count() - 1, &span)?;
                self.put(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, n_more: usize, span: &Range<usize>) -> Result<()> {
        self.n_nodes += n_more;
        if self.n_nodes > MAX_NODES {
            let message = format!("it has more than the {MAX_NODES} parts that are read");
            return Err(self.file.error(span, message));
        }
        Ok(())
    }

    fn begin(&mut self, span: &Range<usize>, anchor: usize, shape: Shape) -> Result<()> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("it is nested deeper than {MAX_DEPTH} levels");
            return Err(self.file.error(span, message));
        }
        self.open.push(Open {
            start: span.start,
            anchor,
            shape,
            nodes: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<()> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let span = open.start..end.max(open.start);
        let value = match open.shape {
            Shape::List => Value::List(open.nodes),
            Shape::Map => Value::Map(self.entries(open.nodes)?),
        };
        self.put(Node { span, value }, open.anchor)
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<()> {
        self.count(1, &node.span)?;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.nodes.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// Pairs of keys and values, with what `<<` brings behind them.
    fn entries(&mut self, nodes: Vec<Node>) -> Result<Vec<(Node, Node)>> {
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        let mut known = BTreeSet::new();
        let mut nodes = nodes.into_iter();
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            let Some(name) = key.text() else {
                let message = format!("a key is a text, and this is {}", key.kind());
                return Err(self.file.error(&key.span, message));
            };
            if !known.insert(name.to_owned()) {
                let message = format!("`{name}` is given twice");
                return Err(self.file.error(&key.span, message));
            }
            if name == "<<" {
                merged.push(value);
            } else {
                entries.push((key, value));
            }
        }
        while let Some(Node { span, value }) = merged.pop() {
            match value {
                Value::List(nodes) => merged.extend(nodes.into_iter().rev()),
                Value::Map(brought) => {
                    for (key, value) in brought {
                        if known.insert(key.text().unwrap_or_default().to_owned()) {
                            entries.push((key, value));
                        }
                    }
                }
                Value::Null | Value::Text(_) => {
                    return Err(self
                        .file
                        .error(&span, "`<<` takes a map, or a list of maps"));
                }
            }
        }
        Ok(entries)
    }
}
