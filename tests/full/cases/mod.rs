//! The cases. How to add one: a file here with a `static CASE` and its check, a `mod` line and an entry in [`CASES`].
//!
//! A case is about one program, names all packages that it needs, and checks what is promised of that program.

mod busybox;
mod gawk;
mod jq;
mod lua;
mod mosquitto_debian;
mod mosquitto_make;
mod openssl;
mod perl;
mod python3;
mod sqlite3;
mod tar;
mod zstd;

use super::debian::Debian;

/// A test on a real program.
pub(crate) struct Case {
    /// Its name: its file's.
    pub(crate) name: &'static str,
    /// What it shows, in a line.
    pub(crate) about: &'static str,
    /// The Debian packages that make up its root, with all that they need: nothing else is looked up.
    pub(crate) packages: &'static [&'static str],
    /// The check; a panic is a failure.
    pub(crate) check: fn(&Debian),
}

/// All cases, by name.
pub(crate) static CASES: &[&Case] = &[
    &busybox::CASE,
    &gawk::CASE,
    &jq::CASE,
    &lua::CASE,
    &mosquitto_debian::CASE,
    &mosquitto_make::CASE,
    &openssl::CASE,
    &perl::CASE,
    &python3::CASE,
    &sqlite3::CASE,
    &tar::CASE,
    &zstd::CASE,
];
