//! The boot that shows whether KVM works: the image's own kernel with the [`self_test`] as its program.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use unikernel_abi::report::{self, Decoded, Report};

use super::super::{Machine, Settings, Wiring};
use super::{Engine, self_test};
use crate::assemble::{self, Image};
use crate::error::Result;
use crate::fs;
use crate::kernel::KernelFile;
use crate::launch::Launch;
use crate::network::Network;
use crate::progress::Progress;
use crate::root::{Mode, Node, RootPath, RootTree, Source};

/// How long the guest may take: emulated, it takes a few tenths of it.
const LIMIT: Duration = Duration::from_secs(2);

/// Where the self-test lies in its root tree.
const GUEST_PATH: &str = "/self-test";

/// Longest report that is read.
const MAX_REPORT: u64 = 1 << 20;

/// KVM if the self-test passes under it, on the VMM that `settings` ask for.
pub(super) fn engine(
    image: &Image,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Engine> {
    let folder = fs::scratch_folder()?;
    let guest = match pack(image, folder.path()) {
        Ok(guest) => guest,
        // Without a kernel that has a self-test nothing can be shown, and emulation always works.
        Err(error) => {
            progress.detail(&format!("KVM was not tried: {error}"));
            return Ok(Engine::Tcg);
        }
    };
    let (engine, answer) = match passes(&guest, settings, Engine::Kvm, LIMIT)? {
        true => (Engine::Kvm, "works"),
        false => (Engine::Tcg, "does not work"),
    };
    progress.detail(&format!(
        "KVM {answer} here: the kernel's self-test was booted to see"
    ));
    Ok(engine)
}

/// An image in `folder` with the kernel of `image` and the self-test.
fn pack(image: &Image, folder: &Path) -> Result<Image> {
    let kernel = KernelFile::for_self_test(image.kernel, &image.path)?;
    let path = RootPath::parse(GUEST_PATH)?;
    let mut root = RootTree::default();
    let node = Node::File {
        mode: Mode(0o755),
        source: Source::Bytes(self_test::elf()),
    };
    root.insert(path.clone(), node)?;
    let launch = Launch {
        program: path.clone(),
        name: path,
        args: Vec::new(),
        env: BTreeMap::new(),
        network: Network::Unsaid,
    };
    let out = folder.join("self-test.elf");
    let (guest, _) = assemble::write(&kernel, &root, &launch, None, &out)?;
    Ok(guest)
}

/// Whether the self-test ends as it should. Too late, refused or crashed: each means that it does not.
fn passes(guest: &Image, settings: &Settings, engine: Engine, limit: Duration) -> Result<bool> {
    let settings = Settings {
        vmm: settings.vmm.clone(),
        ..Settings::default()
    };
    let machine = Machine::new(guest, &settings, engine)?;
    let report = guest.path.with_extension("report");
    let invocation = machine.invocation(&Wiring::shell(&report, None));
    if invocation.run_captured(Some(limit)).is_err() {
        return Ok(false);
    }
    let frames = fs::read_at_most(&report, MAX_REPORT).unwrap_or_default();
    Ok(has_passed(&frames))
}

/// Whether these reports tell of a program that ended with status 0.
fn has_passed(mut frames: &[u8]) -> bool {
    while let Decoded::Report(report, used) = report::decode(frames) {
        if let Report::Exited { status } = report {
            return status == 0;
        }
        frames = frames.get(used..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn reports_must_end_with_status_0() {
        let exited = |status| testing::encoded(&Report::Exited { status });
        assert!(has_passed(&exited(0)));
        assert!(!has_passed(&exited(1)));
        assert!(!has_passed(&testing::encoded(&Report::Killed {
            signal: 11
        })));
        assert!(!has_passed(b""));
    }

    #[test]
    #[cfg(feature = "builtin")]
    fn self_test_passes_where_it_is_emulated() {
        use crate::kernel;
        let folder = tempfile::tempdir().unwrap();
        let kernel =
            KernelFile::open(kernel::find("builtin").unwrap(), &kernel::Origin::Usual).unwrap();
        let mut root = RootTree::default();
        let node = Node::File {
            mode: Mode(0o755),
            source: Source::Bytes(vec![0; 10_000].into()),
        };
        root.insert(RootPath::parse("/hello").unwrap(), node)
            .unwrap();
        let out = folder.path().join("image.elf");
        let (image, _) = assemble::write(&kernel, &root, &testing::launch(), None, &out).unwrap();
        let guest = pack(&image, folder.path()).unwrap();
        assert_eq!(guest.kernel_digest, image.kernel_digest);
        for vmm in ["qemu-microvm", "qemu-q35"] {
            let settings = Settings {
                vmm: Some(vmm.to_owned()),
                ..Settings::default()
            };
            let limit = Duration::from_secs(60);
            assert!(
                passes(&guest, &settings, Engine::Tcg, limit).unwrap(),
                "{vmm}"
            );
        }
    }

    #[test]
    fn kernel_that_does_nothing_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        // cli; hlt
        let (image, _) = testing::image(folder.path(), &[0xfa, 0xf4]);
        let guest = pack(&image, folder.path()).unwrap();
        let limit = Duration::from_millis(500);
        assert!(!passes(&guest, &Settings::default(), Engine::Tcg, limit).unwrap());
    }
}
