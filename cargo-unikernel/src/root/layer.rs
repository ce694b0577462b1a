//! Layers: root trees under ours, as folders or tar files.

use std::io::Read as _;
use std::path::Path;

use tar::{Archive, Entry, EntryType};

use super::door::Door;
use super::plan::Plan;
use super::{Mode, Node, RootPath, RootTree, Source};
use crate::error::{Error, Result};
use crate::fs;

/// How compressed files begin, and what undoes it.
const COMPRESSED: [(&[u8], &str); 4] = [
    (&[0x1f, 0x8b], "gunzip"),
    (b"\xfd7zXZ\0", "unxz"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "unzstd"),
    (b"BZh", "bunzip2"),
];

/// Puts a layer into the tree, over what is there.
///
/// # Errors
/// When it is neither a folder nor a tar file, is broken, or holds what the door refuses.
pub(super) fn add(plan: &mut Plan, layer: &Path) -> Result<()> {
    let context =
        |error: Error| error.context(format!("the layer `{}` is not usable", layer.display()));
    let reason = format!("layer `{}`", layer.display());
    if fs::metadata(layer).map_err(context)?.is_dir() {
        return plan
            .host(&RootPath::root(), layer, None, &reason)
            .map_err(context);
    }
    unpacked(plan, layer, &reason).map_err(context)
}

/// The tree of a tar file that is no layer, come through the same door.
///
/// # Errors
/// As for a layer.
pub fn tar(path: &Path) -> Result<RootTree> {
    let mut plan = Plan::default();
    unpacked(&mut plan, path, "")?;
    Ok(plan.tree)
}

fn unpacked(plan: &mut Plan, layer: &Path, reason: &str) -> Result<()> {
    refuse_compressed(layer)?;
    let len = fs::len(layer)?;
    let mut archive = Archive::new(fs::open(layer)?);
    let broken = |error: std::io::Error| {
        Error::input(format!("it is no tar file, or a broken one: {error}"))
    };
    let mut door = Door::new(layer);
    for entry in archive.entries_with_seek().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if entry.raw_file_position().saturating_add(entry.size()) > len {
            return Err(Error::input("it ends within a file: it is cut off"));
        }
        one(plan, &mut door, layer, &entry, reason)?;
    }
    Ok(())
}

fn refuse_compressed(layer: &Path) -> Result<()> {
    let mut start = [0; 6];
    let n = fs::open(layer)?
        .read(&mut start)
        .map_err(|error| fs::failed("read", layer, &error))?;
    let start = start.get(..n).unwrap_or_default();
    match COMPRESSED
        .iter()
        .find(|(magic, _)| start.starts_with(magic))
    {
        Some((_, program)) => Err(Error::input("it is compressed")
            .hint(format!("unpack it first: {program} {}", layer.display()))),
        None => Ok(()),
    }
}

fn one(
    plan: &mut Plan,
    door: &mut Door<'_>,
    layer: &Path,
    entry: &Entry<'_, impl std::io::Read>,
    reason: &str,
) -> Result<()> {
    let bytes = entry.path_bytes();
    let name = std::str::from_utf8(&bytes).map_err(|_| {
        Error::input(format!(
            "a name in it is not UTF-8: {}",
            String::from_utf8_lossy(&bytes)
        ))
    })?;
    let kind = entry.header().entry_type();
    if matches!(kind, EntryType::XGlobalHeader) {
        return Ok(());
    }
    let mut path = RootPath::root();
    for part in door.entry(name, entry.size())? {
        path = path.join(part)?;
    }
    let mode = entry
        .header()
        .mode()
        .map_err(|error| Error::input(format!("the mode of `{name}` is broken: {error}")))?;
    let mode = Mode(u16::try_from(mode & 0o7777).unwrap_or(0o644));
    let target = || {
        let target = entry.link_name_bytes().unwrap_or_default().into_owned();
        String::from_utf8(target)
            .map_err(|_| Error::input(format!("the target of `{name}` is not UTF-8")))
    };
    let node = match kind {
        EntryType::Directory => Node::Folder { mode },
        EntryType::Regular | EntryType::Continuous => Node::File {
            mode,
            source: Source::HostPart {
                path: layer.to_owned(),
                at: entry.raw_file_position(),
                len: entry.size(),
            },
        },
        EntryType::Symlink => {
            let target = target()?;
            door.link(name, &target)
                .map_err(|error| error.hint("make it a relative link that stays in the tree"))?;
            Node::Link { target }
        }
        EntryType::Link => {
            let target = target()?;
            let mut at = RootPath::root();
            for part in door.entry(&target, 0)? {
                at = at.join(part)?;
            }
            let node = plan.tree.get(&at).cloned();
            node.filter(|node| matches!(node, Node::File { .. }))
                .ok_or_else(|| {
                    Error::input(format!(
                        "the hard link `{name}` leads to no file before it: `{target}`"
                    ))
                })?
        }
        _ => return Err(door.no_file(name)),
    };
    plan.put(path, node, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tar file with one entry, written down raw so that bad names are possible (POSIX pax, "ustar").
    fn tar_with(kind: EntryType, name: &str, target: &str, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        let raw = header.as_mut_bytes();
        raw[..name.len()].copy_from_slice(name.as_bytes());
        raw[157..157 + target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o4755);
        header.set_size(content.len() as u64);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
        bytes
    }

    fn added(bytes: &[u8]) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("base.tar");
        fs::write_bytes(&path, bytes).unwrap();
        let mut plan = Plan::default();
        add(&mut plan, &path).map(|()| plan)
    }

    #[test]
    fn file_is_a_part_of_the_tar_file() {
        let plan = added(&tar_with(EntryType::Regular, "./etc/motd", "", b"hello")).unwrap();
        let node = plan.tree.get(&RootPath::parse("/etc/motd").unwrap());
        let Some(Node::File {
            mode,
            source: Source::HostPart { at, len, .. },
        }) = node
        else {
            panic!("{node:?}");
        };
        assert_eq!((*mode, *at, *len), (Mode(0o4755), 512, 5));
    }

    #[test]
    fn what_leaves_the_tree_or_is_no_file_is_refused() {
        let check = |kind, name, target, expected: &str| {
            let error = added(&tar_with(kind, name, target, b""))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(expected) && error.contains("base.tar"),
                "{error}"
            );
        };
        check(EntryType::Regular, "../../etc/passwd", "", "`..`");
        check(EntryType::Regular, "/etc/passwd", "", "absolute");
        check(EntryType::Symlink, "link", "/etc/passwd", "leads out");
        check(EntryType::Symlink, "a/link", "../../x", "leads out");
        check(EntryType::Link, "link", "nothing", "no file before it");
        check(EntryType::Link, "link", "../x", "`..`");
        check(EntryType::Char, "null", "", "neither a file");
        check(EntryType::Fifo, "pipe", "", "neither a file");
    }

    #[test]
    fn what_is_no_whole_tar_file_is_refused() {
        let whole = tar_with(EntryType::Regular, "file", "", &[7; 4000]);
        for (bytes, expected) in [
            (&whole[..2000], "cut off"),
            (&whole[..300], "broken"),
            (&b"\x1f\x8b rest"[..], "compressed"),
            (&[b'x'; 2048], "no tar file"),
        ] {
            let error = added(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
