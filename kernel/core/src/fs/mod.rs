//! Files: the archive in place, a writable overlay in memory, devices, and what a program has open.
//!
//! - [`erofs`] reads the archive; [`archive`] joins it with the machine's pages.
//! - [`node`] is a file, directory, link or device of the tree, [`contents`] the bytes of a file, [`tree`] the names.
//! - [`path`] and [`walk`] go from a path to a node.
//! - [`open`] is an open file, [`descriptors`] the program's table of them, [`device`] what character devices do.
//! - [`populate`] makes `/dev`, `/proc` and `/tmp` at start.

pub(crate) mod archive;
pub(crate) mod contents;
pub(crate) mod descriptors;
pub(crate) mod device;
pub(crate) mod erofs;
pub(crate) mod node;
pub(crate) mod open;
pub(crate) mod path;
pub(crate) mod populate;
pub(crate) mod tree;
pub(crate) mod walk;
