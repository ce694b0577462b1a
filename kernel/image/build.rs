//! Tells the package that builds the kernel where this package's sources lie, and how to link the kernel file.

/// No C library, no start files, no relocations: `link.ld` says what lies where.
const LINK_ARGUMENTS: [&str; 8] = [
    "-nostdlib",
    "-nostartfiles",
    "-static",
    "-no-pie",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,-z,max-page-size=4096",
    "-Wl,-z,noexecstack",
];

fn main() {
    let folder = env!("CARGO_MANIFEST_DIR");
    println!("cargo::metadata=src={folder}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link.ld");
    if cfg!(feature = "freestanding") {
        for argument in LINK_ARGUMENTS {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{folder}/link.ld");
    }
}
