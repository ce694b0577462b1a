//! The files of OSv's kernel, and those that OSv wants in each root tree.

use std::path::PathBuf;

use super::{disk, elf};
use crate::error::{Error, Result};
use crate::fs;
use crate::kernel::{MAX_LEN, Origin, Piece, Pieces};
use crate::root::plan::Wanted;
use crate::root::{Mode, Node, RootPath, Source};
use crate::store::Store;

/// What a kernel to be started directly is called in a folder, the best first: with symbols it is ten times as long.
const DIRECT: [&str; 2] = ["loader-stripped.elf", "loader.elf"];

/// What a kernel for disks is called in a folder: in a build, and in releases.
const DISK: [&str; 2] = ["loader.img", "osv-loader.qemu"];

/// How much of a file is read: what tells that it is a kernel. The rest goes to disks from the file itself.
const HEAD: u64 = 4096;

/// The mounts that OSv makes at start (`static/etc/fstab`); without them there is no `/dev`, `/proc`, `/sys` and `/tmp`.
const MOUNTS: &str = "/dev/vblk0.1 / rofs defaults 0 0
none /dev devfs defaults 0 0
none /proc procfs defaults 0 0
none /sys sysfs defaults 0 0
none /tmp ramfs defaults 0 0
";

/// A kernel from the user's store, or from a path: a file of either kind, or a folder with one or both.
///
/// # Errors
/// When there is none, or what is there is none.
pub(super) fn open(origin: &Origin) -> Result<Pieces> {
    let path = match origin {
        Origin::Usual => return stored(&Store::open()?, None),
        Origin::Stored(name) => return stored(&Store::open()?, Some(name)),
        Origin::File(path) => path,
    };
    if !fs::is_folder(path) {
        return piece(path.to_owned());
    }
    let first = |names: &[&str]| {
        names
            .iter()
            .map(|name| path.join(name))
            .find(|path| fs::is_file(path))
    };
    let (direct, disk) = (first(&DIRECT), first(&DISK));
    if direct.is_none() && disk.is_none() {
        let names = [DIRECT, DISK].concat().join("`, `");
        return Err(Error::input(format!(
            "it is a folder without any of `{names}`"
        )));
    }
    let mut pieces = Pieces::default();
    for path in [direct, disk].into_iter().flatten() {
        let found = piece(path)?;
        pieces.direct = pieces.direct.or(found.direct);
        pieces.disk = pieces.disk.or(found.disk);
    }
    Ok(pieces)
}

fn stored(store: &Store, name: Option<&str>) -> Result<Pieces> {
    let kernel = store.find("osv", name).map_err(|error| {
        let hint = error.hint_text().unwrap_or_default().to_owned();
        let files = "`loader-stripped.elf`, `loader.img` or their folder";
        error
            .context("kernel `osv` does not come with the tool")
            .hint(format!("{hint}; or give {files} with --kernel-file"))
    })?;
    let mut pieces = Pieces::default();
    for names in [DIRECT, DISK] {
        let part = names.iter().find_map(|name| kernel.files.get(*name));
        if let Some(part) = part {
            part.check()?;
            let found = piece(part.path.clone())?;
            pieces.direct = pieces.direct.or(found.direct);
            pieces.disk = pieces.disk.or(found.disk);
        }
    }
    Ok(pieces)
}

/// What a file is.
fn piece(path: PathBuf) -> Result<Pieces> {
    let file = fs::open_at_most(&path, MAX_LEN)?;
    let (bytes, len) = (fs::read_first(&file, &path, HEAD)?, fs::len(&path)?);
    let context = |error: Error| match path.file_name() {
        Some(name) => error.context(format!("`{}`", name.display())),
        None => error,
    };
    let is_elf = bytes.starts_with(b"\x7fELF");
    if is_elf {
        elf::Elf::parse(&bytes, len).map_err(context)?;
    } else {
        disk::check_loader(&bytes, len).map_err(context)?;
    }
    let piece = Piece {
        bytes: bytes.into(),
        len,
        path: Some(fs::absolute(&path)?),
    };
    Ok(match is_elf {
        true => Pieces {
            direct: Some(piece),
            disk: None,
        },
        false => Pieces {
            direct: None,
            disk: Some(piece),
        },
    })
}

/// What OSv wants in each root tree, with the reason; what is there already stays.
///
/// # Errors
/// Internal, when a path is none.
pub(super) fn defaults() -> Result<Wanted> {
    let folder = || Node::Folder { mode: Mode(0o755) };
    let text = |text: &str| Node::File {
        mode: Mode(0o644),
        source: Source::from(text.as_bytes().to_vec()),
    };
    let mount = "where OSv mounts what `/etc/fstab` says";
    let files = [
        ("/dev", folder(), mount),
        ("/etc/fstab", text(MOUNTS), "what OSv mounts"),
        (
            "/etc/mnttab",
            Node::Link {
                target: "/proc/mounts".to_owned(),
            },
            "what is mounted",
        ),
        (
            "/etc/resolv.conf",
            text(""),
            "name servers: OSv has them from DHCP or its command line",
        ),
        ("/proc", folder(), mount),
        ("/sys", folder(), mount),
        ("/tmp", folder(), mount),
    ];
    let files = files.into_iter();
    files
        .map(|(path, node, why)| Ok((RootPath::parse(path)?, node, why)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    #[test]
    fn folder_gives_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let error = open(&Origin::File(folder.path().to_owned()))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`loader-stripped.elf`"), "{error}");
        fs::write_bytes(&at("loader.elf"), &elf::tests::kernel(5000, 9000)).unwrap();
        let pieces = open(&Origin::File(folder.path().to_owned())).unwrap();
        assert!(pieces.direct.is_some() && pieces.disk.is_none());
        assert_eq!(pieces.direct.unwrap().path, Some(at("loader.elf")));
        fs::write_bytes(&at("loader.img"), b"nothing").unwrap();
        let error = open(&Origin::File(folder.path().to_owned()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`loader.img`: it has no boot sector"),
            "{error}"
        );
    }

    #[test]
    fn without_a_kernel_the_error_says_how_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = stored(&Store::at(folder.path()), None).unwrap_err();
        let hint = error.hint_text().unwrap();
        assert!(hint.contains("cargo unikernel kernel fetch"), "{hint}");
        assert!(hint.contains("--kernel-file"), "{hint}");
    }

    #[test]
    fn kernel_of_the_store_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let mut parts = store::PARTS.iter();
        let found = store::Found {
            part: parts.find(|part| part.file == "loader.elf").unwrap(),
            bytes: elf::tests::kernel(5000, 9000),
        };
        let source = store::Source {
            from: "a test".to_owned(),
            sha256: None,
        };
        store.add(&[found], "default", &source).unwrap();
        let pieces = stored(&store, Some("default")).unwrap();
        assert!(pieces.direct.is_some() && pieces.disk.is_none());
    }
}
