//! Sizes of files.

use std::path::Path;

use super::Figure;
use super::programs::Programs;
use crate::error::{Error, Result};

/// Looks at the kernel file and the static hello's image.
pub(super) fn measure(kernel: &Path, programs: &Programs) -> Result<Vec<Figure>> {
    let size = |path: &Path| {
        let facts = std::fs::metadata(path);
        facts
            .map(|facts| facts.len() as f64)
            .map_err(|error| Error::failed(format!("`{}`: {error}", path.display())))
    };
    let kernel = size(kernel)?;
    let image = size(&programs.hello_static.image)?;
    Ok(vec![
        Figure {
            what: "kernel file",
            target: 512.0,
            unit: "KB",
            value: kernel / 1024.0,
            parts: "see its sections with `readelf -S`".to_owned(),
        },
        Figure {
            what: "image of the static hello",
            target: 1.2,
            unit: "MB",
            value: image / f64::from(1 << 20),
            parts: format!("{kernel} bytes of it are the kernel"),
        },
    ])
}
