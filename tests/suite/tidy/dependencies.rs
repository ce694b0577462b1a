//! Arrows point down only.

use tests::workspace;

use super::source::{code, has_word, without_tests};

/// Crates of the kernel that no host crate may name in code; the tool depends on them as carriers of sources only.
const KERNEL: [&str; 3] = ["unikernel_core", "unikernel_machine", "unikernel_kernel"];

#[test]
fn no_host_crate_names_a_kernel_crate() {
    for path in workspace::rust_files() {
        if path.starts_with("kernel/") {
            continue;
        }
        let text = code(&workspace::read(&path));
        for name in KERNEL {
            assert!(!has_word(&text, name), "{path} names `{name}`");
        }
    }
}

#[test]
fn the_machine_does_not_know_the_core() {
    for path in workspace::rust_files() {
        let text = code(&workspace::read(&path));
        let above: &[&str] = if path.starts_with("kernel/abi/") {
            &KERNEL
        } else if path.starts_with("kernel/machine/") {
            &["unikernel_core", "unikernel_kernel"]
        } else if path.starts_with("kernel/core/") {
            &["unikernel_kernel"]
        } else {
            continue;
        };
        for name in above {
            assert!(!has_word(&text, name), "{path} names `{name}`");
        }
    }
}

#[test]
fn no_stage_names_the_manifest() {
    let above = ["manifest", "cli", "pipeline", "capstan"];
    for path in workspace::rust_files() {
        let Some(inside) = path.strip_prefix("cargo-unikernel/src/") else {
            continue;
        };
        let module = inside.split(['/', '.']).next().unwrap_or(inside);
        if [&above[..], &["main", "lib"]].concat().contains(&module) {
            continue;
        }
        let text = code(&workspace::read(&path));
        for name in above {
            let named = has_word(without_tests(&text), &format!("crate::{name}"));
            assert!(!named, "{path} names `crate::{name}`");
        }
    }
}
