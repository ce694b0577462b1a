// Prints one line with its arguments.
//@ args: one "two three"
//@ forms: pie cdylib

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("Hello from Rust, {} arguments: {arguments:?}", arguments.len());
    eprintln!("and to stderr");
}
