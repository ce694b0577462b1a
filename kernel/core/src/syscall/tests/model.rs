//! A simple model of a tree of files: what operations on it do, and how they fail.

use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use linux_raw_sys::general as linux;

use crate::errno::Errno;

/// What the model knows: nodes by number, the root first.
pub(super) struct Model {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, PartialEq)]
pub(super) enum Node {
    Folder(BTreeMap<String, usize>),
    File(Vec<u8>),
}

/// What a name is removed as.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Meant {
    Folder,
    File,
}

/// A path: the number of its folder, its last name, and what it names.
type Found = (usize, String, Option<usize>);

impl Model {
    /// The archive's tree, as `testdata/README.md` has it.
    pub(super) fn new() -> Self {
        let mut model = Self {
            nodes: std::vec![Node::Folder(BTreeMap::new())],
        };
        let file = |text: &[u8]| Node::File(text.to_vec());
        model.put(0, "small", file(b"hello, archive\n"));
        model.put(0, "large", file(&[b'x'; 5000]));
        model.put(0, "tmp", Node::Folder(BTreeMap::new()));
        let dir = model.put(0, "dir", Node::Folder(BTreeMap::new()));
        model.put(dir, "a", file(b"one"));
        let deep = model.put(dir, "deep", Node::Folder(BTreeMap::new()));
        model.put(deep, "file", file(b"deep"));
        model
    }

    fn put(&mut self, folder: usize, name: &str, node: Node) -> usize {
        self.nodes.push(node);
        let number = self.nodes.len() - 1;
        self.names(folder).insert(name.into(), number);
        number
    }

    fn names(&mut self, folder: usize) -> &mut BTreeMap<String, usize> {
        match &mut self.nodes[folder] {
            Node::Folder(names) => names,
            Node::File(_) => panic!("no folder"),
        }
    }

    fn is_folder(&self, number: usize) -> bool {
        matches!(self.nodes[number], Node::Folder(_))
    }

    fn find(&self, path: &[&str]) -> Result<Found, Errno> {
        let mut at = 0;
        let (last, folders) = path.split_last().expect("paths have names");
        for name in folders {
            let Node::Folder(names) = &self.nodes[at] else {
                return Err(Errno::ENOTDIR);
            };
            at = *names.get(*name).ok_or(Errno::ENOENT)?;
        }
        match &self.nodes[at] {
            Node::Folder(names) => Ok((at, (*last).into(), names.get(*last).copied())),
            Node::File(_) => Err(Errno::ENOTDIR),
        }
    }

    fn existing(&self, path: &[&str]) -> Result<usize, Errno> {
        self.find(path)?.2.ok_or(Errno::ENOENT)
    }

    fn is_within(&self, number: usize, ancestor: usize) -> bool {
        number == ancestor
            || match &self.nodes[ancestor] {
                Node::Folder(names) => names.values().any(|below| self.is_within(number, *below)),
                Node::File(_) => false,
            }
    }

    pub(super) fn links(&self, number: usize) -> u64 {
        match &self.nodes[number] {
            Node::Folder(names) => {
                2 + names
                    .values()
                    .filter(|below| self.is_folder(**below))
                    .count() as u64
            }
            Node::File(_) => {
                let folders = self.nodes.iter().enumerate();
                let reachable = folders.filter(|(folder, _)| self.is_within(*folder, 0));
                let names = reachable.filter_map(|(_, node)| match node {
                    Node::Folder(names) => Some(names),
                    Node::File(_) => None,
                });
                names
                    .flat_map(|names| names.values())
                    .filter(|it| **it == number)
                    .count() as u64
            }
        }
    }

    pub(super) fn file(&mut self, path: &[&str]) -> Result<&mut Vec<u8>, Errno> {
        let number = self.existing(path)?;
        match &mut self.nodes[number] {
            Node::File(bytes) => Ok(bytes),
            Node::Folder(_) => Err(Errno::EISDIR),
        }
    }

    pub(super) fn create(&mut self, path: &[&str]) -> Result<(), Errno> {
        match self.find(path)? {
            (_, _, Some(there)) if self.is_folder(there) => Err(Errno::EISDIR),
            (_, _, Some(_)) => Ok(()),
            (folder, name, None) => {
                self.put(folder, &name, Node::File(Vec::new()));
                Ok(())
            }
        }
    }

    pub(super) fn make_folder(&mut self, path: &[&str]) -> Result<(), Errno> {
        let (folder, name, there) = self.find(path)?;
        if there.is_some() {
            return Err(Errno::EEXIST);
        }
        self.put(folder, &name, Node::Folder(BTreeMap::new()));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &[&str], meant: Meant) -> Result<(), Errno> {
        let (folder, name, there) = self.find(path)?;
        let there = there.ok_or(Errno::ENOENT)?;
        match &self.nodes[there] {
            Node::Folder(_) if meant == Meant::File => return Err(Errno::EISDIR),
            Node::File(_) if meant == Meant::Folder => return Err(Errno::ENOTDIR),
            Node::Folder(names) if !names.is_empty() => return Err(Errno::ENOTEMPTY),
            _ => {}
        }
        self.names(folder).remove(&name);
        Ok(())
    }

    pub(super) fn link(&mut self, old: &[&str], new: &[&str]) -> Result<(), Errno> {
        let number = self.existing(old)?;
        let (folder, name, there) = self.find(new)?;
        if there.is_some() {
            return Err(Errno::EEXIST);
        }
        if self.is_folder(number) {
            return Err(Errno::EPERM);
        }
        self.names(folder).insert(name, number);
        Ok(())
    }

    pub(super) fn rename(&mut self, old: &[&str], new: &[&str], flags: u32) -> Result<(), Errno> {
        let exchanges = flags == linux::RENAME_EXCHANGE;
        let (old_folder, old_name, node) = self.find(old)?;
        let (new_folder, new_name, there) = self.find(new)?;
        let node = node.ok_or(Errno::ENOENT)?;
        if exchanges && there.is_none() {
            return Err(Errno::ENOENT);
        }
        if self.is_folder(node) && self.is_within(new_folder, node) {
            return Err(Errno::EINVAL);
        }
        if let Some(there) = there {
            if self.is_folder(there) && self.is_within(old_folder, there) {
                return Err(if exchanges {
                    Errno::EINVAL
                } else {
                    Errno::ENOTEMPTY
                });
            }
            if node == there {
                return Ok(());
            }
            if exchanges {
                self.names(old_folder).insert(old_name, there);
                self.names(new_folder).insert(new_name, node);
                return Ok(());
            }
            match (self.is_folder(node), &self.nodes[there]) {
                (false, Node::Folder(_)) => return Err(Errno::EISDIR),
                (true, Node::File(_)) => return Err(Errno::ENOTDIR),
                (true, Node::Folder(names)) if !names.is_empty() => return Err(Errno::ENOTEMPTY),
                _ => {}
            }
        }
        self.names(old_folder).remove(&old_name);
        self.names(new_folder).insert(new_name, node);
        Ok(())
    }
}
