//! The commands: words in, stages called, words out.

pub mod run;
