//! Builds the kernel that the tool carries: a cargo of its own, for a target of its own, in a target folder of its own.
//!
//! The kernel's packages are ordinary dependencies without features; what counts is where their sources lie, which each of them
//! tells by its `links` key (`DEP_*_SRC`). The kernel file is the same whatever the tool's own profile and flags are, so all
//! builds in a target folder share one. The result is `UNIKERNEL_BUILTIN_KERNEL`, the path of the kernel file.
//!
//! `UNIKERNEL_KERNEL_FILE` names a ready kernel file to carry instead.
//!
//! It also compiles what the tool puts into images for OSv, from `guest/osv`: `UNIKERNEL_OSV_SHIM`, a shared object, and
//! `UNIKERNEL_OSV_BOOT`, a boot sector.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script is not part of the tool, whose doors are"
)]

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

type Result<T> = std::result::Result<T, String>;

/// The stable toolchain's own target, used as a freestanding one.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The kernel's packages and the variables that tell where they lie. The first is the one that is built.
const PACKAGES: [(&str, &str); 5] = [
    ("unikernel-kernel", "DEP_UNIKERNEL_KERNEL_SRC"),
    ("unikernel-abi", "DEP_UNIKERNEL_ABI_SRC"),
    ("unikernel-machine", "DEP_UNIKERNEL_MACHINE_SRC"),
    ("unikernel-core", "DEP_UNIKERNEL_CORE_SRC"),
    ("unikernel-vdso", "DEP_UNIKERNEL_VDSO_SRC"),
];

/// Fixed addresses in the upper 2 GiB; nothing below the stack pointer is kept; no unwinding; of the variants of ChaCha20 the one
/// that uses no register that the kernel does not save.
const CODE_FLAGS: [&str; 6] = [
    "-Crelocation-model=static",
    "-Ccode-model=kernel",
    "-Cno-redzone=y",
    "-Cpanic=abort",
    "-Cforce-unwind-tables=no",
    "--cfg=chacha20_backend=\"soft\"",
];

/// What would make the kernel depend on how the tool is built.
const SCRUBBED: [&str; 12] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_LINKER",
    "TARGET",
    "HOST",
    "PROFILE",
    "OPT_LEVEL",
    "DEBUG",
    "NUM_JOBS",
];
const SCRUBBED_PREFIXES: [&str; 8] = [
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_PROFILE_",
    "CARGO_BUILD_",
    "CARGO_TARGET_",
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "DEP_",
];

/// The kernel's profile; it is not in a manifest, because a package's manifest has none.
const PROFILE: [&str; 9] = [
    "panic=\"abort\"",
    "opt-level=\"s\"",
    "lto=\"fat\"",
    "codegen-units=1",
    "overflow-checks=true",
    "debug=false",
    "debug-assertions=false",
    "incremental=false",
    "strip=\"symbols\"",
];

fn main() -> std::process::ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=UNIKERNEL_KERNEL_FILE");
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    println!("cargo::rerun-if-env-changed=UNIKERNEL_GUEST_CC");
    println!("cargo::rerun-if-changed=guest/osv");
    if let Err(error) = guest_objects() {
        println!(
            "cargo::error={error}; it takes a C compiler for x86-64, which UNIKERNEL_GUEST_CC may name"
        );
        return std::process::ExitCode::FAILURE;
    }
    if env::var_os("CARGO_FEATURE_BUILTIN").is_none() {
        return std::process::ExitCode::SUCCESS;
    }
    match kernel() {
        Ok(file) => {
            println!(
                "cargo::rustc-env=UNIKERNEL_BUILTIN_KERNEL={}",
                file.display()
            );
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            println!(
                "cargo::error={error}; `--no-default-features` builds the tool without its kernel, \
                 and UNIKERNEL_KERNEL_FILE=FILE makes it carry a ready one"
            );
            std::process::ExitCode::FAILURE
        }
    }
}

/// A library without any other, and without anything of the machine that it is compiled on.
const SHIM_FLAGS: [&str; 16] = [
    "-shared",
    "-fPIC",
    "-O2",
    "-nostdlib",
    "-ffreestanding",
    "-fno-builtin",
    "-fno-ident",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fcf-protection=none",
    "-mno-red-zone",
    "-Wl,-soname,libunikernel-osv.so",
    "-Wl,--build-id=none",
    "-Wl,-z,noexecstack",
    "-Wl,-z,noseparate-code",
    "-Wl,-s",
];

/// The bytes of one sector, at the address that the BIOS puts it to.
const BOOT_FLAGS: [&str; 5] = [
    "-nostdlib",
    "-static",
    "-Wl,--build-id=none",
    "-Wl,-Ttext=0x7c00",
    "-Wl,--oformat=binary",
];

/// Compiles what images for OSv hold of ours.
fn guest_objects() -> Result<()> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let is_docs = env::var_os("DOCS_RS").is_some();
    for (name, source, flags) in [
        ("UNIKERNEL_OSV_SHIM", "shim.c", &SHIM_FLAGS[..]),
        ("UNIKERNEL_OSV_BOOT", "boot.S", &BOOT_FLAGS[..]),
    ] {
        let object = out.join(format!("osv-{source}.bin"));
        println!("cargo::rustc-env={name}={}", object.display());
        if is_docs {
            write(&object, &[])?;
            continue;
        }
        let compiler = env::var_os("UNIKERNEL_GUEST_CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(&compiler)
            .args(flags)
            .arg("-o")
            .arg(&object)
            .arg(Path::new("guest/osv").join(source))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("cannot start {compiler:?}: {error}"))?;
        if !status.success() {
            return Err(format!(
                "guest/osv/{source} was not compiled: {compiler:?} says why above"
            ));
        }
    }
    Ok(())
}

/// The kernel file: a ready one, an empty one where only documentation is made, or one that is built now.
fn kernel() -> Result<PathBuf> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    if let Some(ready) = env::var_os("UNIKERNEL_KERNEL_FILE").filter(|file| !file.is_empty()) {
        let file = fs::canonicalize(&ready)
            .map_err(|error| format!("cannot find the kernel file {ready:?}: {error}"))?;
        println!("cargo::rerun-if-changed={}", file.display());
        return Ok(file);
    }
    let file = out.join("unikernel-kernel");
    if env::var_os("DOCS_RS").is_some() {
        write(&file, &[])?;
        return Ok(file);
    }
    let sources = sources()?;
    watch(&sources);
    let built = build(&sources, &target_folder(&out))?;
    // A copy: the shared target folder may be cleaned while this build's results are kept.
    write(&file, &read(&built)?)?;
    Ok(file)
}

/// The folder of each of [`PACKAGES`], in that order.
fn sources() -> Result<Vec<PathBuf>> {
    PACKAGES
        .iter()
        .map(|(_, name)| variable(name).map(PathBuf::from))
        .collect()
}

/// Has cargo run this again when one of the kernel's files changed.
fn watch(sources: &[PathBuf]) {
    let lock = workspace_of(&sources[0]).map(|workspace| workspace.join("Cargo.lock"));
    let inside = |source: &PathBuf| {
        let names = ["src", "Cargo.toml", "build.rs", "link.ld"];
        names.map(|name| source.join(name))
    };
    for file in sources
        .iter()
        .flat_map(inside)
        .chain(lock)
        .filter(|file| file.exists())
    {
        println!("cargo::rerun-if-changed={}", file.display());
    }
}

/// Where the kernel is built: beside the folders of the profiles, so that they share it.
fn target_folder(out: &Path) -> PathBuf {
    let profiles = out
        .ancestors()
        .find(|folder| folder.file_name() == Some(OsStr::new("build")))
        .and_then(|folder| folder.parent()?.parent());
    profiles.unwrap_or(out).join("unikernel-kernel")
}

/// The workspace that a package's folder is in; none when it came out of a registry, which writes `Cargo.toml.orig`.
fn workspace_of(package: &Path) -> Option<PathBuf> {
    if package.join("Cargo.toml.orig").exists() {
        return None;
    }
    let is_workspace = |folder: &&Path| {
        fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]"))
    };
    package
        .ancestors()
        .find(is_workspace)
        .map(Path::to_path_buf)
}

/// Builds the kernel, and returns its file.
fn build(sources: &[PathBuf], target: &Path) -> Result<PathBuf> {
    let attempt = |package: &Path, root: &Path, arguments: &[String]| {
        let status = command(package, root, target).and_then(|mut command| {
            let status = command.args(arguments).status();
            status.map_err(|error| format!("cannot start cargo: {error}"))
        })?;
        Ok::<bool, String>(status.success())
    };
    let is_built = match workspace_of(&sources[0]) {
        // The workspace's lock file says all; nothing is looked up.
        Some(workspace) => attempt(&sources[0], &workspace, &["--locked".to_owned()])?,
        // Packages from a registry name each other by version; here they lie side by side.
        None => {
            let package = unpack(&sources[0], &target.join("package"))?;
            let parent = sources[0].parent().unwrap_or(&sources[0]);
            let mut patches = Vec::new();
            for ((name, _), source) in PACKAGES.iter().zip(sources).skip(1) {
                patches.push("--config".to_owned());
                patches.push(format!(
                    "patch.crates-io.{name}.path={:?}",
                    source.display().to_string()
                ));
            }
            let mut offline = patches.clone();
            offline.push("--offline".to_owned());
            attempt(&package, parent, &offline)? || attempt(&package, parent, &patches)?
        }
    };
    if !is_built {
        return Err(format!(
            "the kernel was not built: cargo says why above (it needs the target `{TARGET}` and a linker for it)"
        ));
    }
    Ok(target.join(TARGET).join("release/unikernel-kernel"))
}

/// The nested cargo, with nothing of the outer one's but its toolchain, jobs and home.
fn command(package: &Path, root: &Path, target: &Path) -> Result<Command> {
    let mut command = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if SCRUBBED.contains(&&*text)
            || SCRUBBED_PREFIXES
                .iter()
                .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    let mut flags: Vec<OsString> = CODE_FLAGS.iter().map(OsString::from).collect();
    flags.push(remap(package, "/kernel/image"));
    flags.push(remap(root, "/kernel"));
    if let Some(home) = cargo_home() {
        flags.push(remap(&home, "/cargo"));
        // A registry's folder is named for where it is; of several flags that fit, the last one counts.
        for registry in fs::read_dir(home.join("registry/src"))
            .into_iter()
            .flatten()
            .flatten()
        {
            flags.push(remap(&registry.path(), "/cargo"));
        }
    }
    command
        .args([
            "build",
            "--quiet",
            "--release",
            "--features",
            "freestanding",
            "--target",
            TARGET,
        ])
        .arg("--manifest-path")
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        // A wrapper or linker of the user's own configuration is for the user's own programs.
        .args(["--config", "build.rustc-wrapper=\"\""])
        .arg("--config")
        .arg(format!("target.{TARGET}.linker=\"cc\""))
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\x1f")))
        .current_dir(package)
        .stdin(Stdio::null())
        // What is printed there would be read as this script's own words.
        .stdout(Stdio::null());
    for setting in PROFILE {
        command.args(["--config", &format!("profile.release.{setting}")]);
    }
    Ok(command)
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

fn cargo_home() -> Option<PathBuf> {
    let named = env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

/// Copies the package that is built to where its lock file may be written, as a workspace of its own.
fn unpack(package: &Path, to: &Path) -> Result<PathBuf> {
    for name in [
        "src/main.rs",
        "src/lib.rs",
        "build.rs",
        "link.ld",
        "Cargo.lock",
    ] {
        write(&to.join(name), &read(&package.join(name))?)?;
    }
    let mut manifest = read(&package.join("Cargo.toml"))?;
    manifest.extend_from_slice(b"\n[workspace]\n");
    write(&to.join("Cargo.toml"), &manifest)?;
    Ok(to.to_path_buf())
}

fn variable(name: &str) -> Result<OsString> {
    env::var_os(name)
        .ok_or_else(|| format!("the variable {name} is not set: run this through cargo"))
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Writes a file, unless it is that already: cargo goes by times.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, bytes))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}
