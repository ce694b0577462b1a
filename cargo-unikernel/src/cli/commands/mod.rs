//! The commands, one file each.

pub mod build;
pub mod doctor;
pub mod init;
pub mod job;
pub mod new;
pub mod run;
pub mod template;
