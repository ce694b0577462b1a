//! The files that C libraries and programs open unasked. Each can be left out: `"/etc/hosts" = false`.

use std::path::Path;

use super::plan::{Plan, Settings};
use super::{Mode, Node, RootPath, Source};
use crate::error::Result;
use crate::fs;

/// Puts them into the tree: those of the sysroot when the user named one, else our own (hosts(5), passwd(5), group(5),
/// nsswitch.conf(5), resolv.conf(5)). What a layer has brought stays.
pub(super) fn add(plan: &mut Plan, settings: &Settings) -> Result<()> {
    let name = &settings.hostname;
    let files = [
        (
            "/etc/passwd",
            "root:x:0:0:root:/:/bin/false\n".to_owned(),
            "users",
        ),
        ("/etc/group", "root:x:0:\n".to_owned(), "groups"),
        ("/etc/hostname", format!("{name}\n"), "the guest's name"),
        (
            "/etc/hosts",
            format!("127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t{name}\n"),
            "names without a name server",
        ),
        (
            "/etc/nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\n".to_owned(),
            "where libc looks names up",
        ),
        (
            "/etc/resolv.conf",
            "# This kernel has no network, so there is no name server.\n".to_owned(),
            "name servers",
        ),
    ];
    for (path, text, what) in files {
        let guest = RootPath::parse(path)?;
        if plan.tree.get(&guest).is_some() {
            continue;
        }
        let given = settings.sysroot.is_given();
        let host = settings.sysroot.resolve(Path::new(path));
        match host.filter(|host| given && fs::is_file(host)) {
            Some(host) => plan.host(&guest, &host, None, &format!("default: {what}"))?,
            None => {
                let node = Node::File {
                    mode: Mode(0o644),
                    source: Source::from(text.into_bytes()),
                };
                plan.put(guest, node, format!("default: {what}"))?;
            }
        }
    }
    let node = Node::Folder { mode: Mode(0o1777) };
    plan.put(RootPath::parse("/tmp")?, node, "default: temporary files")
}
