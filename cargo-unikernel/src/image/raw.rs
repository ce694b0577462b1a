//! `raw`: a disk, sector by sector. What lies where is the kernel's business; what cannot take a disk as it is wraps this one.

use super::{ImageFormat, Parts, Plan};
use crate::error::{Error, Result};

/// A disk as it is.
pub static FORMAT: ImageFormat = ImageFormat {
    name: "raw",
    about: "a disk, sector by sector: every VMM with a BIOS boots it",
    extension: "raw",
    plan,
};

fn plan(parts: &Parts) -> Result<Plan> {
    let disk = parts.disk.clone();
    disk.ok_or_else(|| Error::input("this kernel has no disk to boot from yet"))
}
