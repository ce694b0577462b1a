//! Whether KVM can be used: tried out, never presumed.
//!
//! `/dev/kvm` exists on hosts where an ordinary guest does not get anywhere. So the image's own kernel is booted under KVM with a
//! small program and a time limit, once per kernel, QEMU and boot of the host.

mod probe;
mod self_test;

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::str::FromStr;

use super::Settings;
use super::cache::Cache;
use super::qemu;
use crate::assemble::Image;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::{fs, tool};

/// The device through which QEMU uses KVM.
const DEVICE: &str = "/dev/kvm";

/// How the processor is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accel {
    /// By KVM if that works, else emulated.
    #[default]
    Auto,
    /// By KVM; an error if it does not work is QEMU's.
    Kvm,
    /// Emulated.
    Tcg,
}

impl FromStr for Accel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "kvm" => Ok(Self::Kvm),
            "tcg" => Ok(Self::Tcg),
            _ => Err(Error::input(format!("there is no accelerator `{text}`"))
                .hint("accelerators: `auto`, `kvm`, `tcg`")),
        }
    }
}

impl fmt::Display for Accel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        })
    }
}

/// What runs the processor of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The host's processor, through KVM.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Engine {
    /// QEMU's word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

/// What is to run the processor for `image`.
pub(super) fn engine(
    settings: &Settings,
    image: &Image,
    cache: &mut Cache,
    progress: &dyn Progress,
) -> Result<Engine> {
    match settings.accel {
        Accel::Kvm => Ok(Engine::Kvm),
        Accel::Tcg => Ok(Engine::Tcg),
        Accel::Auto if !fs::exists(Path::new(DEVICE)) => Ok(Engine::Tcg),
        Accel::Auto => {
            let name = fact_name(image)?;
            if let Some(answer) = cache.get(&name) {
                let is_kvm = answer == Engine::Kvm.word();
                return Ok(if is_kvm { Engine::Kvm } else { Engine::Tcg });
            }
            let engine = probe::engine(image, settings, progress)?;
            cache.put(&name, engine.word());
            Ok(engine)
        }
    }
}

/// Keeps for the next runs that KVM does not work for `image`, whatever the probe said.
pub(super) fn give_up_kvm(image: &Image, cache: &mut Cache) {
    if let Ok(name) = fact_name(image) {
        cache.put(&name, Engine::Tcg.word());
    }
}

/// What the answer depends on: kernel, and QEMU as file. Asking QEMU for its version would take longer than many a guest runs.
fn fact_name(image: &Image) -> Result<String> {
    let qemu = tool::find(qemu::TOOL)?;
    let metadata = fs::metadata(&qemu)?;
    Ok(format!(
        "engine kernel-{:016x} qemu-{}-{}-{}",
        image.kernel_digest,
        metadata.ino(),
        metadata.len(),
        metadata.mtime()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for accel in [Accel::Auto, Accel::Kvm, Accel::Tcg] {
            assert_eq!(accel.to_string().parse::<Accel>().unwrap(), accel);
        }
        assert!("hvf".parse::<Accel>().is_err());
    }
}
