//! What system calls cost in guest instructions, against Linux: Debian's cloud kernel on the same machine, the same program as its
//! init.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::programs::Program;
use super::{Figure, line};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::workspace::root;

/// The package that depends on the current kernel.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// What is measured: the program's name for it, and ours.
const COSTS: [(&str, &str); 7] = [
    ("getpid", "getpid"),
    ("clock_gettime", "clock_gettime"),
    ("page-fault", "page fault, anonymous memory"),
    ("mmap-munmap", "mmap and munmap"),
    ("open-read-close", "open, read 64 bytes, close"),
    ("read-1MB", "read 1 MB of a file in memory"),
    ("stat", "stat"),
];

/// Most instructions that a getpid may take, whatever Linux takes.
const MAX_GETPID: f64 = 150.0;

/// The program's last line.
const END: &[u8] = b"cost end 0";

/// Runs the program on both kernels, one instruction a tick.
pub(super) fn measure(folder: &Path, costs: &Program) -> Result<Vec<Figure>> {
    let kernel = fetch(&root().join("target/linux"))?;
    let ours = counted(&costs.line)?;
    let archive = folder.join("initramfs");
    let program = costs.image.with_extension("debug");
    let init = read(&program)?;
    std::fs::write(&archive, cpio(&[("init", 0o100_755, &init)]))
        .map_err(|error| Error::failed(format!("writing `{}`: {error}", archive.display())))?;
    let theirs = counted(&linux_line(&costs.line, &kernel, &archive)?)?;
    let mut figures = Vec::new();
    for (name, what) in COSTS {
        let (Some(our), Some(their)) = (ours.get(name), theirs.get(name)) else {
            return Err(Error::failed(format!("nobody measured `{name}`")));
        };
        figures.push(Figure {
            what,
            target: 1.0,
            unit: "x Linux",
            value: our / their,
            parts: format!("{our} instructions, Linux {their}"),
        });
        if name == "getpid" {
            figures.push(Figure {
                what: "instructions of a getpid",
                target: MAX_GETPID,
                unit: "",
                value: *our,
                parts: "user code of the loop with it".to_owned(),
            });
        }
    }
    Ok(figures)
}

/// What the program prints when this command boots it.
fn counted(command: &str) -> Result<BTreeMap<String, f64>> {
    let is_end = |bytes: &[u8]| bytes.windows(END.len()).any(|part| part == END);
    let (printed, _) = line::until(&format!("{command} -icount shift=0"), is_end)?;
    let text = String::from_utf8_lossy(&printed);
    let costs = text.lines().filter_map(|line| {
        let (name, count) = line.trim().strip_prefix("cost ")?.split_once(' ')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    Ok(costs.collect())
}

/// A shell command that boots Linux on the machine that `like` describes, its console on the shell's stdout.
fn linux_line(like: &str, kernel: &Path, archive: &Path) -> Result<String> {
    let machine = line::like(like, kernel)?;
    let archive = archive.display();
    Ok(format!(
        "{machine} -initrd {archive} -append 'console=ttyS0 quiet panic=-1'"
    ))
}

/// Debian's current cloud kernel, in `folder`; fetched when it is not there.
fn fetch(folder: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| Error::failed(format!("`{}`: {error}", folder.display()));
    let unpacked = folder.join("unpacked");
    if let Some(kernel) = kernel_in(&unpacked) {
        return Ok(kernel);
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    let depends = Call::new("apt-cache", ["depends", PACKAGE]).text()?;
    let image = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .ok_or_else(|| Error::failed(format!("apt knows no `{PACKAGE}`: is this Debian?")))?;
    Call::new("apt-get", ["download", image])
        .folder(folder)
        .run()?;
    let package = std::fs::read_dir(folder)
        .map_err(failed)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"));
    let package =
        package.ok_or_else(|| Error::failed(format!("apt-get downloaded no `{image}`")))?;
    Call::new("dpkg-deb", ["-x"])
        .arg(&package)
        .arg(&unpacked)
        .run()?;
    kernel_in(&unpacked).ok_or_else(|| Error::failed(format!("`{image}` has no kernel in it")))
}

fn kernel_in(unpacked: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(unpacked.join("boot")).ok()?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::failed(format!("`{}`: {error}", path.display())))
}

/// A cpio archive of format `newc` (Linux, `Documentation/driver-api/early-userspace/buffer-format.rst`).
fn cpio(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    let end = ("TRAILER!!!", 0, &b""[..]);
    for (number, (name, mode, bytes)) in files.iter().chain([&end]).enumerate() {
        let fields = [
            number + 1,
            *mode as usize,
            0,
            0,
            1,
            0,
            bytes.len(),
            0,
            0,
            0,
            0,
            name.len() + 1,
            0,
        ];
        archive.extend(b"070701");
        archive.extend(
            fields
                .iter()
                .flat_map(|field| format!("{field:08x}").into_bytes()),
        );
        archive.extend(name.bytes().chain([0]));
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend(*bytes);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
    archive
}

#[cfg(test)]
mod tests {
    use super::cpio;

    #[test]
    fn archive_has_header_name_and_content_aligned() {
        let archive = cpio(&[("init", 0o100_755, b"abcde")]);
        assert!(archive.starts_with(b"07070100000001000081ed"));
        assert_eq!(&archive[110..115], b"init\0");
        assert_eq!(&archive[116..121], b"abcde");
        assert_eq!(archive.len() % 4, 0);
        assert!(archive.windows(10).any(|part| part == b"TRAILER!!!"));
    }
}
