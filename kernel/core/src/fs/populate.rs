//! What a program expects beside its own files: the folders of views, `/tmp`.

use linux_raw_sys::general as linux;

use super::directory::{Beneath, directory};
use super::make::{kind_of, mount_of};
use super::node::Mount;
use super::tree::Tree;
use super::view::line_at;
use crate::errno::Errno;
use crate::time::Timestamp;
use crate::view::TABLE;

/// The folders of views in the root.
const FOLDERS: [&str; 3] = ["/dev", "/proc", "/sys"];

impl Tree {
    /// Makes them. The archive's own `/dev`, `/proc` and `/sys` are covered, as mounting does; its `/tmp` is used if it has one.
    pub(crate) fn populate(&self, now: Timestamp) -> Result<(), Errno> {
        for path in FOLDERS {
            let line =
                line_at(path.as_bytes()).and_then(|number| Some((number, TABLE.get(number)?)));
            let (number, line) = line.ok_or(Errno::ENOENT)?;
            let kind = kind_of(number, line.shows);
            let node = self.create(mount_of(path), kind, line.mode, now);
            let name = path.trim_start_matches('/').as_bytes();
            self.put(self.root(), name.into(), &node)?;
        }
        if self.lookup(self.root(), b"tmp", None)?.is_none() {
            let mode = linux::S_IFDIR | 0o1777;
            let node = self.create(Mount::Root, directory(Beneath::Nothing), mode, now);
            self.put(self.root(), b"tmp".as_slice().into(), &node)?;
        }
        Ok(())
    }
}
