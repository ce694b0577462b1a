//! Tests on real programs, which are fetched: `cargo xtask test --full`.

#![expect(
    clippy::disallowed_methods,
    reason = "tests judge the tool from outside: its doors are not theirs"
)]

mod debian;
mod lint;
