//! Guest instructions that a system call and a call of the vDSO take.
//!
//! Under `-icount shift=0` QEMU's time stamp counter counts instructions, and the guest counts a thousand calls of each.

use super::programs::Programs;
use super::{Figure, line};
use crate::error::{Error, Result};

/// How many bytes the guest prints.
const PRINTED: usize = 20;

/// Counts them for the cheapest system call, and for a clock.
pub(super) fn measure(programs: &Programs) -> Result<[Figure; 2]> {
    let counted = format!("{} -icount shift=0", programs.calls.line);
    let (printed, _) = line::until_bytes(&counted, PRINTED)?;
    let text = String::from_utf8_lossy(&printed);
    let tenths: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [call, clock] = tenths[..] else {
        return Err(Error::failed(format!("the guest printed {text:?}")));
    };
    let figure = |what, target, tenths: f64| Figure {
        what,
        target,
        unit: "instructions",
        value: tenths / 10.0,
        parts: "the way into the kernel and back takes most of it".to_owned(),
    };
    Ok([
        figure("guest instructions for getpid", 150.0, call),
        figure("guest instructions for clock_gettime", 60.0, clock),
    ])
}
