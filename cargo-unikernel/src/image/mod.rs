//! Images: what a machine boots.

mod plan;

pub use plan::{Content, Plan, Span};
