//! What a kernel is given for a run: what it starts, and what the host knows.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::super::cache::Cache;
use super::super::{Settings, clock};
use super::{Console, Job, trace};
use crate::assemble::Image;
use crate::error::{Error, Result};
use crate::fs;
use crate::image::raw;
use crate::kernel::Handover;
use crate::launch::{HostFacts, Watch};
use crate::network::{Fixed, Network};
use crate::progress::Progress;

/// What the addresses of a guest are drawn from that a debugger looks at.
const DEBUGGED_LAYOUT: u64 = 1;

/// What is handed to the kernel for this run; `None` where a disk has it already.
pub(super) fn handover(
    job: &Job<'_>,
    console: &Console,
    cache: &mut Cache,
    progress: &dyn Progress,
) -> Result<Option<Handover>> {
    let image = job.image;
    let is_disk = image.format.name == raw::FORMAT.name;
    if is_disk && image.started.is_none() {
        if *job.launch != image.launch {
            return Err(Error::input(format!(
                "`{}` boots itself: its command line is on it, and arguments or variables for this run can't be given to it",
                image.path.display()
            ))
            .hint("name the kernel with --kernel-file, so that it is started directly; or build the image with them"));
        }
        return Ok(None);
    }
    let mut launch = job.launch.clone();
    if is_disk && launch.network == Network::Unsaid {
        // QEMU's own network has this address for the guest: nobody need ask for it.
        launch.network = Network::Fixed(user_network());
        progress.detail("the guest is told its address: 10.0.2.15");
    }
    let facts = host_facts(job.settings, console, cache);
    image.kernel.handover(&launch, Some(&facts)).map(Some)
}

/// A copy of a disk at `path` that boots itself, with these bytes at `at`.
pub(super) fn own_disk(image: &Image, at: u64, bytes: &[u8], path: PathBuf) -> Result<Image> {
    let mut old = fs::open(&image.path)?;
    fs::write_atomically(&path, |new| {
        let failed = |error| fs::failed("write", &path, &error);
        std::io::copy(&mut old, new).map_err(failed)?;
        new.seek(SeekFrom::Start(at)).map_err(failed)?;
        new.write_all(bytes).map_err(failed)
    })?;
    Ok(Image {
        path,
        started: None,
        ..image.clone()
    })
}

/// The address of the guest in QEMU's user network, its router and name server (QEMU, `-netdev user`).
fn user_network() -> Fixed {
    let address = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 2, last));
    Fixed {
        address: address(15),
        prefix: 24,
        gateway: Some(address(2)),
        dns: Some(address(3)),
    }
}

/// What the guest is told about its host.
fn host_facts(settings: &Settings, console: &Console, cache: &mut Cache) -> HostFacts {
    HostFacts {
        tsc_hz: Some(clock::tsc_hz(cache)),
        unix_time_ns: clock::unix_time_ns(),
        terminals: console.terminals(),
        // A debugger's breakpoints shall hold in the next run, too.
        layout_seed: settings
            .layout_seed
            .or(settings.gdb.map(|_| DEBUGGED_LAYOUT)),
        watch: Watch {
            traced: settings.is_traced.then(trace::captures),
            is_held: settings.gdb.is_some(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn disk_of_a_run_differs_from_the_images_only_in_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let (mut image, _) = testing::image(folder.path(), &[0xf4]);
        image.started = Some("/kernel".into());
        let path = folder.path().join("copy.raw");
        let copy = own_disk(&image, 0x200, b"line\0", path.clone()).unwrap();
        assert_eq!((&copy.path, copy.started), (&path, None));
        let mut expected = fs::read(&image.path).unwrap();
        expected[0x200..0x205].copy_from_slice(b"line\0");
        assert!(fs::read(&path).unwrap() == expected);
    }
}
