//! How long an image of many and large files takes, against `cp` of the same bytes; and how long one that is there already.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Figure;
use crate::call::Call;
use crate::error::{Error, Result};

/// How often each is measured; the shortest counts.
const ROUNDS: usize = 5;
const N_FILES: usize = 1000;
const LARGE: usize = 100 << 20;

const MANIFEST: &str =
    "name = \"many\"\n[files]\n\"/data\" = \"data\"\n[build]\nsources = [\"many.c\"]\n";

/// Builds an image with 1,000 files and one of 100 MB, and copies the same files.
pub(super) fn measure(folder: &Path, tool: &Path) -> Result<Vec<Figure>> {
    let here = folder.join("many");
    let data = here.join("data");
    write(&here, &data).map_err(|error| Error::failed(format!("`{}`: {error}", here.display())))?;
    let build = || Call::new(tool, ["unikernel", "build", "--quiet", "--release"]).folder(&here);
    let image = build().text()?;
    let image = Path::new(image.trim_end());
    let again = shortest(|| Ok(()), || build().text().map(drop))?;
    let image_is_gone = || {
        std::fs::remove_file(image)
            .map_err(|error| Error::failed(format!("`{}`: {error}", image.display())))
    };
    let anew = shortest(image_is_gone, || build().text().map(drop))?;
    let copy = here.join("copy");
    let copy_is_gone = || {
        // The first time there is none.
        let _ = std::fs::remove_dir_all(&copy);
        Ok(())
    };
    let copied = shortest(copy_is_gone, || {
        Call::new("cp", ["-r"]).arg(&data).arg(&copy).run()
    })?;
    Ok(vec![
        Figure {
            what: "image with 1,000 files and one of 100 MB, against `cp -r` of them",
            target: 1.5,
            unit: "times",
            value: anew.as_secs_f64() / copied.as_secs_f64(),
            parts: format!("{anew:?} against {copied:?}"),
        },
        Figure {
            what: "the same image when nothing has changed",
            target: 50.0,
            unit: "ms",
            value: again.as_secs_f64() * 1000.0,
            parts: "all of the tool's time: no cargo takes part".to_owned(),
        },
    ])
}

fn write(here: &Path, data: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(data)?;
    std::fs::write(here.join("Unikernel.toml"), MANIFEST)?;
    std::fs::write(here.join("many.c"), "int main(void) { return 0; }\n")?;
    for index in 0..N_FILES {
        let text = format!("{index}\n").repeat(index % 500 + 1);
        std::fs::write(data.join(format!("file-{index:04}")), text)?;
    }
    // No two of its pages are alike, so that no file system shares them.
    let large: Vec<u8> = (0..LARGE / 8)
        .flat_map(|word| {
            (word as u64)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .to_le_bytes()
        })
        .collect();
    std::fs::write(data.join("large"), large)
}

/// The shortest time that `run` takes, each time after `prepare`.
pub(super) fn shortest(
    prepare: impl Fn() -> Result<()>,
    run: impl Fn() -> Result<()>,
) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        prepare()?;
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}
