//! The command line: words in, stages called, words out.

pub mod commands;
pub mod shell;
