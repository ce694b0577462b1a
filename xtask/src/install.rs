//! Installs what a task needs and what is missing, where that is known to work: by apt, as root or with sudo.

use crate::call::{Call, is_installed};
use crate::error::{Error, Result};

/// A program that a task runs, and the package of Debian and Ubuntu that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed {
    program: &'static str,
    package: &'static str,
}

/// What boots an image, and what links a program.
pub(crate) const TO_BOOT: [Needed; 2] = [
    Needed {
        program: "qemu-system-x86_64",
        package: "qemu-system-x86",
    },
    COMPILER,
];

/// What the tests compare with, beyond that.
pub(crate) const TO_TEST: [Needed; 6] = [
    TO_BOOT[0],
    COMPILER,
    Needed {
        program: "musl-gcc",
        package: "musl-tools",
    },
    Needed {
        program: "clang",
        package: "clang",
    },
    Needed {
        program: "fsck.erofs",
        package: "erofs-utils",
    },
    Needed {
        program: "make",
        package: "make",
    },
];

/// What unpacks the sources of real programs.
pub(crate) const TO_TEST_FULL: [Needed; 1] = [Needed {
    program: "dpkg-source",
    package: "dpkg-dev",
}];

/// `cc` without the C library's headers is no compiler: the package of the headers comes with it.
const COMPILER: Needed = Needed {
    program: "gcc",
    package: "gcc",
};

/// The C library's headers, which `gcc` only recommends.
const HEADERS: (&str, &str) = ("/usr/include/stdio.h", "libc6-dev");

/// Installs the packages of what is not there. Each command is printed before it runs.
///
/// # Errors
/// Status 3 with the command to run, when it is not ours to run it; status 1 when it fails.
pub(crate) fn install(needed: &[Needed]) -> Result<()> {
    let mut packages: Vec<&str> = needed
        .iter()
        .filter(|needed| !is_installed(needed.program))
        .map(|needed| needed.package)
        .collect();
    if !std::path::Path::new(HEADERS.0).exists() {
        packages.push(HEADERS.1);
    }
    if packages.is_empty() {
        return Ok(());
    }
    let install = [&["install", "-y", "--no-install-recommends"], &packages[..]].concat();
    let Some(apt) = apt() else {
        return Err(Error::missing(format!(
            "these are missing: {}; on Debian or Ubuntu: apt-get {}",
            packages.join(" "),
            install.join(" ")
        )));
    };
    if !has_lists() || run(&apt, &install).is_err() {
        run(&apt, &["update"])?;
        run(&apt, &install)?;
    }
    match needed.iter().find(|needed| !is_installed(needed.program)) {
        None => Ok(()),
        Some(lacking) => Err(Error::missing(format!(
            "`{}` is still not in PATH after installing `{}`",
            lacking.program, lacking.package
        ))),
    }
}

/// The words that run apt-get with the rights to install, if that can be done without asking.
fn apt() -> Option<Vec<&'static str>> {
    if !is_installed("apt-get") {
        return None;
    }
    let answers = |call: Call| call.output().ok().filter(|output| output.status.success());
    let id = answers(Call::new("id", ["-u"]))?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(vec!["apt-get"]);
    }
    answers(Call::new("sudo", ["-n", "true"])).map(|_| vec!["sudo", "-n", "apt-get"])
}

fn has_lists() -> bool {
    std::fs::read_dir("/var/lib/apt/lists").is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.path().is_file() && entry.file_name() != "lock")
    })
}

fn run(apt: &[&str], args: &[&str]) -> Result<()> {
    let words = [apt, args].concat();
    println!("$ {}", words.join(" "));
    Call::new(words[0], &words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}
