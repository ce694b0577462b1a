//! Views: files, links and folders whose contents are made from the kernel's own values when they are asked for.
//!
//! [`crate::view::TABLE`] lists them; what is here finds a line of it by its path, so that nothing has to be built at start.
//! The folders in the root cover what the archive has there, as mounting does.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::device::Device;
use super::node::{Mount, Node};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::view::TABLE;

/// A line of the table.
pub(crate) struct Line {
    /// Where it is shown.
    pub(crate) path: &'static str,
    /// The file system that this is in.
    pub(crate) mount: Mount,
    /// Type and permissions (inode(7)).
    pub(crate) mode: u32,
    /// What is shown there.
    pub(crate) shows: Shows,
}

/// What a line shows.
#[derive(Clone, Copy)]
pub(crate) enum Shows {
    /// The lines whose paths are below its own.
    Folder,
    /// A directory of the program's own, where the archive has none.
    Empty,
    /// An entry for each descriptor.
    Descriptors(fn(usize) -> View),
    /// A symbolic link to a path.
    Link(&'static str),
    /// A device.
    Device(Device),
    /// A file or a link that is made when it is asked for.
    View(View),
}

/// A file or a link that is made when it is asked for.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// A file.
    Text(fn(&mut Kernel) -> Result<Vec<u8>, Errno>),
    /// A link that leads to a node itself, whatever its path is; `None` where there is none.
    Magic(fn(&Kernel) -> Option<Rc<Node>>),
    /// Such a link to what a descriptor has open.
    Descriptor(usize),
    /// A file about a descriptor.
    DescriptorFacts(usize),
}

/// A folder of views.
#[derive(Clone, Copy)]
pub(crate) enum Folder {
    /// The lines below a path, of which the first has at least that number.
    Lines { path: &'static str, first: usize },
    /// The descriptors, each as that view; with the number of its line.
    Descriptors(usize, fn(usize) -> View),
}

impl Folder {
    /// The folder of the lines that no other is below.
    pub(crate) const ROOT: Self = Self::Lines { path: "", first: 0 };

    /// The line for `name` in the folder, and its number.
    pub(crate) fn child(&self, name: &[u8]) -> Option<(usize, &'static Line)> {
        let Self::Lines { path, .. } = *self else {
            return None;
        };
        let mut path = Vec::from(path);
        path.push(b'/');
        path.extend_from_slice(name);
        let found = TABLE.binary_search_by(|line| line.path.as_bytes().cmp(&path));
        let number = found.ok()?;
        Some((number, TABLE.get(number)?))
    }

    /// The first line of the folder whose number is at least `place`, that, and its name there.
    pub(crate) fn at_or_behind(&self, place: u64) -> Option<(usize, &'static Line, &'static str)> {
        let Self::Lines { path, first } = *self else {
            return None;
        };
        let first = usize::try_from(place).ok()?.max(first);
        let lines = TABLE.iter().enumerate().skip(first);
        let mut below = lines.map_while(|(number, line)| {
            // Lines of a sibling such as `a-b` may stand between `a` and `a/c`.
            let rest = line.path.strip_prefix(path)?;
            Some((number, line, rest.strip_prefix('/').unwrap_or("/")))
        });
        below.find(|(_, _, name)| !name.contains('/'))
    }
}
