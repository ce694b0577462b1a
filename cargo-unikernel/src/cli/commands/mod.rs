//! The commands, one file each.

pub mod build;
pub mod doctor;
pub mod job;
pub mod run;
