//! Where every byte of a file goes, before any of it is written.
//!
//! A format says what lies where by placing named pieces; writing, describing, digesting and the check that no two pieces
//! overlap are here, once. What no piece covers is zero. A piece may be a host file, which is read when the plan is written, or
//! another plan.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hasher as _;
use std::io::{Read, Seek as _, SeekFrom, Write};

use twox_hash::XxHash64;

use crate::error::{Error, Result};
use crate::fs;
use crate::root::Source;

/// How many bytes are copied at a time.
const CHUNK: usize = 256 * 1024;

/// A file to be: named pieces at offsets.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// By start; no two overlap, none is empty.
    pieces: BTreeMap<u64, Piece>,
    len: u64,
}

/// One piece of a plan.
#[derive(Debug, Clone)]
struct Piece {
    name: String,
    content: Content,
}

/// What a piece consists of.
#[derive(Debug, Clone)]
pub enum Content {
    /// Bytes, or a host file.
    Source(Source),
    /// The bytes of another plan.
    Plan(Plan),
    /// So many bytes that are filled in later; a plan that still has one can't be written.
    Reserved(u64),
}

/// Where a piece lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of its first byte.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
}

impl Span {
    /// The offset behind its last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.len
    }
}

impl Content {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Source(source) => source.len(),
            Self::Plan(plan) => plan.len,
            Self::Reserved(len) => *len,
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Source(bytes.into())
    }
}

impl From<Source> for Content {
    fn from(source: Source) -> Self {
        Self::Source(source)
    }
}

impl From<Plan> for Content {
    fn from(plan: Plan) -> Self {
        Self::Plan(plan)
    }
}

impl Plan {
    /// Puts a piece behind all others, at the next multiple of `align` bytes.
    pub fn place(
        &mut self,
        name: impl Into<String>,
        align: u64,
        content: impl Into<Content>,
    ) -> Span {
        self.put(
            name.into(),
            self.len.next_multiple_of(align),
            content.into(),
        )
    }

    /// Puts a piece at an offset.
    ///
    /// # Errors
    /// Internal, when it would lie on another piece: the error names both.
    pub fn place_at(
        &mut self,
        name: impl Into<String>,
        start: u64,
        content: impl Into<Content>,
    ) -> Result<Span> {
        let (name, content) = (name.into(), content.into());
        let end = start + content.len();
        // Of all pieces that start before our end, only the last can reach into us.
        let before = self.pieces.range(..end).next_back();
        if let Some((at, piece)) = before
            && at + piece.content.len() > start
            && end > start
        {
            return Err(Error::internal(format!(
                "in the layout, `{name}` at {start:#x} lies on `{}` at {at:#x}",
                piece.name
            )));
        }
        Ok(self.put(name, start, content))
    }

    fn put(&mut self, name: String, start: u64, content: Content) -> Span {
        let len = content.len();
        let span = Span { start, len };
        self.len = self.len.max(span.end());
        if len > 0 {
            self.pieces.insert(start, Piece { name, content });
        }
        span
    }

    /// Gives a reserved piece its bytes.
    ///
    /// # Errors
    /// Internal, when no piece of this length is reserved there.
    pub fn fill(&mut self, span: Span, bytes: Vec<u8>) -> Result<()> {
        match self.pieces.get_mut(&span.start) {
            Some(piece) if matches!(piece.content, Content::Reserved(len) if len == bytes.len() as u64) =>
            {
                piece.content = bytes.into();
                Ok(())
            }
            _ => Err(Error::internal(format!(
                "in the layout, no {} bytes are reserved at {:#x}",
                bytes.len(),
                span.start
            ))),
        }
    }

    /// Makes the file's length a multiple of `align` bytes.
    pub fn pad(&mut self, align: u64) {
        self.len = self.len.next_multiple_of(align);
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When a host file can't be read or has changed its length, or `target` refuses.
    pub fn write(&self, target: &mut dyn Write) -> Result<()> {
        self.emit(&mut |bytes| {
            target
                .write_all(bytes)
                .map_err(|error| Error::input(format!("can't write the file: {error}")))
        })
    }

    /// XXH64 of the file, with seed 0.
    ///
    /// # Errors
    /// When a host file can't be read or has changed its length.
    pub fn digest(&self) -> Result<u64> {
        let mut digest = XxHash64::with_seed(0);
        self.emit(&mut |bytes| {
            digest.write(bytes);
            Ok(())
        })?;
        Ok(digest.finish())
    }

    /// Puts into `hash` what tells this file from others: places, bytes, and of host files their stamps. False when that does
    /// not tell: a host file is not there, or was changed just now.
    #[must_use]
    pub fn fingerprint(&self, hash: &mut XxHash64) -> bool {
        hash.write_u64(self.len);
        self.pieces.iter().all(|(start, piece)| {
            hash.write_u64(*start);
            hash.write_u64(piece.content.len());
            match &piece.content {
                Content::Source(Source::Bytes(bytes)) => hash.write(bytes),
                Content::Source(Source::HostFile { path, .. } | Source::HostPart { path, .. }) => {
                    if let Content::Source(Source::HostPart { at, .. }) = &piece.content {
                        hash.write_u64(*at);
                    }
                    match fs::stamp(path) {
                        Ok(stamp) if !stamp.is_fresh() => {
                            hash.write(format!("{} {stamp:?}", path.display()).as_bytes());
                        }
                        _ => return false,
                    }
                }
                Content::Plan(plan) => return plan.fingerprint(hash),
                Content::Reserved(_) => return false,
            }
            true
        })
    }

    /// Whether `file` holds exactly what would be written.
    ///
    /// # Errors
    /// When a host file can't be read or has changed its length. A `file` that can't be read is merely different.
    pub fn is_content_of(&self, file: &mut dyn Read) -> Result<bool> {
        let mut same = true;
        let mut found = vec![0; CHUNK];
        self.emit(&mut |bytes| {
            for bytes in bytes.chunks(CHUNK) {
                let found = &mut found[..bytes.len()];
                same = same && file.read_exact(found).is_ok() && *found == *bytes;
            }
            Ok(())
        })?;
        Ok(same && matches!(file.read(&mut found[..1]), Ok(0)))
    }

    /// Hands out all bytes in order, in runs of at most [`CHUNK`] where they are not in memory anyway.
    fn emit(&self, target: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut at = 0;
        for (start, piece) in &self.pieces {
            emit_zeros(start - at, target)?;
            match &piece.content {
                Content::Source(source) => emit_source(source, target)?,
                Content::Plan(plan) => plan.emit(target)?,
                Content::Reserved(_) => {
                    return Err(Error::internal(format!(
                        "in the layout, `{}` was never filled",
                        piece.name
                    )));
                }
            }
            at = start + piece.content.len();
        }
        emit_zeros(self.len - at, target)
    }

    fn describe(&self, base: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (start, piece) in &self.pieces {
            let start = base + start;
            writeln!(
                f,
                "{start:#010x} {:>10} {}",
                piece.content.len(),
                piece.name
            )?;
            if let Content::Plan(plan) = &piece.content {
                plan.describe(start, f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    /// A line a piece: offset, length in bytes, name; the pieces of a plan in the plan under its own line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(0, f)
    }
}

fn emit_zeros(len: u64, target: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut left = len;
    while left > 0 {
        let n = left.min(ZEROS.len() as u64);
        target(&ZEROS[..usize::try_from(n).unwrap_or(ZEROS.len())])?;
        left -= n;
    }
    Ok(())
}

fn emit_source(source: &Source, target: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let (path, at, len) = match source {
        Source::Bytes(bytes) => return target(bytes),
        Source::HostFile { path, len } => (path, None, *len),
        Source::HostPart { path, at, len } => (path, Some(*at), *len),
    };
    let mut file = fs::open(path)?;
    // A whole file is read to its end, so that one that has grown is noticed; a part has something behind it.
    let end = if at.is_some() { len } else { u64::MAX };
    if let Some(at) = at {
        file.seek(SeekFrom::Start(at))
            .map_err(|error| fs::failed("read", path, &error))?;
    }
    let mut file = file.take(end);
    let mut buffer = vec![0; CHUNK];
    let mut total: u64 = 0;
    loop {
        let n = file
            .read(&mut buffer)
            .map_err(|error| fs::failed("read", path, &error))?;
        total += n as u64;
        if total > len || (n == 0 && total < len) {
            return Err(Error::input(format!(
                "`{}` changed while it was being read: it had {len} bytes before",
                path.display()
            ))
            .hint("run the command again when nothing writes to that file"));
        }
        if n == 0 {
            return Ok(());
        }
        target(&buffer[..n])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(plan: &Plan) -> Vec<u8> {
        let mut bytes = Vec::new();
        plan.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn pieces_lie_aligned_and_gaps_are_zero() {
        let mut plan = Plan::default();
        let header = plan.place("header", 1, Content::Reserved(2));
        let body = plan.place("body", 8, b"body".to_vec());
        plan.fill(header, b"hd".to_vec()).unwrap();
        plan.pad(16);
        assert_eq!(body, Span { start: 8, len: 4 });
        assert_eq!(written(&plan), b"hd\0\0\0\0\0\0body\0\0\0\0");
        assert_eq!(
            plan.digest().unwrap(),
            XxHash64::oneshot(0, &written(&plan))
        );
    }

    #[test]
    fn overlap_names_both_pieces() {
        let check = |start, expected: Option<&str>| {
            let mut plan = Plan::default();
            plan.place_at("first", 4, b"1234".to_vec()).unwrap();
            let error = plan.place_at("second", start, b"1234".to_vec()).err();
            let error = error.map(|error| error.to_string());
            assert_eq!(
                error
                    .as_deref()
                    .map(|text| text.contains("`first`") && text.contains("`second`")),
                expected.map(|_| true),
                "{error:?}"
            );
        };
        check(0, None);
        check(1, Some("its end"));
        check(4, Some("all of it"));
        check(7, Some("its start"));
        check(8, None);
    }

    #[test]
    fn described_with_the_plan_inside() {
        let mut inner = Plan::default();
        inner.place("b", 4, b"b".to_vec());
        let mut plan = Plan::default();
        plan.place("a", 1, b"a".to_vec());
        plan.place("inner", 4096, inner);
        assert_eq!(
            plan.to_string(),
            "0x00000000          1 a\n0x00001000          1 inner\n0x00001000          1 b\n"
        );
    }

    #[test]
    fn unfilled_piece_is_never_written() {
        let mut plan = Plan::default();
        plan.place("header", 1, Content::Reserved(2));
        let error = plan.write(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("`header`"), "{error}");
        let span = Span { start: 0, len: 2 };
        assert!(plan.fill(span, b"long".to_vec()).is_err());
    }

    #[test]
    fn compared_byte_by_byte_with_a_file() {
        let mut plan = Plan::default();
        plan.place("a", 1, b"ab".to_vec());
        let check = |mut file: &[u8], expected| {
            assert_eq!(plan.is_content_of(&mut file).unwrap(), expected);
        };
        check(b"ab", true);
        check(b"a", false);
        check(b"abc", false);
        check(b"ax", false);
    }

    #[test]
    fn host_file_that_grew_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grown");
        fs::write_bytes(&path, b"12345").unwrap();
        let check = |len, expected| {
            let mut plan = Plan::default();
            let path = path.clone();
            plan.place("file", 1, Source::HostFile { path, len });
            assert_eq!(plan.write(&mut Vec::new()).is_ok(), expected, "{len}");
        };
        check(4, false);
        check(5, true);
        check(6, false);
    }
}
