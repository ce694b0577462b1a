//! The smallest memory in which a program works, by bisection.

use std::path::Path;

use super::Figure;
use super::programs::{Program, Programs};
use crate::call::Call;
use crate::error::{Error, Result};

/// Where the search begins, in MiB; more than any hello may need.
const MUCH: u64 = 64;

/// Finds it for both hellos.
pub(super) fn measure(tool: &Path, programs: &Programs) -> Result<Vec<Figure>> {
    let figure = |what, target, program| {
        smallest(tool, program).map(|megabytes| Figure {
            what,
            target,
            unit: "MB",
            value: megabytes as f64,
            parts: format!("with {} MB it does not print its line", megabytes - 1),
        })
    };
    Ok(vec![
        figure(
            "smallest working memory, static PIE hello",
            8.0,
            &programs.hello_static,
        )?,
        figure(
            "smallest working memory, dynamic PIE hello",
            12.0,
            &programs.hello_dynamic,
        )?,
    ])
}

fn smallest(tool: &Path, program: &Program) -> Result<u64> {
    let (mut fails, mut works) = (0, MUCH);
    if !is_enough(tool, program, works)? {
        return Err(Error::failed(format!(
            "`{}` needs more than {MUCH} MB",
            program.image.display()
        )));
    }
    while works - fails > 1 {
        let middle = fails.midpoint(works);
        if is_enough(tool, program, middle)? {
            works = middle;
        } else {
            fails = middle;
        }
    }
    Ok(works)
}

fn is_enough(tool: &Path, program: &Program, megabytes: u64) -> Result<bool> {
    let args = [
        "unikernel",
        "run",
        "--quiet",
        "--accel",
        "tcg",
        "--timeout",
        "20",
        "--image",
    ];
    let call = Call::new(tool, args)
        .arg(&program.image)
        .args(&["--memory", &format!("{megabytes}M")]);
    let output = call.output()?;
    Ok(output.status.success() && output.stdout == b"HELLO\n")
}
