//! The commands, one file each.

pub mod build;
pub mod doctor;
pub mod explain;
pub mod kernel;
pub mod lint;
pub mod run;
