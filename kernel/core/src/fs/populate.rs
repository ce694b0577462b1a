//! What a program expects beside its own files: the folders of views, `/tmp`.

use linux_raw_sys::general as linux;

use super::directory::{Beneath, directory};
use super::make::{kind_of, mount_of};
use super::node::Mount;
use super::tree::Tree;
use crate::errno::Errno;
use crate::time::Timestamp;
use crate::view::TABLE;

impl Tree {
    /// Makes them. The archive's own `/dev`, `/proc` and `/sys` are covered, as mounting does; its `/tmp` is used if it has one.
    pub(crate) fn populate(&self, now: Timestamp) -> Result<(), Errno> {
        for (number, line) in TABLE.iter().enumerate() {
            let name = line.path.get(1..).unwrap_or("");
            if !name.contains('/') {
                let kind = kind_of(number, line.shows);
                let node = self.create(mount_of(line.path), kind, line.mode, now);
                self.put(self.root(), name.as_bytes().into(), &node)?;
            }
        }
        if self.lookup(self.root(), b"tmp", None)?.is_none() {
            let mode = linux::S_IFDIR | 0o1777;
            let node = self.create(Mount::Root, directory(Beneath::Nothing), mode, now);
            self.put(self.root(), b"tmp".as_slice().into(), &node)?;
        }
        Ok(())
    }
}
