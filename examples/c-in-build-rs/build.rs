// `cargo build` leaves a bootable image; `cargo run` boots it.
fn main() {
    unikernel_build::Build::new()
        .file("src/hello.c")
        .include("include")
        .define("GREETED", "\"build.rs\"")
        .arg("friend")
        .env("GREETING", "Hello")
        .emit("hello");
}
