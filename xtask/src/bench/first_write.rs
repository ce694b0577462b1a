//! QEMU's start to the program's first byte on the host, against the reference.

use std::path::Path;
use std::time::Duration;

use super::programs::Programs;
use super::{Figure, line, reference, translated};
use crate::error::Result;

/// Odd, so that a median is one of them.
const ROUNDS: usize = 15;

/// Measures both hellos; the three kinds take turns, so that load of the machine hits all of them.
pub(super) fn measure(folder: &Path, programs: &Programs) -> Result<Vec<Figure>> {
    let bare = reference::build(folder, &programs.hello_static.line)?;
    let lines = [
        bare.as_str(),
        &programs.hello_static.line,
        &programs.hello_dynamic.line,
    ];
    let mut times: [Vec<Duration>; 3] = Default::default();
    for line in lines {
        line::until_bytes(line, 1)?; // into the host's page cache
    }
    for _ in 0..ROUNDS {
        for (line, times) in lines.iter().zip(&mut times) {
            times.push(line::until_bytes(line, 1)?.1);
        }
    }
    let [bare, hello_static, hello_dynamic] = times.map(|mut times| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1000.0
    });
    let figure = |what, target, time: f64, line: &str| {
        let blocks = translated::until_first_byte(folder, line)?;
        Ok(Figure {
            what,
            target,
            unit: "x",
            value: time / bare,
            parts: format!(
                "{time:.1} ms, the reference takes {bare:.1} ms (medians of {ROUNDS}); {blocks}"
            ),
        })
    };
    Ok(vec![
        figure(
            "start to first write, static PIE hello",
            2.0,
            hello_static,
            lines[1],
        )?,
        figure(
            "start to first write, dynamic PIE hello",
            3.0,
            hello_dynamic,
            lines[2],
        )?,
    ])
}
