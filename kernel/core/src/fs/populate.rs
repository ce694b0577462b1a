//! What a program expects beside its own files: `/dev`, `/proc`, `/tmp`.

use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::vec::Vec;

use linux_raw_sys::general as linux;

use super::device::Device;
use super::node::{Generated, Kind, Node};
use super::tree::{Tree, directory};
use crate::errno::Errno;
use crate::time::Timestamp;

/// The devices, by name in `/dev`.
const DEVICES: [(&str, Device); 6] = [
    ("full", Device::Full),
    ("null", Device::Null),
    ("random", Device::Random),
    ("tty", Device::Terminal),
    ("urandom", Device::Urandom),
    ("zero", Device::Zero),
];

impl Tree {
    /// Makes them. The archive's own `/dev` and `/proc` are covered, as mounting does; its `/tmp` is used if it has one.
    pub(crate) fn populate(&self, program: &[u8], now: Timestamp) -> Result<(), Errno> {
        let dev = self.new_directory(self.root(), "dev", 0o755, now)?;
        for (name, device) in DEVICES {
            self.new_node(
                &dev,
                name,
                Kind::Device(device),
                linux::S_IFCHR | 0o666,
                now,
            )?;
        }
        let proc = self.new_directory(self.root(), "proc", 0o555, now)?;
        self.new_link(&proc, "self", b"1", now)?;
        let process = self.new_directory(&proc, "1", 0o555, now)?;
        self.new_link(&process, "exe", program, now)?;
        self.new_node(
            &process,
            "maps",
            Kind::Generated(Generated::Maps),
            linux::S_IFREG | 0o444,
            now,
        )?;
        if self.lookup(self.root(), b"tmp")?.is_none() {
            self.new_directory(self.root(), "tmp", 0o1777, now)?;
        }
        Ok(())
    }

    fn new_directory(
        &self,
        parent: &Rc<Node>,
        name: &str,
        mode: u32,
        now: Timestamp,
    ) -> Result<Rc<Node>, Errno> {
        self.new_node(parent, name, directory(None), linux::S_IFDIR | mode, now)
    }

    fn new_link(
        &self,
        parent: &Rc<Node>,
        name: &str,
        target: &[u8],
        now: Timestamp,
    ) -> Result<Rc<Node>, Errno> {
        let target = Cow::Owned(Vec::from(target));
        self.new_node(
            parent,
            name,
            Kind::Link(target),
            linux::S_IFLNK | 0o777,
            now,
        )
    }

    fn new_node(
        &self,
        parent: &Rc<Node>,
        name: &str,
        kind: Kind,
        mode: u32,
        now: Timestamp,
    ) -> Result<Rc<Node>, Errno> {
        let node = self.create(kind, mode, now);
        self.put(parent, name.as_bytes().into(), &node)?;
        Ok(node)
    }
}
