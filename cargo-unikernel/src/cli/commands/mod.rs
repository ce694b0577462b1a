//! The commands, one file each.

pub mod build;
pub mod completions;
pub mod doctor;
pub mod explain;
pub mod init;
pub mod inspect;
pub mod job;
pub mod kernel;
pub mod lint;
pub mod man;
pub mod new;
pub mod run;
pub mod template;
