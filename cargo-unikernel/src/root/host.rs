//! Host files and folders in the root tree.
//!
//! A folder comes with all that it holds, through the [door](super::door); its symbolic links stay links.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use super::door::Door;
use super::plan::{NAMED, Plan, Settings, lies_below};
use super::{Mode, Node, RootPath, Source};
use crate::error::{Error, Result};
use crate::fs;

impl Plan {
    /// Puts what the user names at `path`, over what a folder above it has brought there.
    pub(super) fn named_host(
        &mut self,
        path: &RootPath,
        host: &Path,
        mode: Option<Mode>,
        settings: &Settings,
    ) -> Result<()> {
        self.make_room(path);
        let mut door = Door::new(host).but(named_below(path, settings));
        self.through(&mut door, path, mode, NAMED)
    }

    /// Takes away a link that a folder of the user's has brought to `path`, so that a folder can lie there.
    pub(super) fn make_room(&mut self, path: &RootPath) {
        let is_link = matches!(self.tree.get(path), Some(Node::Link { .. }));
        if is_link && self.reasons.get(path).is_some_and(|why| why == NAMED) {
            self.tree.remove(path);
        }
    }

    /// Puts a host file or folder at `path`, with all it holds.
    pub(super) fn host(
        &mut self,
        path: &RootPath,
        host: &Path,
        mode: Option<Mode>,
        reason: &str,
    ) -> Result<()> {
        self.through(&mut Door::new(host), path, mode, reason)
    }

    /// The same for the host file or folder that a door is for.
    fn through(
        &mut self,
        door: &mut Door<'_>,
        path: &RootPath,
        mode: Option<Mode>,
        reason: &str,
    ) -> Result<()> {
        if fs::metadata(door.tree())?.is_dir() {
            return self.folder(path, "", mode, door, reason);
        }
        let node = file(door.tree(), mode)?;
        self.put(path.clone(), node, reason)
    }

    /// All of a host folder; `inside` is the part of the path below the folder that the door is for.
    fn folder(
        &mut self,
        path: &RootPath,
        inside: &str,
        mode: Option<Mode>,
        door: &mut Door<'_>,
        reason: &str,
    ) -> Result<()> {
        let here = door.tree().join(inside);
        let node = Node::Folder {
            mode: mode.unwrap_or(Mode(0o755)),
        };
        if inside.is_empty() || self.tree.get(path).is_none() {
            self.put(path.clone(), node, reason)?;
        }
        for name in fs::list(&here)? {
            let host = here.join(&name);
            let guest = path.join(&name)?;
            let inside = match inside {
                "" => name,
                inside => format!("{inside}/{name}"),
            };
            let metadata = fs::link_metadata(&host)?;
            door.entry(&inside, metadata.len())?;
            if metadata.is_symlink() {
                let target = fs::link_target(&host)?;
                let target = target.to_str().ok_or_else(|| {
                    Error::input(format!("the target of `{}` is not UTF-8", host.display()))
                })?;
                door.link(&inside, target).map_err(|error| {
                    error.hint(format!(
                        "say what lies there by an entry in `files`: \"{guest}\" = \"HOST FILE OR FOLDER\", \
                         {{ symlink = \"{target}\" }} to keep the link, or false to leave it out"
                    ))
                })?;
                let target = target.to_owned();
                self.put(guest, Node::Link { target }, reason)?;
            } else if metadata.is_dir() {
                self.folder(&guest, &inside, None, door, reason)?;
            } else {
                self.put(guest, file(&host, None)?, reason)?;
            }
        }
        Ok(())
    }
}

fn file(host: &Path, mode: Option<Mode>) -> Result<Node> {
    let metadata = fs::metadata(host)?;
    let kind = metadata.file_type();
    if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
        return Err(Error::input(format!(
            "`{}` is neither a file nor a folder",
            host.display()
        )));
    }
    // Which bits beyond execution a checkout has depends on the user's umask: they would make images differ.
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let default = Mode(if executable { 0o755 } else { 0o644 });
    // That it can be read is found out now and not when half of an image is written.
    fs::open(host)?;
    Ok(Node::File {
        mode: mode.unwrap_or(default),
        source: Source::HostFile {
            path: host.to_owned(),
            len: metadata.len(),
        },
    })
}

/// What the user names below a path, relative to it.
fn named_below(path: &RootPath, settings: &Settings) -> Vec<String> {
    let depth = path.parts().count();
    let below = settings.items.keys().filter(|at| lies_below(at, path));
    let parts = below.map(|at| at.parts().skip(depth).collect::<Vec<_>>());
    parts.map(|parts| parts.join("/")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::root::plan::Item;
    use crate::root::plan::tests::{host, plan_of};

    #[test]
    fn folder_keeps_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("data");
        fs::write_bytes(&at.join("sub/file"), b"x").unwrap();
        symlink("sub/file", at.join("link")).unwrap();
        symlink("../link", at.join("sub/up")).unwrap();
        let plan = plan_of(&[("/srv", host(&at))]).unwrap();
        let node = |path: &str| plan.tree.get(&RootPath::parse(path).unwrap());
        assert!(matches!(node("/srv/sub/file"), Some(Node::File { .. })));
        assert_eq!(
            node("/srv/sub/up"),
            Some(&Node::Link {
                target: "../link".to_owned()
            })
        );
    }

    #[test]
    fn link_that_leaves_its_folder_is_refused() {
        for target in ["/etc/passwd", "../outside", "sub/../../outside"] {
            let folder = tempfile::tempdir().unwrap();
            let at = folder.path().join("data");
            fs::write_bytes(&at.join("sub/file"), b"x").unwrap();
            symlink(target, at.join("link")).unwrap();
            let error = plan_of(&[("/srv", host(&at))]).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("`link` in") && text.contains(&format!("to `{target}`")),
                "{text}"
            );
            let hint = error.hint_text().unwrap_or_default();
            assert!(hint.contains("\"/srv/link\" = "), "{hint}");
        }
    }

    #[test]
    fn entry_for_a_link_that_leaves_its_folder_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("data");
        fs::write_bytes(&at.join("sub/file"), b"x").unwrap();
        fs::write_bytes(&folder.path().join("outside/file"), b"y").unwrap();
        symlink("/outside", at.join("sub/link")).unwrap();
        let check = |item: Item, expected: Option<&str>| {
            let plan = plan_of(&[("/srv", host(&at)), ("/srv/sub/link", item)]).unwrap();
            let found = plan.tree.get(&RootPath::parse("/srv/sub/link").unwrap());
            let found = found.map(|node| match node {
                Node::Link { target } => format!("-> {target}"),
                Node::File { source, .. } => format!("{} bytes", source.len()),
                Node::Folder { .. } => {
                    let inside = RootPath::parse("/srv/sub/link/file").unwrap();
                    format!("a folder, {}", plan.tree.get(&inside).is_some())
                }
            });
            assert_eq!(found.as_deref(), expected);
        };
        check(Item::Absent, None);
        check(Item::Link("/outside".to_owned()), Some("-> /outside"));
        check(host(&folder.path().join("outside/file")), Some("1 bytes"));
        check(host(&folder.path().join("outside")), Some("a folder, true"));
    }

    #[test]
    fn missing_file_is_named_with_its_guest_path() {
        let error = plan_of(&[("/etc/x", host(Path::new("/nowhere/x")))]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("`/etc/x`") && text.contains("`/nowhere/x`"),
            "{text}"
        );
    }

    #[test]
    fn device_is_refused() {
        let error = plan_of(&[("/null", host(Path::new("/dev/null")))]).unwrap_err();
        assert!(
            error.to_string().contains("neither a file nor a folder"),
            "{error}"
        );
    }
}
