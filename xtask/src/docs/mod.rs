//! `cargo xtask docs`: the pages that are made from what they describe.

use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::workspace::{self, root};

mod dependencies;
mod lints;
mod syscalls;

/// A page and its text as it should be.
struct Page {
    path: &'static str,
    text: String,
}

fn pages() -> Result<Vec<Page>> {
    let built = workspace::build(workspace::Profile::Dev)?;
    Ok(vec![
        Page {
            path: "docs/dependencies.md",
            text: dependencies::page()?,
        },
        Page {
            path: "docs/lints.md",
            text: lints::page(&built.tool)?,
        },
        Page {
            path: "docs/syscalls.md",
            text: syscalls::page(&built.kernel)?,
        },
    ])
}

/// Writes the pages.
///
/// # Errors
/// When one can't be made or written.
pub(crate) fn write() -> Result<()> {
    for page in pages()? {
        std::fs::write(root().join(page.path), &page.text)
            .map_err(|error| Error::failed(format!("writing `{}`: {error}", page.path)))?;
        println!("{}", page.path);
    }
    Ok(())
}

/// Compares the pages with those in the repository.
///
/// # Errors
/// When one is not as it should be.
pub(crate) fn check() -> Result<()> {
    let mut stale = String::new();
    for page in pages()? {
        let found = std::fs::read_to_string(root().join(page.path)).unwrap_or_default();
        if found != page.text {
            let _ = write!(stale, "`{}` is not up to date; ", page.path);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Error::failed(format!("{stale}run `cargo xtask docs`")))
}
