//! Kernel files out of what the user names: a file, a folder, an archive; each perhaps compressed by gzip.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::entry::MAX_LEN;
use super::part::{Part, recognise};
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
        if !fs::is_file(&file) || fs::len(&file)? > MAX_LEN || !is_candidate(&start(&file)?) {
            continue;
        }
        keep(&mut found, name, fs::read_at_most(&file, MAX_LEN)?);
    }
    Ok(found)
}

/// What is no kernel is passed over in folders and archives.
fn keep(found: &mut Vec<Named>, name: String, bytes: Vec<u8>) {
    if let Ok(part) = recognise(&bytes) {
        found.push((name, Found { part, bytes }));
    }
}

/// Whether something that begins so may be a kernel: an ELF, or a boot sector.
fn is_candidate(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF") || start.get(510..512) == Some(&[0x55, 0xaa])
}

fn start(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::open(path)?;
    let read = file.take(512).read_to_end(&mut bytes);
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

fn is_tar(start: &[u8]) -> bool {
    let (at, magic) = USTAR;
    start.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

fn unpack(path: &Path, to: &Path) -> Result<()> {
    let mut packed = MultiGzDecoder::new(fs::open(path)?).take(MAX_UNPACKED + 1);
    let mut unpacked = fs::Partial::open(to)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n_read = packed.read(&mut buffer).map_err(|error| {
            Error::input(format!("it is no whole gzip file: {error}"))
                .hint("get it again: it was cut off or changed on its way")
        })?;
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
        let Node::File {
            source: Source::HostPart { at, len, .. },
            ..
        } = node
        else {
            continue;
        };
        if *len > MAX_LEN {
            continue;
        }
        let read = |len: u64| -> Result<Vec<u8>> {
            let mut file = fs::open(path)?;
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(*at))
                .and_then(|_| file.take(len).read_to_end(&mut bytes))
                .map_err(|error| fs::failed("read", path, &error))?;
            Ok(bytes)
        };
        if is_candidate(&read((*len).min(512))?) {
            keep(&mut found, name.to_string(), read(*len)?);
        }
    }
    Ok(found)
}

/// One file for each part, all of one kind. Of several that look alike, the one with the kernel project's own name counts: a
/// build folder may hold loaders for other uses beside it.
fn one_kernel(found: Vec<Named>) -> Result<Vec<Found>> {
    let mut chosen: Vec<Named> = Vec::new();
    for (name, one) in found {
        let own_name = |name: &str| name.rsplit('/').next() == Some(one.part.file);
        let rival = chosen
            .iter_mut()
            .find(|(_, other)| std::ptr::eq(other.part, one.part));
        match rival {
            None => chosen.push((name, one)),
            Some(rival) if own_name(&name) && !own_name(&rival.0) => *rival = (name, one),
            Some(rival) if own_name(&rival.0) && !own_name(&name) => {}
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
        return Err(Error::input("it holds no kernel file that is known here"));
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
