//! Kernel files out of what the user names: a file, a folder, an archive; each perhaps compressed by gzip.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::entry::MAX_LEN;
use super::part::{KNOWN, Part, recognise};
use crate::error::{Error, Result};
use crate::fs;
use crate::root::{Node, Source, layer};

/// A kernel file.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which one it is.
    pub part: &'static Part,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Most bytes that are unpacked from one compressed file: 2 GiB.
const MAX_UNPACKED: u64 = 2 << 30;

/// What tells whether something may be a kernel, in bytes: an ELF's header, a boot sector.
const START: u64 = 512;

/// How gzip's files begin (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where and how the header of a tar file says that it is one (POSIX pax, "ustar").
const USTAR: (usize, &[u8]) = (257, b"ustar");

/// The kernel files in a file, folder or archive; all of them are of one kind. Of a folder only what lies right in it counts.
///
/// # Errors
/// When there is none, they are of two kinds, two would be the same file, or the archive is refused by the one door
/// ([`crate::root::door`]).
pub fn bring(path: &Path) -> Result<Vec<Found>> {
    let context =
        |error: Error| error.context(format!("`{}` can't be used as a kernel", path.display()));
    let found = if fs::metadata(path)?.is_dir() {
        folder(path)
    } else {
        file(path)
    };
    found.and_then(one_kernel).map_err(context)
}

/// A kernel file, and what it was called.
type Named = (String, Found);

fn folder(path: &Path) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for name in fs::list(path)? {
        let file = path.join(&name);
        if fs::is_file(&file) {
            let len = fs::len(&file)?;
            keep(&mut found, name, &Member::of(&file, 0, len)?)?;
        }
    }
    Ok(found)
}

/// A file of a folder or an archive: a part of a file of this host.
struct Member<'a> {
    path: &'a Path,
    /// Where it begins there, in bytes.
    at: u64,
    /// Its length in bytes.
    len: u64,
    /// Whether it is compressed by gzip.
    is_packed: bool,
}

impl<'a> Member<'a> {
    fn of(path: &'a Path, at: u64, len: u64) -> Result<Self> {
        let plain = Self {
            path,
            at,
            len,
            is_packed: false,
        };
        let is_packed = plain.first(GZIP.len() as u64)? == GZIP;
        Ok(Self { is_packed, ..plain })
    }

    /// Its first bytes, unpacked, at most this many.
    fn first(&self, limit: u64) -> Result<Vec<u8>> {
        let failed = |error| fs::failed("read", self.path, &error);
        let mut file = fs::open(self.path)?;
        file.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        let file = file.take(self.len);
        let mut bytes = Vec::new();
        if self.is_packed {
            let mut unpacked = MultiGzDecoder::new(file).take(limit);
            let read = unpacked.read_to_end(&mut bytes);
            read.map_err(|error| not_whole(&error))?;
        } else {
            file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        }
        Ok(bytes)
    }
}

/// What is no kernel is passed over in folders and archives, and what is longer than kernels are.
fn keep(found: &mut Vec<Named>, name: String, member: &Member<'_>) -> Result<()> {
    let start = match member.first(START) {
        Err(_) if member.is_packed => return Ok(()),
        start => start?,
    };
    if !is_candidate(&start) || (!member.is_packed && member.len > MAX_LEN) {
        return Ok(());
    }
    let bytes = member.first(MAX_LEN + 1);
    let bytes = bytes.map_err(|error| error.context(format!("`{name}`")))?;
    if bytes.len() as u64 > MAX_LEN {
        return Ok(());
    }
    if let Ok(part) = recognise(&bytes) {
        found.push((name, Found { part, bytes }));
    }
    Ok(())
}

/// Whether something that begins so may be a kernel: an ELF, or a boot sector.
fn is_candidate(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF") || start.get(510..512) == Some(&[0x55, 0xaa])
}

fn start(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::open(path)?;
    let read = file.take(START).read_to_end(&mut bytes);
    read.map_err(|error| fs::failed("read", path, &error))?;
    Ok(bytes)
}

fn file(path: &Path) -> Result<Vec<Named>> {
    let start = start(path)?;
    if is_tar(&start) {
        return archive(path);
    }
    if !start.starts_with(&GZIP) {
        let bytes = fs::read_at_most(path, MAX_LEN)?;
        let part = recognise(&bytes)?;
        return Ok(vec![(String::new(), Found { part, bytes })]);
    }
    let scratch = fs::scratch_folder()?;
    let unpacked = scratch.path().join("unpacked");
    unpack(path, &unpacked)?;
    let start = self::start(&unpacked)?;
    if start.starts_with(&GZIP) {
        return Err(Error::input("it is compressed twice"));
    }
    file(&unpacked)
}

fn not_whole(error: &std::io::Error) -> Error {
    Error::input(format!("it is no whole gzip file: {error}"))
        .hint("get it again: it was cut off or changed on its way")
}

fn is_tar(start: &[u8]) -> bool {
    let (at, magic) = USTAR;
    start.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

fn unpack(path: &Path, to: &Path) -> Result<()> {
    let mut packed = MultiGzDecoder::new(fs::open(path)?).take(MAX_UNPACKED + 1);
    let mut unpacked = fs::Partial::open(to)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n_read = packed.read(&mut buffer);
        let n_read = n_read.map_err(|error| not_whole(&error))?;
        match buffer.get(..n_read) {
            Some([]) | None => return Ok(()),
            Some(bytes) => unpacked.append(bytes)?,
        }
        if unpacked.len() > MAX_UNPACKED {
            let limit = MAX_UNPACKED >> 30;
            return Err(Error::input(format!("it unpacks to more than {limit} GiB")));
        }
    }
}

fn archive(path: &Path) -> Result<Vec<Named>> {
    let tree = layer::tar(path)?;
    let mut found = Vec::new();
    for (name, node) in tree.iter() {
        if let Node::File {
            source: Source::HostPart { at, len, .. },
            ..
        } = node
        {
            keep(&mut found, name.to_string(), &Member::of(path, *at, *len)?)?;
        }
    }
    Ok(found)
}

/// One file for each part, all of one kind. Of several that look alike, the one with the kernel project's own name counts, and
/// before it is compressed: a build folder may hold loaders for other uses beside it.
fn one_kernel(found: Vec<Named>) -> Result<Vec<Found>> {
    let mut chosen: Vec<Named> = Vec::new();
    for (name, one) in found {
        let likeness = |name: &str| match name.rsplit('/').next().unwrap_or(name) {
            last if last == one.part.file => 2,
            last if last.strip_suffix(".gz") == Some(one.part.file) => 1,
            _ => 0,
        };
        let rival = chosen
            .iter_mut()
            .find(|(_, other)| std::ptr::eq(other.part, one.part));
        match rival {
            None => chosen.push((name, one)),
            Some(rival) if likeness(&name) > likeness(&rival.0) => *rival = (name, one),
            Some(rival) if likeness(&rival.0) > likeness(&name) => {}
            Some((other, _)) => {
                return Err(Error::input(format!(
                    "both `{other}` and `{name}` are a `{}`",
                    one.part.file
                ))
                .hint("name the file that is meant"));
            }
        }
    }
    let Some((name, first)) = chosen.first() else {
        let error = Error::input("it holds no kernel file that is known here");
        return Err(error.hint(KNOWN));
    };
    let stranger = chosen
        .iter()
        .find(|(_, other)| other.part.kind != first.part.kind);
    if let Some((other, found)) = stranger {
        return Err(Error::input(format!(
            "it holds kernels of two kinds: `{name}` is of `{}`, `{other}` of `{}`",
            first.part.kind, found.part.kind
        ))
        .hint("name the file that is meant"));
    }
    Ok(chosen.into_iter().map(|(_, found)| found).collect())
}
