//! Views: files, links and folders whose contents are made from the kernel's own values when they are asked for.
//!
//! [`TABLE`] lists them; what is here finds a line of it, so that nothing has to be built at start. The folders in the root cover
//! what the archive has there, as mounting does.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::device::Device;
use super::node::{Mount, Node};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::view::TABLE;

/// A line of the table.
pub(crate) struct Line {
    /// Its name in its folder.
    pub(crate) name: &'static str,
    /// The file system that starts here, where one does.
    pub(crate) mount: Option<Mount>,
    /// Type and permissions (inode(7)).
    pub(crate) mode: u32,
    /// What is shown there.
    pub(crate) shows: Shows,
}

/// What a line shows.
#[derive(Clone, Copy)]
pub(crate) enum Shows {
    /// A folder of these lines.
    Folder(&'static [Line]),
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
    /// A link that leads to a node itself, whatever its path is.
    Magic(fn(&Kernel) -> &Rc<Node>),
    /// Such a link to what a descriptor has open.
    Descriptor(usize),
    /// A file about a descriptor.
    DescriptorFacts(usize),
}

/// A folder of views, and its number among all.
#[derive(Clone, Copy)]
pub(crate) enum Folder {
    /// These lines.
    Lines(u64, &'static [Line]),
    /// The descriptors, each as that view.
    Descriptors(u64, fn(usize) -> View),
}

/// Numbers of a folder's lines have so many bits more than the folder's own.
pub(crate) const LINE_BITS: u32 = 6;

impl Folder {
    /// What is in the root.
    pub(crate) const ROOT: Self = Self::Lines(0, TABLE);

    /// The line for `name` in the folder, and its number among all.
    pub(crate) fn child(&self, name: &[u8]) -> Option<(u64, &'static Line)> {
        let Self::Lines(folder, lines) = *self else {
            return None;
        };
        let place = lines.iter().position(|line| line.name.as_bytes() == name)?;
        Some((line_number(folder, place), lines.get(place)?))
    }

    /// The line of the folder at `place`, and its number among all.
    pub(crate) fn at(&self, place: u64) -> Option<(u64, &'static Line)> {
        let Self::Lines(folder, lines) = *self else {
            return None;
        };
        let place = usize::try_from(place).ok()?;
        Some((line_number(folder, place), lines.get(place)?))
    }
}

fn line_number(folder: u64, place: usize) -> u64 {
    folder << LINE_BITS | (place as u64).saturating_add(1)
}
