//! `docs/lints.md`: the rules of the lint, as the tool explains them.

use std::path::Path;

use crate::call::Call;
use crate::error::{Error, Result};

/// The page that this tool prints.
pub(super) fn page(tool: &Path) -> Result<String> {
    let bytes = Call::new(tool, ["unikernel", "explain", "lints"]).stdout_with_terminal()?;
    String::from_utf8(bytes).map_err(|error| Error::failed(format!("{}: {error}", tool.display())))
}
