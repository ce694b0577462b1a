//! The kernel file that the tool's build script made.

use std::fs;
use std::path::PathBuf;

use crate::workspace;

/// The kernel file that is compiled into the tool.
///
/// # Panics
/// When the tool's build script names none.
#[must_use]
pub fn path() -> PathBuf {
    let messages = workspace::build_tool();
    let variables = messages
        .iter()
        .filter(|message| {
            message["reason"] == "build-script-executed"
                && message["package_id"]
                    .as_str()
                    .is_some_and(|id| id.contains("cargo-unikernel"))
        })
        .filter_map(|message| message["env"].as_array())
        .flatten();
    let mut named = variables.filter(|pair| pair[0] == "UNIKERNEL_BUILTIN_KERNEL");
    let path = named.find_map(|pair| pair[1].as_str().map(PathBuf::from));
    path.filter(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF")))
        .expect("the tool's build script names the kernel file in an environment variable")
}

/// Its bytes.
///
/// # Panics
/// When it can't be read.
#[must_use]
pub fn read() -> Vec<u8> {
    fs::read(path()).expect("just built")
}
