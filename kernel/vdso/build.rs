//! Tells the package that builds the kernel where this package's sources lie.

fn main() {
    println!("cargo::metadata=src={}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed=build.rs");
}
