//! All integration tests: one binary, so that the tool is built and started once.

#![expect(
    clippy::disallowed_methods,
    reason = "tests judge the tool from outside: its doors are not theirs"
)]

mod build_script;
mod commands;
mod docs;
mod examples;
mod guests;
mod images;
mod kernel_file;
mod layout;
mod memory;
mod osv;
mod out_of_memory;
mod packaging;
mod readme;
mod registry;
mod store;
mod templates;
mod tidy;
