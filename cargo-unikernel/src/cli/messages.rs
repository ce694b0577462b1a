//! What programs read with `--message-format json`: cargo's own messages pass through, and each image adds two lines.
//!
//! The first is a `compiler-artifact` in cargo's form (the Cargo Book, "External tools"), of the program with the image as its
//! only file, so that what reads cargo's messages finds images without knowing us. The second is ours, `unikernel-image`.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Result;
use crate::fs;
use crate::pipeline::Made;

/// Cargo's messages about what it compiled, kept as they pass.
#[derive(Debug, Default)]
pub(super) struct Artifacts(RefCell<Vec<Value>>);

impl Artifacts {
    /// Keeps a line, if it is about an artefact.
    pub(super) fn keep(&self, line: &str) {
        if let Ok(message) = serde_json::from_str::<Value>(line)
            && message["reason"] == "compiler-artifact"
        {
            self.0.borrow_mut().push(message);
        }
    }

    /// The message about an image, as cargo would put it.
    #[must_use]
    pub(super) fn message(&self, made: &Made) -> Value {
        let path = json!(made.image.path);
        let program = json!(made.program);
        let artifacts = self.0.borrow();
        let of_program = artifacts.iter().find(|message| {
            let files = message["filenames"].as_array();
            message["executable"] == program || files.is_some_and(|all| all.contains(&program))
        });
        let mut message = of_program.cloned().unwrap_or_else(|| foreign(made));
        message["filenames"] = json!([path]);
        // It is nothing that the host could start.
        message["executable"] = Value::Null;
        message
    }
}

/// The message about a program that cargo did not compile: the fields that its readers insist on.
fn foreign(made: &Made) -> Value {
    let name = &made.manifest.name;
    let folder = made.program.parent().unwrap_or(&made.program).display();
    json!({
        "reason": "compiler-artifact",
        "package_id": format!("path+file://{folder}#{name}@0.0.0"),
        "manifest_path": "",
        "target": {
            "kind": ["bin"],
            "crate_types": ["bin"],
            "name": name,
            "src_path": made.program,
            "edition": "2024",
            "doc": false,
            "doctest": false,
            "test": false,
        },
        "profile": {
            "opt_level": "unknown",
            "debuginfo": null,
            "debug_assertions": false,
            "overflow_checks": false,
            "test": false,
        },
        "features": [],
        "fresh": false,
    })
}

/// Our own message about an image, `took` after the command began.
///
/// # Errors
/// When the image can't be read.
pub(super) fn image(made: &Made, took: Duration) -> Result<Value> {
    let image = &made.image;
    Ok(json!({
        "reason": "unikernel-image",
        "name": made.manifest.name,
        "path": image.path,
        "size": image.len,
        "sha256": fs::sha256(&image.path)?,
        "kernel": image.kernel.name,
        "format": image.format.name,
        "lint": { "findings": made.lint.findings, "waived": made.lint.waived },
        "seconds": took.as_secs_f64(),
    }))
}
