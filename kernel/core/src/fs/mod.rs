//! Files: the archive in place, a writable overlay in memory, devices, and what a program has open.
//!
//! - [`erofs`] reads the archive; [`archive`] joins it with the machine's pages.
//! - [`node`] is a file, directory, link or device of the tree; [`contents`] the bytes of a file, [`space`] its holes, [`seals`]
//!   what may no longer be done to it, [`locks`] who locked it.
//! - [`tree`] has the names, [`directory`] those of one directory and [`names`] what it knows of them; [`make`] makes the nodes
//!   for what lies beneath, [`view`] finds what is made when it is asked for.
//! - [`path`] and [`walk`] go from a path to a node.
//! - [`open`] is an open file, [`descriptors`] the program's table of them, [`device`] what character devices are.

pub(crate) mod archive;
pub(crate) mod contents;
pub(crate) mod descriptors;
pub(crate) mod device;
pub(crate) mod directory;
pub(crate) mod erofs;
pub(crate) mod locks;
mod make;
mod names;
pub(crate) mod node;
pub(crate) mod open;
pub(crate) mod path;
pub(crate) mod seals;
pub(crate) mod space;
pub(crate) mod tree;
pub(crate) mod view;
pub(crate) mod walk;
