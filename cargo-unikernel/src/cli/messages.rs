//! What programs read with `--message-format json`: cargo's own messages pass through, and each image adds two lines.
//!
//! The first is a `compiler-artifact` in cargo's form (the Cargo Book, "External tools"), of the program with the image as its
//! only file, so that what reads cargo's messages finds images without knowing us. The second is ours, `unikernel-image`.
//! `docs/messages.md` describes both for readers; the tests hold real messages against it.

use std::cell::RefCell;
use std::path::Path;
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
        let message = of_program.cloned();
        let mut message = message.unwrap_or_else(|| foreign(&made.manifest.name, &made.program));
        message["filenames"] = json!([path]);
        // It is nothing that the host could start.
        message["executable"] = Value::Null;
        message
    }
}

/// The message about a program that cargo did not compile: the fields that its readers insist on. What is not known is said to be
/// unknown, and what there is not (a `Cargo.toml`, an edition) is left out.
fn foreign(name: &str, program: &Path) -> Value {
    let folder = program.parent().unwrap_or(program).display();
    json!({
        "reason": "compiler-artifact",
        "package_id": format!("path+file://{folder}#{name}@0.0.0"),
        "target": {
            "kind": ["bin"],
            "crate_types": ["bin"],
            "name": name,
            "src_path": program,
            "doc": false,
            "doctest": false,
            "test": false,
        },
        "profile": {
            "opt_level": "unknown",
            "debuginfo": "unknown",
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

#[cfg(test)]
mod tests {
    use cargo_metadata::{ArtifactDebuginfo, Edition, Message};

    use super::*;

    #[test]
    fn readers_of_cargos_messages_take_one_about_a_foreign_program() {
        let mut message = foreign("broker", Path::new("/src/broker"));
        message["filenames"] = json!(["/src/target/broker.elf"]);
        message["executable"] = Value::Null;
        let Ok(Message::CompilerArtifact(read)) = serde_json::from_value(message) else {
            panic!("no message of cargo's");
        };
        assert_eq!(read.target.name, "broker");
        assert_eq!(read.filenames, ["/src/target/broker.elf"]);
        assert_eq!(read.manifest_path, "");
        let debuginfo = ArtifactDebuginfo::UnknownString("unknown".to_owned());
        assert_eq!(read.profile.debuginfo, debuginfo);
        assert_eq!(read.target.edition, Edition::default());
    }
}
